package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"hotline/store"
)

// openBooks opens the journal and the numbers. What journals found at the start
// hold is carried to SQL first; while SQL is away that, and the numbers, wait, and
// calls do not.
func (a *App) openBooks(ctx context.Context) (err error) {
	var others []*store.Journal
	if a.journal, others, err = a.openJournals(ctx); err != nil {
		return err
	}
	a.done.Go(func() { a.journal.Drain(a.parts, a.opt.Store.WriteOutcomes) })
	a.openNumbers(ctx, others)
	select {
	case <-a.opt.Store.Ready():
	default:
		a.log.Error("ALARM: SQL is away; calls are served, tickets wait in the journal, nobody can sign in", "err", a.opt.Store.Ping(ctx))
		a.done.Go(func() {
			select {
			case <-a.parts.Done():
			case <-a.opt.Store.Ready():
				a.log.Info("SQL is back")
			}
		})
	}
	return nil
}

// openNumbers takes up the numbers that those before us had in hand, and lets go of
// their journals.
func (a *App) openNumbers(ctx context.Context, others []*store.Journal) {
	o := store.NumbersOptions{Hand: a.journal.Hand(), Report: func(err error) { a.log.Warn("numbers", "err", err) }}
	for _, j := range others {
		o.Left = append(o.Left, j.Hand())
	}
	a.numbers = a.opt.Store.OpenNumbers(ctx, o)
	for _, j := range others {
		if err := j.Close(); err != nil {
			a.log.Warn("a journal left by a controller before", "err", err)
		}
	}
}

// closeBooks gives numbers back and writes what SQL takes within a moment; the rest
// stays in the journal, for whoever starts next.
func (a *App) closeBooks(ctx context.Context) error {
	var errs []error
	if a.numbers != nil {
		if err := a.numbers.Close(ctx); err != nil {
			a.log.Warn("the numbers in hand are not given back", "err", err)
		}
	}
	if a.journal != nil {
		a.drain(ctx, a.journal)
		errs = append(errs, a.journal.Close())
	}
	return errors.Join(errs...)
}

const (
	// mostJournals is how many controllers may be frozen with their journals open
	// before a further one has nowhere to write.
	mostJournals = 8
	// drainFirst is how long SQL may take at the start before calls are served, and at
	// the end before the next controller has the rest.
	drainFirst = 500 * time.Millisecond
)

// openJournals opens the first journal that nobody has open, and drains what
// others have left: a controller that was frozen and followed by another one keeps
// its own open until it is woken or killed. Those are to be closed.
func (a *App) openJournals(ctx context.Context) (ours *store.Journal, others []*store.Journal, err error) {
	for n := range mostJournals {
		dir := a.opt.Journal
		if n > 0 {
			dir = fmt.Sprintf("%s.%d", a.opt.Journal, n)
		}
		if _, err := os.Stat(dir); ours != nil && err != nil {
			continue // nobody ever needed so many
		}
		j, err := store.OpenJournal(store.JournalOptions{Dir: dir, Report: func(err error) {
			a.log.Warn("journal", "err", err)
		}})
		if errors.Is(err, store.ErrInUse) {
			a.followed = true
			a.log.Warn("a controller before has its journal still open", "journal", dir)
			continue
		}
		if err != nil && ours == nil {
			return nil, nil, err
		}
		if err != nil {
			a.log.Warn("a journal left by a controller before", "err", err)
			continue
		}
		a.drain(ctx, j)
		if ours == nil {
			ours = j
		} else {
			others = append(others, j)
		}
	}
	if ours == nil {
		return nil, nil, fmt.Errorf("each of the %d journals %s… is %w", mostJournals, a.opt.Journal, store.ErrInUse)
	}
	return ours, others, nil
}

func (a *App) drain(ctx context.Context, j *store.Journal) {
	ctx, cancel := context.WithTimeout(ctx, drainFirst)
	defer cancel()
	if err := j.DrainNow(ctx, a.opt.Store.WriteOutcomes); err != nil {
		a.log.Warn("finished calls wait in the journal for SQL", "calls", j.Backlog(), "err", err)
	}
}
