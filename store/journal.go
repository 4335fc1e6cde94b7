package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"hotline"
)

const (
	segmentSize  = 1 << 20 // bytes, about a thousand calls; then a new segment begins
	commitAtMost = 256     // appends that share one fsync
	keptAtMost   = 10_000  // outcomes kept in memory while the disk takes none: some 10 MB
	retryEvery   = time.Second
)

// JournalOptions say where the journal is and who hears of its troubles.
type JournalOptions struct {
	// Dir holds the journal of one controller; it is made. Two processes
	// cannot have the same.
	Dir string
	// Report hears what an operator should know: a torn line was cut, the disk
	// takes nothing, SQL is away or refuses an outcome. It may be called from
	// several goroutines. Nil: nobody hears.
	Report func(error)
}

// Journal keeps finished calls on disk until SQL has them. Append is safe when
// it returns nil; Drain carries on to SQL. Whatever is written twice on the
// way (after a crash, after a failed write) is one ticket, because SQL knows
// the call.
type Journal struct {
	dir    string
	report func(error)
	lock   *os.File

	requests chan request
	stop     chan struct{}
	done     chan struct{}
	wake     chan struct{} // something can be drained

	mu     sync.Mutex
	active uint64 // the segment being written; 0: none
	good   int64  // its bytes that are safe
	next   uint64 // the number of the next segment
	filed  int    // outcomes in segments that SQL does not have
	kept   []keptOutcome

	file *os.File // of the active segment; the writer's alone

	draining sync.Mutex // one drains at a time
	at       place      // what is before it SQL has
	mark     *os.File   // at, on disk
}

type request struct {
	keptOutcome
	done chan error
}

type keptOutcome struct {
	outcome hotline.Outcome
	line    []byte
}

// OpenJournal opens the journal, cuts what a crash left of a last line (and
// reports it), and counts what SQL does not have yet: call DrainNow before
// serving. Close it when nobody appends any more.
func OpenJournal(o JournalOptions) (*Journal, error) {
	j := &Journal{
		dir: o.Dir, report: o.Report, requests: make(chan request, commitAtMost),
		stop: make(chan struct{}), done: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	if j.report == nil {
		j.report = func(error) {}
	}
	if err := j.open(); err != nil {
		return nil, errors.Join(err, j.release())
	}
	go j.writer()
	return j, nil
}

// Hand is the file beside the journal in which its controller notes its ticket numbers
// (NumbersOptions).
func (j *Journal) Hand() string { return filepath.Join(j.dir, "numbers") }

// ErrInUse: another process has the journal open.
var ErrInUse = errors.New("in use by another controller")

func (j *Journal) open() (err error) {
	if err = os.MkdirAll(j.dir, 0o750); err != nil {
		return hotline.Errorf(hotline.Unavailable, "the journal's folder cannot be made: %w", err)
	}
	if j.lock, err = os.OpenFile(filepath.Join(j.dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return hotline.Errorf(hotline.Unavailable, "the journal %s needs a folder that this user may write: %w", j.dir, err)
	}
	if err = syscall.Flock(int(j.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return hotline.Errorf(hotline.Unavailable, "the journal %s is %w: stop it, or give this one a journal of its own", j.dir, ErrInUse)
	}
	if j.mark, err = os.OpenFile(filepath.Join(j.dir, "drained"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return hotline.Errorf(hotline.Unavailable, "the journal %s cannot be read: %w", j.dir, err)
	}
	j.at = readPlace(j.mark)
	if err = j.takeStock(); err != nil {
		return hotline.Errorf(hotline.Unavailable, "the journal %s cannot be read: %w", j.dir, err)
	}
	return nil
}

// takeStock counts what is to be drained and cuts torn lines.
func (j *Journal) takeStock() error {
	list, err := segments(j.dir)
	if err != nil {
		return err
	}
	j.next = j.at.segment + 1
	for _, n := range list {
		j.next = max(j.next, n+1)
		if n < j.at.segment {
			continue
		}
		path := segmentPath(j.dir, n)
		lines, end, err := count(path, j.offsetIn(n))
		if err != nil {
			return err
		}
		j.filed += lines
		cut, err := cutTornLine(path, end)
		if err != nil {
			return err
		}
		if cut > 0 {
			j.report(fmt.Errorf("the journal %s ended in a line torn by a crash: its %d bytes were cut; the call it belonged to is still in its record", path, cut))
		}
	}
	if j.filed > 0 {
		j.nudge()
	}
	return nil
}

func (j *Journal) offsetIn(segment uint64) int64 {
	if segment == j.at.segment {
		return j.at.offset
	}
	return 0
}

// Append writes the outcome to disk and returns nil when it is safe there
// (fsync); appends at the same time share one fsync. On an error (Unavailable:
// the disk is full or broken, ctx ended, too much is kept) keep the call's
// record and append again later: twice is harmless. Meanwhile the journal
// keeps it in memory too, tries the disk every second, and Drain carries it to
// SQL all the same.
func (j *Journal) Append(ctx context.Context, o hotline.Outcome) error {
	line, err := encodeLine(o)
	if err != nil {
		return err
	}
	r := request{keptOutcome{o, line}, make(chan error, 1)}
	select {
	case j.requests <- r:
	case <-ctx.Done():
		return hotline.Errorf(hotline.Unavailable, "the journal did not take call %s in time: %w", o.Call, ctx.Err())
	case <-j.done:
		return errClosed
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return hotline.Errorf(hotline.Unavailable, "the journal did not take call %s in time: %w", o.Call, ctx.Err())
	case <-j.done: // it may have been written by the writer's last round
		select {
		case err := <-r.done:
			return err
		default:
			return errClosed
		}
	}
}

var errClosed = hotline.Errorf(hotline.Unavailable, "the journal is closed")

// Backlog tells how many outcomes SQL does not have yet, for the gauge.
func (j *Journal) Backlog() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.filed + len(j.kept)
}

// Close writes what is under way and lets the files go. The error says so
// when outcomes in memory could not be written.
func (j *Journal) Close() error {
	close(j.stop)
	<-j.done
	j.draining.Lock()
	defer j.draining.Unlock()
	var lost error
	if n := len(j.kept); n > 0 {
		lost = hotline.Errorf(hotline.Unavailable, "the journal %s could not write %d outcomes: their calls are still in their records", j.dir, n)
	}
	return errors.Join(lost, j.release())
}

func (j *Journal) release() (err error) {
	for _, f := range []*os.File{j.file, j.mark, j.lock} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

func (j *Journal) nudge() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}
