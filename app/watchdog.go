package app

import (
	"context"
	"sync/atomic"
	"time"

	"hotline"
	"hotline/live/lease"
)

const (
	// askEvery is how often each part is asked whether it still answers.
	askEvery = time.Second
	// stuckAfter is how long a part may owe its answer where Options.StuckAfter is
	// zero: as long as the dialplan waits before it holds new callers.
	stuckAfter = 5 * time.Second
)

// A question asks one part of the controller something that it answers at once
// unless it is stuck. Redis, SQL or Asterisk being away is an answer, too.
type question struct {
	part string
	ask  func(ctx context.Context)
}

// watchdog asks parts again and again. It counts its own beats and not the
// clock: a process that was frozen, or a machine that stood still, owes nothing.
type watchdog struct {
	questions []question
	most      int // so many beats in a row without an answer
	silent    []int
	answered  []atomic.Bool
	// well is false while any part owes an answer for longer than half of what is
	// allowed: systemd is told nothing then.
	well atomic.Bool
}

func newWatchdog(after time.Duration, questions ...question) *watchdog {
	if after <= 0 {
		after = stuckAfter
	}
	w := &watchdog{questions: questions, most: max(int(after/askEvery), 1),
		silent: make([]int, len(questions)), answered: make([]atomic.Bool, len(questions))}
	for i := range w.answered {
		w.answered[i].Store(true)
	}
	w.well.Store(true)
	return w
}

// run asks at each beat and tells stuck, once, which part does not answer.
func (w *watchdog) run(ctx context.Context, beats <-chan time.Time, stuck func(part string)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-beats:
		}
		if part := w.beat(ctx); part != "" && ctx.Err() == nil {
			stuck(part)
			return
		}
	}
}

// beat counts who owes an answer, asks the others, and gives the first part
// whose time is over; "" none.
func (w *watchdog) beat(ctx context.Context) string {
	worst := 0
	for i, q := range w.questions {
		if w.answered[i].Load() {
			w.silent[i] = 0
			w.answered[i].Store(false)
			// It waits as long as the part is stuck: then the process ends, and it too.
			go func() { q.ask(ctx); w.answered[i].Store(true) }()
			continue
		}
		w.silent[i]++
		if worst = max(worst, w.silent[i]); w.silent[i] >= w.most {
			w.well.Store(false)
			return q.part
		}
	}
	w.well.Store(worst <= w.most/2)
	return ""
}

// guard watches over the parts that a call cannot do without. Leases are renewed
// beside them, so a controller whose board stands still would never be followed
// by another one if it did not end by itself.
func (a *App) guard(ctx context.Context) {
	if a.opt.Stuck == nil {
		return
	}
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	a.watchdog.run(ctx, tick.C, a.opt.Stuck)
}

// questions are those of a running controller.
func (a *App) questions() []question {
	return []question{
		{"board", func(ctx context.Context) { _, _ = a.board.View(ctx) }},
		{"exchange", a.askExchange},
		{"saving", func(ctx context.Context) {
			a.calls.count()
			a.unsaved.any()
			_, _ = a.opt.Live.ReadLease(ctx, lease.Board)
		}},
	}
}

// askExchange returns when the readers of the event sockets are known to read. Their
// pings end a connection whose pongs are not read within 5 s; one that is known
// to have ended, and whose reader does not come back, is stuck in what it hands
// an event to.
func (a *App) askExchange(ctx context.Context) {
	for _, n := range a.nodes {
		x := n.exchange.Load()
		if x == nil || x.Err() == nil {
			continue
		}
		select {
		case <-x.Done():
		case <-ctx.Done():
		}
	}
}

// Well is nil while every part answers; the error names none, for the watchdog
// logs it when it matters.
func (a *App) Well() error {
	if !a.watchdog.well.Load() {
		return hotline.Errorf(hotline.Unavailable, "a part of the controller does not answer")
	}
	return nil
}
