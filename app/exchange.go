package app

import (
	"context"
	"errors"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/live/lease"
	"hotline/pbx"
	"hotline/pbx/ari"
	"hotline/routing"
)

const reconnectEvery = 100 * time.Millisecond

// serve keeps a connection to an Asterisk, one after the other, until the
// controller stops or another is in charge. The first result goes to ready.
func (a *App) serve(ctx context.Context, n *node, ready chan<- error) error {
	told := false
	tell := func(err error) {
		if !told {
			told = true
			ready <- err
		}
	}
	var away time.Time // since when it is not connected
	for {
		err := a.session(ctx, n, func() {
			away = time.Time{}
			n.lost.Store(false)
			tell(nil)
		})
		switch {
		case ctx.Err() != nil:
			return nil
		case fenced(err):
			a.end(ivr.ErrHandOver)
			a.halt()
			tell(err)
			return err
		case n.alone && n.exchange.Load() == nil:
			tell(err)
			return err
		}
		tell(err)
		a.opt.Meter.Resync("connection")
		if away.IsZero() {
			away = a.now()
			a.log.Warn("the connection to Asterisk ended; connecting again", "asterisk", n.Name, "err", err)
			if was := n.online.Swap(nil); was != nil {
				n.was = *was
			}
			if err := a.board.Away(ctx, n.routed()); err != nil && ctx.Err() == nil {
				a.log.Warn("callers of an Asterisk that is away may be offered", "asterisk", n.Name, "err", err)
			}
		}
		if a.now().Sub(away) > patience(err) {
			a.giveUp(ctx, n)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(reconnectEvery):
		}
	}
}

// fenced tells that another controller is in charge of this Asterisk.
func fenced(err error) bool {
	return errors.Is(err, ari.ErrReplaced) || errors.Is(err, ari.ErrUnauthorized) || errors.Is(err, ari.ErrStale)
}

// session is one connection: it lists what there is, takes it up, and serves
// until the connection ends.
func (a *App) session(ctx context.Context, n *node, up func()) error {
	x, err := a.connect(ctx, n)
	if err != nil {
		return err
	}
	defer x.Close()
	if err := a.recover(ctx, n, x); err != nil {
		return err
	}
	a.done.Go(func() { a.prove(ctx, n, x) }) // before SQL is asked anything, which may take its time
	if err := a.newPhones(ctx, n, x); err != nil {
		a.log.Debug("new telephones follow", "asterisk", n.Name, "err", err)
	}
	if a.door != nil {
		a.door.Again()
	}
	desks := a.desksOf(ctx, n, x)
	up()
	a.done.Go(func() { a.keepPhones(ctx, n, x) }) // those it knows change seldom: they do not hold up the start
	a.done.Go(func() { a.keepDoor(ctx, n, x) })
	return desks.watch(ctx)
}

// changedWithin is how long the boot user's password may differ between Asterisk
// and its file, while it is changed.
const changedWithin = time.Second

// charge takes charge of the Asterisk as its boot user.
func (a *App) charge(ctx context.Context, n *node) (ari.Config, error) {
	as := n.Boot
	if n.Password != nil {
		var err error
		if as.Password, err = n.Password(); err != nil {
			return as, err
		}
	}
	boot, err := ari.NewClient(as)
	if err != nil {
		return as, err
	}
	defer boot.Close()
	return ari.Take(ctx, boot, "controller", int64(a.leases.Token(lease.Socket(n.Name))))
}

// connect makes this controller the only one this Asterisk obeys.
func (a *App) connect(ctx context.Context, n *node) (*pbx.Exchange, error) {
	cfg, err := a.charge(ctx, n)
	if errors.Is(err, ari.ErrUnauthorized) { // the password is being changed this moment
		select {
		case <-ctx.Done():
		case <-time.After(changedWithin):
			cfg, err = a.charge(ctx, n)
		}
	}
	if err != nil {
		return nil, wrap("take charge of Asterisk", err)
	}
	cfg.Meter = timed{a.opt.Meter, &n.load}
	x, err := pbx.Connect(ctx, pbx.Options{
		ARI: cfg, Sounds: a.opt.Sounds, Music: a.opt.Music, LegTimeout: a.opt.Rules.Ring + 10*time.Second,
	}, pbx.Ears{
		Arrived: a.arrived,
		Leg: func(n routing.LegNews) {
			a.moment("leg "+string(n.News), "", "agent", n.Agent, "offer", n.Offer, "why", n.Why)
			a.board.Tell(n)
		},
		Trouble: func(call hotline.CallID, doing string, err error) {
			a.log.Warn("exchange", "call", call, "doing", doing, "err", err)
		},
	})
	if err != nil {
		return nil, err
	}
	n.load.connected(a.now())
	n.exchange.Store(x)
	return x, nil
}

