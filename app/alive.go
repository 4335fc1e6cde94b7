package app

import (
	"context"
	"strconv"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/live/lease"
	"hotline/pbx"
)

const (
	aliveEvery  = time.Second
	aliveWithin = 2 * time.Second
)

// prove tells the dialplan each second that this controller lives and that its
// board answers; a stuck one falls silent, and callers are held instead of
// handed to it (extensions.conf, HOTLINE_ALIVE). It is also how a controller
// that was fenced off while nothing happened notices it.
func (a *App) prove(ctx context.Context, n *node, x *pbx.Exchange) {
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	for {
		if err := a.alive(ctx, n, x); err != nil && ctx.Err() == nil {
			a.log.Warn("cannot prove to Asterisk that this controller lives", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-x.Done():
			return
		case <-tick.C:
		}
	}
}

func (a *App) alive(ctx context.Context, n *node, x *pbx.Exchange) error {
	ctx, cancel := context.WithTimeout(ctx, aliveWithin)
	defer cancel()
	if _, err := a.board.View(ctx); err != nil {
		return wrap("ask the board", err)
	}
	defer n.load.asking(a.now())()
	return x.SetGlobal(ctx, pbx.Alive, strconv.FormatInt(a.now().Unix(), 10))
}

// watchLeases hands over when another controller has taken a lease.
func (a *App) watchLeases(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-a.leases.Lost():
		a.overtaken()
	}
}

// remember writes everything to Redis again when Redis has forgotten it, or its last
// steps: the records of calls here, and the board by whoever holds its image. Until then
// it is only for a controller that dies as well that something is missing.
func (a *App) remember(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.leases.Forgotten():
		}
		a.log.Warn("Redis was emptied or has come back, perhaps without its last steps; it is told everything again", "calls", a.saveAgain())
		if err := a.board.Doubt(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("the board is not written again", "err", err)
		}
	}
}

// overtaken ends this controller because another is in charge: what it still does
// is refused by Redis and by Asterisk, and nothing it believes may reach a ticket.
func (a *App) overtaken() {
	a.stopped(hotline.Errorf(hotline.Forbidden, "another controller has taken over"))
	a.end(ivr.ErrHandOver)
	a.halt()
}

// inCharge asks, where it is not certain, whether this controller is still the
// one that serves: one that was frozen and woken is not, and hears the last
// events that were meant for it. While Redis is away nobody else can have taken
// over unnoticed by Asterisk, and it goes on.
func (a *App) inCharge(ctx context.Context) bool {
	for _, n := range a.nodes {
		if x := n.exchange.Load(); x != nil && x.Replaced() {
			return false
		}
	}
	if a.leases.Confirmed(lease.Board) {
		return true
	}
	held, err := a.opt.Live.ReadLease(ctx, lease.Board)
	return err != nil || held.Token <= a.leases.Token(lease.Board)
}

// stopped tells once why this controller stops by itself.
func (a *App) stopped(why error) {
	select {
	case a.over <- why:
	default:
	}
}
