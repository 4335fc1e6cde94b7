package app

import (
	"context"
	"sync/atomic"
	"time"

	"hotline"
	"hotline/pbx"
)

// Limits say when new callers are not taken, so that those who were are served as
// well as before. A zero limits nothing.
type Limits struct {
	// Calls is how many may be in progress at once, on all Asterisks.
	Calls int
	// Answer is how long Asterisk may take, on the mean of the last seconds, to
	// answer a caller when it is told to.
	Answer time.Duration
}

// doors tells whether new callers are taken, and tells the dialplan.
type doors struct {
	limits  Limits
	many    atomic.Bool  // the limit of calls was reached and is not left yet
	refused atomic.Int64 // by the dialplan, since this controller serves
	ask     chan struct{}
}

func (d *doors) init(l Limits) { d.limits, d.ask = l, make(chan struct{}, 1) }

// crowded tells whether there are as many calls as there may be. Once there were,
// a twentieth of them must be over before a caller is taken again.
func (d *doors) crowded(calls int) bool {
	switch {
	case d.limits.Calls <= 0:
		return false
	case calls >= d.limits.Calls:
		d.many.Store(true)
	case calls < d.limits.Calls-max(d.limits.Calls/20, 1)+1:
		d.many.Store(false)
	}
	return d.many.Load()
}

// full says why no new caller is taken on this Asterisk; "" when they are.
func (a *App) full(n *node) string {
	switch {
	case a.doors.crowded(a.calls.count()):
		return "as many calls as there may be (limits.calls)"
	case n.load.slow(a.now(), a.doors.limits.Answer):
		return "answering takes too long (limits.answer)"
	}
	return ""
}

// turnAway refuses a caller who has just arrived, where that is due. One whom the
// dialplan held was told to wait, and is taken.
func (a *App) turnAway(c pbx.Arrival) bool {
	n := a.nodeOf(c.Call)
	if c.Answered || a.full(n) == "" {
		return false
	}
	x := n.exchange.Load()
	if x == nil {
		return false
	}
	select {
	case a.doors.ask <- struct{}{}: // the dialplan refuses the next ones
	default:
	}
	rec := a.newRecord(c)
	rec.Facts.End = hotline.EndRefused
	a.done.Go(func() {
		ctx := context.WithoutCancel(a.life)
		if err := x.Refuse(ctx, c.Call); err != nil {
			a.log.Warn("refuse a caller", "call", c.Call, "err", err)
		}
		a.book(ctx, rec.Close(a.now().UTC(), hotline.SideSystem, false))
	})
	return true
}

const (
	// keepDoors is how often it is looked whether callers can be taken again.
	keepDoors = 250 * time.Millisecond
	// shutFor is how long the dialplan refuses by itself; it counts whole seconds.
	shutFor = 2 * time.Second
	// sayAgain: in a flood callers are refused and taken again every second or so,
	// which the log says this seldom.
	sayAgain = 10 * time.Second
)

// keepDoor tells the dialplan of one Asterisk while no new callers are to be taken,
// again and again, and when they are again. What it asks is also what is measured
// while nobody is answered.
func (a *App) keepDoor(ctx context.Context, n *node, x *pbx.Exchange) {
	tick := time.NewTicker(keepDoors)
	defer tick.Stop()
	shut, told, at := "", false, time.Time{}
	counted := a.counter(ctx, x)
	for ticks := 0; ; ticks++ {
		why := a.full(n)
		if err := a.moveDoor(ctx, x, shut != "", why != ""); err != nil && ctx.Err() == nil && x.Err() == nil {
			a.log.Warn("cannot tell Asterisk whether callers are taken", "err", err)
		}
		if why != "" && shut == "" && a.now().Sub(at) > sayAgain { // Asterisk knows, where it answers
			told, at = true, a.now()
			a.log.Error("ALARM: new callers are refused", "asterisk", n.Name, "why", why, "calls", a.calls.count(), "answer", n.load.mean(a.now()))
		}
		if why == "" && shut != "" && told {
			told = false
			a.log.Warn("callers are taken again", "asterisk", n.Name, "calls", a.calls.count(), "answer", n.load.mean(a.now()))
		}
		if ticks%4 == 0 && (shut != "" || ticks%40 == 0) {
			counted(ctx)
		}
		shut = why
		select {
		case <-ctx.Done():
			return
		case <-x.Done():
			return
		case <-a.doors.ask:
		case <-tick.C:
		}
	}
}

func (a *App) moveDoor(ctx context.Context, x *pbx.Exchange, was, is bool) error {
	ctx, cancel := context.WithTimeout(ctx, aliveWithin)
	defer cancel()
	switch {
	case is:
		return x.RefuseUntil(ctx, a.now().Add(shutFor))
	case was:
		return x.RefuseUntil(ctx, time.Time{})
	}
	return nil
}

// counter gives what adds up whom the dialplan has refused: Asterisk counts from
// its own start, which may have been before ours.
func (a *App) counter(ctx context.Context, x *pbx.Exchange) func(context.Context) {
	last, _ := x.Refused(ctx)
	return func(ctx context.Context) {
		now, err := x.Refused(ctx)
		if err != nil {
			return
		}
		if now > last {
			a.doors.refused.Add(now - last)
		}
		last = now
	}
}
