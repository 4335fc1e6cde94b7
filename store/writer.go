package store

import (
	"os"
	"time"

	"hotline"
)

// writer is the one goroutine that writes segments. Close ends it.
func (j *Journal) writer() {
	defer close(j.done)
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	for {
		select {
		case r := <-j.requests:
			j.commit(j.gather(r))
		case <-retry.C:
			if j.keeping() {
				j.commit(nil)
			}
		case <-j.stop:
			j.commit(j.gather())
			return
		}
	}
}

// gather takes what else waits, so that all of it shares one fsync.
func (j *Journal) gather(batch ...request) []request {
	for len(batch) < commitAtMost {
		select {
		case r := <-j.requests:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

func (j *Journal) keeping() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.kept) > 0
}

// commit writes what an earlier commit could not, and then the batch.
func (j *Journal) commit(batch []request) {
	j.mu.Lock()
	kept := j.kept
	j.mu.Unlock()
	var lines []byte
	for _, k := range kept {
		lines = append(lines, k.line...)
	}
	for _, r := range batch {
		lines = append(lines, r.line...)
	}
	if len(lines) == 0 {
		return
	}
	if err := j.write(lines); err != nil {
		j.keep(batch, err)
		return
	}
	j.mu.Lock()
	j.filed += len(kept) + len(batch)
	j.kept = remove(j.kept, kept)
	j.mu.Unlock()
	if len(kept) > 0 {
		j.report(hotline.Errorf(hotline.Unavailable, "the journal's disk takes outcomes again: %d that were in memory are written", len(kept)))
	}
	for _, r := range batch {
		r.done <- nil
	}
	j.nudge()
}

// keep holds a batch in memory that the disk did not take.
func (j *Journal) keep(batch []request, cause error) {
	j.mu.Lock()
	first := len(j.kept) == 0
	for _, r := range batch {
		if len(j.kept) < keptAtMost {
			j.kept = append(remove(j.kept, []keptOutcome{r.keptOutcome}), r.keptOutcome)
		}
	}
	j.mu.Unlock()
	err := hotline.Errorf(hotline.Unavailable, "the journal %s cannot be written; outcomes are kept in memory until it can: %w", j.dir, cause)
	if first {
		j.report(err)
	}
	for _, r := range batch {
		r.done <- err
	}
	j.nudge()
}

// remove gives a new list without the calls of gone; the old one may be read
// by others.
func remove(list, gone []keptOutcome) []keptOutcome {
	calls := make(map[hotline.CallID]bool, len(gone))
	for _, g := range gone {
		calls[g.outcome.Call] = true
	}
	rest := make([]keptOutcome, 0, len(list))
	for _, k := range list {
		if !calls[k.outcome.Call] {
			rest = append(rest, k)
		}
	}
	return rest
}

// write puts lines behind the active segment and makes them safe. After a
// failed write the segment is cut back to its safe bytes; after a failed fsync
// nobody knows what the disk has, so a new segment begins.
func (j *Journal) write(lines []byte) error {
	if err := j.begin(); err != nil {
		return err
	}
	if _, err := j.file.Write(lines); err != nil {
		if cut := j.file.Truncate(j.good); cut != nil {
			j.finish(cut)
		}
		return err
	}
	if err := j.file.Sync(); err != nil {
		j.finish(j.file.Truncate(j.good))
		return err
	}
	j.mu.Lock()
	j.good += int64(len(lines))
	full := j.good >= segmentSize
	j.mu.Unlock()
	if full {
		j.finish(nil)
	}
	return nil
}

// begin opens a new segment when none is active. It is called active before it
// exists, so that the drain never takes it for a finished one; the folder is
// synced, or the file's name could be lost with the power.
func (j *Journal) begin() error {
	if j.file != nil {
		return nil
	}
	j.mu.Lock()
	n := j.next
	j.active, j.good, j.next = n, 0, n+1
	j.mu.Unlock()
	f, err := os.OpenFile(segmentPath(j.dir, n), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err == nil {
		j.file = f
		err = syncDir(j.dir)
	}
	if err != nil && j.file != nil {
		j.finish(nil)
	}
	return err
}

// finish ends the active segment; the drain deletes it when SQL has all of it.
// A tail that could not be cut (why says so) is passed over when it is read.
func (j *Journal) finish(why error) {
	if why != nil {
		j.report(hotline.Errorf(hotline.Unavailable, "the journal's segment %s could not be cut after a failed write: %w", j.file.Name(), why))
	}
	if err := j.file.Close(); err != nil {
		j.report(hotline.Errorf(hotline.Unavailable, "the journal's segment could not be closed: %w", err))
	}
	if j.good == 0 {
		_ = os.Remove(j.file.Name()) // nothing in it; one that stays is deleted by the drain
	}
	j.file = nil
	j.mu.Lock()
	j.active, j.good = 0, 0
	j.mu.Unlock()
	j.nudge()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close() // only read from
	return d.Sync()
}