// recover pairs what Asterisk has with what is on record. A call plays on from
// where it stands; a record without a channel is closed, as lost where Asterisk
// itself has not run as long as the call; a channel without a record begins anew.
func (a *App) recover(ctx context.Context, n *node, x *pbx.Exchange) error {
	found, err := x.List(ctx)
	if err != nil {
		return err
	}
	defer found.Done()
	records, err := a.records(ctx, n)
	if err != nil {
		return err
	}
	alive := map[hotline.CallID]bool{}
	for _, c := range found.Callers {
		alive[c.Call] = alive[c.Call] || c.Door != pbx.DoorLeft
	}
	if err := a.board.Sync(ctx, n.routed(), found.Legs, func(id hotline.CallID) bool { return alive[id] || a.calls.has(id) }); err != nil {
		return err
	}
	for id, rec := range records {
		if !alive[id] && !a.calls.has(id) {
			a.close(rec, found.Why(rec.Facts.Arrived))
		}
	}
	for _, c := range found.Callers {
		a.take(ctx, x, found, c, records[c.Call])
	}
	if len(found.Callers)+len(found.Legs)+len(records) > 0 {
		a.log.Info("took up what was there", "asterisk", n.Name, "callers", len(found.Callers), "legs", len(found.Legs), "records", len(records))
		a.done.Go(func() { a.lookAgain(ctx, x, found) })
	}
	return nil
}

// againAfter is how long a channel that was on its way out is surely gone.
const againAfter = time.Second

// lookAgain closes calls that were over already when they were taken up.
func (a *App) lookAgain(ctx context.Context, x *pbx.Exchange, found pbx.Found) {
	select {
	case <-ctx.Done():
		return
	case <-x.Done():
		return
	case <-time.After(againAfter):
	}
	if err := found.Again(ctx); err != nil && ctx.Err() == nil && x.Err() == nil {
		a.log.Warn("calls that ended at the take-up are not looked for", "err", err)
	}
}

// records are those of an Asterisk's calls in Redis, and newer ones that this
// process holds for calls whose line it lost.
func (a *App) records(ctx context.Context, n *node) (map[hotline.CallID]*ivr.Record, error) {
	raw, err := a.opt.Live.Calls(ctx)
	if err != nil {
		return nil, wrap("read the records of calls", err)
	}
	records := map[hotline.CallID]*ivr.Record{}
	for id, b := range raw {
		if !n.has(id) {
			continue
		}
		rec, err := a.readRecord(id, b)
		if err != nil {
			a.log.Error("a call begins anew where it is still there; its record is kept aside", "call", id, "err", err, "aside", a.opt.Live.PutAside(ctx, id, b))
			continue
		}
		records[id] = rec
	}
	for id, rec := range a.calls.parked(n.has) {
		records[id] = rec
	}
	return records, nil
}

// resume plays one call on that fell behind while the connection stands, from
// the record this process has of it.
func (a *App) resume(ctx context.Context, x *pbx.Exchange, id hotline.CallID) error {
	rec := a.calls.unpark(id)
	if rec == nil {
		return nil // a new connection was quicker
	}
	found, err := x.List(ctx)
	if err != nil {
		a.calls.park(rec)
		return err // the next connection finds it
	}
	defer found.Done()
	for _, c := range found.Callers {
		if c.Call == id {
			a.take(ctx, x, found, c, rec)
			a.done.Go(func() { a.lookAgain(ctx, x, found) })
			return nil
		}
	}
	a.close(rec, ivr.ErrHungUp)
	return nil
}

// take plays a call that was found on from where it stands; one that is played
// already is left alone.
func (a *App) take(ctx context.Context, x *pbx.Exchange, found pbx.Found, c pbx.Arrival, rec *ivr.Record) {
	if c.Door == doorCode { // over in a moment; the telephone dials it again
		if err := x.Line(found, c.Call).End(ctx); err != nil {
			a.log.Warn("hang up a short code", "call", c.Call, "err", err)
		}
		return
	}
	if c.Door == pbx.DoorLeft {
		l := x.Line(found, c.Call)
		a.done.Go(func() { a.left(c, l) })
		return
	}
	if a.calls.has(c.Call) {
		return
	}
	tag := ""
	if rec != nil {
		tag = rec.Tag()
	} else {
		rec = a.newRecord(c)
	}
	if r := a.calls.begin(c.Call, rec.Facts.Ticket); r != nil {
		a.moment("taken up", c.Call, "step", rec.At)
		a.play(r, x.Line(found, c.Call), rec, tag)
	}
}

func (a *App) rang(o hotline.Offer) {
	if x := a.calls.get(o.Call); x != nil {
		x.rang(a.now())
	}
	a.opt.Meter.Rang(a.now().Sub(o.At.Time()))
}
