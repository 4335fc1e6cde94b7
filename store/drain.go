package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"hotline"
)

const (
	drainWait  = 200 * time.Millisecond // a lone outcome waits this long for company
	drainEvery = time.Second            // a transaction, whose fsync costs most, this often at most
	drainBatch = 100                    // outcomes in one transaction
	drainSlow  = 3 * time.Second        // the longest pause while SQL is away
)

// Sink writes outcomes where they stay, all or none, and may be given the same
// one twice; Store.WriteOutcomes is one. An error of kind Invalid or Conflict
// means that trying again is of no use.
type Sink func(ctx context.Context, outcomes []hotline.Outcome) error

// Drain carries outcomes to the sink until ctx ends: a lone one after a fifth
// of a second, else those of a second in one transaction. While the sink is
// away it tries again after 0.2 s, 0.4 s … 3 s. The caller owns the goroutine
// it runs in.
func (j *Journal) Drain(ctx context.Context, sink Sink) {
	pause := drainWait
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-j.wake:
		}
		if !sleep(ctx, max(pause, drainEvery-time.Since(last))) {
			return
		}
		err := j.DrainNow(ctx, sink)
		last = time.Now()
		if err == nil {
			pause = drainWait
			continue
		}
		if ctx.Err() != nil {
			return
		}
		if pause == drainWait {
			j.report(fmt.Errorf("%d finished calls wait in the journal: %w", j.Backlog(), err))
		}
		pause = min(2*pause, drainSlow)
		j.nudge()
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// DrainNow carries everything that is there to the sink and returns: at start
// before serving, and at the end. Errors: the sink's, or Unavailable when the
// journal cannot be read.
func (j *Journal) DrainNow(ctx context.Context, sink Sink) error {
	j.draining.Lock()
	defer j.draining.Unlock()
	if err := j.rescue(ctx, sink); err != nil {
		return err
	}
	for {
		batch, to, err := j.read()
		if err != nil {
			return hotline.Errorf(hotline.Unavailable, "the journal %s cannot be read: %w", j.dir, err)
		}
		if err := j.deliver(ctx, sink, batch); err != nil {
			return err
		}
		if to == j.at {
			return nil
		}
		if err := j.advance(to, len(batch)); err != nil {
			return err
		}
		if limit, finished := j.safe(to.segment); !finished && limit == to.offset {
			return nil
		}
	}
}

// rescue carries what the disk did not take straight to the sink.
func (j *Journal) rescue(ctx context.Context, sink Sink) error {
	j.mu.Lock()
	kept := j.kept[:min(len(j.kept), drainBatch)]
	j.mu.Unlock()
	for len(kept) > 0 {
		batch := make([]hotline.Outcome, len(kept))
		for i, k := range kept {
			batch[i] = k.outcome
		}
		if err := j.deliver(ctx, sink, batch); err != nil {
			return err
		}
		j.mu.Lock()
		j.kept = remove(j.kept, kept)
		kept = j.kept[:min(len(j.kept), drainBatch)]
		j.mu.Unlock()
	}
	return nil
}

// deliver gives a batch to the sink; if one outcome spoils it, each alone.
func (j *Journal) deliver(ctx context.Context, sink Sink, batch []hotline.Outcome) error {
	if len(batch) == 0 {
		return nil
	}
	err := sink(ctx, batch)
	if !hopeless(err) {
		return err
	}
	for _, o := range batch {
		if err := j.deliverOne(ctx, sink, o); err != nil {
			return err
		}
	}
	return nil
}

// deliverOne makes sure that the call gets its ticket: with a new number if
// another call has the one that was told, and else by hand, from the file of
// the refused ones.
func (j *Journal) deliverOne(ctx context.Context, sink Sink, o hotline.Outcome) error {
	err := sink(ctx, []hotline.Outcome{o})
	if hotline.KindOf(err) == hotline.Conflict && o.Ticket != "" {
		renamed := o
		renamed.Note = fmt.Sprintf("%s [number %s was told but belongs to another call]", o.Note, o.Ticket)
		renamed.Ticket, renamed.QueryCode = "", ""
		j.report(fmt.Errorf("call %s gets a new ticket number, %s belongs to another call: %w", o.Call, o.Ticket, err))
		err = sink(ctx, []hotline.Outcome{renamed})
	}
	if !hopeless(err) {
		return err
	}
	j.report(fmt.Errorf("call %s is put into %s, the database refuses it: %w", o.Call, refusedFile, err))
	line, encodeErr := encodeLine(o)
	return errors.Join(encodeErr, j.putAside(refusedFile, line))
}

