package app

import (
	"context"
	"strconv"
	"time"

	"hotline"
	"hotline/ivr"
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
func (a *App) prove(ctx context.Context, x *pbx.Exchange) {
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	for {
		if err := a.alive(ctx, x); err != nil && ctx.Err() == nil {
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

func (a *App) alive(ctx context.Context, x *pbx.Exchange) error {
	ctx, cancel := context.WithTimeout(ctx, aliveWithin)
	defer cancel()
	if _, err := a.board.View(ctx); err != nil {
		return wrap("ask the board", err)
	}
	return x.SetGlobal(ctx, pbx.Alive, strconv.FormatInt(a.now().Unix(), 10))
}

// watchLeases hands over when another controller has taken a lease.
func (a *App) watchLeases(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-a.socketLease.Lost():
	case <-a.boardLease.Lost():
	}
	a.stopped(hotline.Errorf(hotline.Forbidden, "another controller has taken over the lease"))
	a.end(ivr.ErrHandOver)
}

// stopped tells once why this controller stops by itself.
func (a *App) stopped(why error) {
	select {
	case a.over <- why:
	default:
	}
}