func hopeless(err error) bool {
	k := hotline.KindOf(err)
	return k == hotline.Invalid || k == hotline.Conflict
}

// Files beside the segments for what a person has to look at.
const (
	refusedFile = "refused.txt" // lines that the database refuses
	damagedFile = "damaged.txt" // lines whose checksum is wrong
)

func (j *Journal) putAside(name string, line []byte) error {
	f, err := os.OpenFile(filepath.Join(j.dir, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return hotline.Errorf(hotline.Unavailable, "the journal cannot put a line aside: %w", err)
	}
	_, err = f.Write(line)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return hotline.Errorf(hotline.Unavailable, "the journal cannot put a line aside: %w", err)
	}
	return nil
}

// read gives the next outcomes and the place behind them. A finished segment
// that is read to its end is deleted on the way.
func (j *Journal) read() ([]hotline.Outcome, place, error) {
	list, err := j.unread()
	if err != nil {
		return nil, j.at, err
	}
	for _, n := range list {
		from := place{n, j.offsetIn(n)}
		// Asked before reading: what is written from now on is for the next
		// round, even if the segment is finished meanwhile.
		limit, finished := j.safe(n)
		if n >= j.at.segment {
			batch, to, err := j.readSegment(from, limit)
			if err != nil || to != from {
				return batch, to, err
			}
		}
		if !finished {
			break
		}
		if err := os.Remove(segmentPath(j.dir, n)); err != nil {
			return nil, j.at, err
		}
	}
	return nil, j.at, nil
}

// unread lists the segments from which something may have to be read. While
// one is both being written and drained it is the only one.
func (j *Journal) unread() ([]uint64, error) {
	if _, finished := j.safe(j.at.segment); !finished {
		return []uint64{j.at.segment}, nil
	}
	return segments(j.dir)
}

// safe tells how far a segment can be read, and whether nothing comes after.
func (j *Journal) safe(segment uint64) (limit int64, finished bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if segment != 0 && j.active == segment {
		return j.good, false
	}
	return endOfFile, true
}

const endOfFile = int64(1) << 62

// readSegment reads at most a batch from a segment, up to limit.
func (j *Journal) readSegment(from place, limit int64) (batch []hotline.Outcome, to place, err error) {
	f, err := os.Open(segmentPath(j.dir, from.segment))
	if errors.Is(err, os.ErrNotExist) {
		return nil, from, nil // its writer gave up before it began
	}
	if err != nil {
		return nil, from, err
	}
	defer f.Close() // only read from
	lines := bufio.NewReaderSize(io.NewSectionReader(f, from.offset, max(0, limit-from.offset)), 64<<10)
	for to = from; len(batch) < drainBatch; {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return batch, to, nil // what is left has no end: a torn tail, passed over
		}
		if err != nil {
			return nil, from, err
		}
		o, err := decodeLine(bytes.TrimSuffix(line, []byte("\n")))
		if err == nil {
			batch = append(batch, o)
		} else if err := j.damaged(line, to); err != nil {
			return nil, from, err
		}
		to.offset += int64(len(line))
	}
	return batch, to, nil
}

func (j *Journal) damaged(line []byte, at place) error {
	j.report(fmt.Errorf("the journal's line at byte %d of %s is put into %s: %w", at.offset, segmentPath(j.dir, at.segment), damagedFile, errDamaged))
	j.mu.Lock()
	j.filed = max(0, j.filed-1)
	j.mu.Unlock()
	return j.putAside(damagedFile, line)
}

// advance notes that SQL has everything before to. The mark is not synced: an
// old one only makes the next start offer SQL some calls that it knows.
func (j *Journal) advance(to place, outcomes int) error {
	j.at = to
	j.mu.Lock()
	j.filed = max(0, j.filed-outcomes)
	j.mu.Unlock()
	if _, err := fmt.Fprintf(io.NewOffsetWriter(j.mark, 0), "%020d %020d\n", to.segment, to.offset); err != nil {
		return hotline.Errorf(hotline.Unavailable, "the journal cannot note what is drained: %w", err)
	}
	return nil
}

func readPlace(f *os.File) (p place) {
	if _, err := fmt.Fscanf(io.NewSectionReader(f, 0, 64), "%d %d\n", &p.segment, &p.offset); err != nil {
		return place{}
	}
	return p
}
