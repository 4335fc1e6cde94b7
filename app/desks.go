package app

import (
	"context"
	"slices"
	"time"

	"hotline"
	"hotline/pbx"
	"hotline/routing"
	"hotline/store"
)

// lookEvery is how often it is looked which telephones are registered: so long,
// at most, an agent whose telephone was unplugged counts as free.
const lookEvery = 2 * time.Second

// desks are the telephones that agents sit at, during one connection to an
// Asterisk; they may be registered at another one as well.
type desks struct {
	a *App
	n *node
	x *pbx.Exchange
	// lost are the sessions that SQL has and the board has not: Redis was
	// emptied while no controller had an image of it.
	lost []store.Session
	// out are agents whom the board has from their talk alone, and who have no session:
	// they signed out in it.
	out []hotline.AgentID
}

// desksOf begins to look after the desks, with a first look.
func (a *App) desksOf(ctx context.Context, n *node, x *pbx.Exchange) *desks {
	d := &desks{a: a, n: n, x: x}
	if err := d.miss(ctx); err != nil {
		a.log.Error("who was signed in cannot be read; it is tried again", "err", err)
		a.done.Go(func() { (&desks{a: a, n: n, x: x}).catchUp(ctx) })
	}
	d.look(ctx)
	return d
}

// catchUp does what miss and the first look could not while SQL was away: agents whom the
// board has lost are put back, and those signed out whom it has though they signed out.
func (d *desks) catchUp(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for known := false; !known || len(d.lost)+len(d.out) > 0; {
		select {
		case <-d.x.Done():
			return // the next connection asks anew
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !known {
			known = d.miss(ctx) == nil
		}
		d.amend(ctx)
	}
}

// watch looks again and again, until the connection or the controller ends.
func (d *desks) watch(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-d.x.Done():
			return d.x.Err()
		case <-ctx.Done():
			return nil
		case <-tick.C:
			d.look(ctx)
		}
	}
}

// amend puts back who was lost, and signs out who signed out, as far as that can be.
func (d *desks) amend(ctx context.Context) {
	v, err := d.a.board.View(ctx)
	if err != nil {
		return
	}
	d.recover(ctx, d.a.online())
	d.signOut(ctx, v)
}

// miss finds the sessions whose agents are not on the board, and whom the board has from
// his talk alone, without a session.
func (d *desks) miss(ctx context.Context) error {
	sessions, err := d.a.opt.Store.OpenSessions(ctx)
	if err != nil {
		return err
	}
	v, err := d.a.board.View(ctx)
	if err != nil {
		return err
	}
	there := map[hotline.AgentID]bool{}
	for _, ag := range v.Agents {
		there[ag.ID] = !ag.Found()
	}
	for _, s := range sessions {
		if !there[s.Agent] {
			d.lost = append(d.lost, s)
		}
	}
	for _, ag := range v.Agents {
		if ag.Found() && !slices.ContainsFunc(sessions, func(s store.Session) bool { return s.Agent == ag.ID }) {
			d.out = append(d.out, ag.ID)
		}
	}
	return nil
}

// look tells the board whose telephone is registered and whose is not, and puts
// the agents back who were lost and whose telephones are.
func (d *desks) look(ctx context.Context) {
	v, err := d.a.board.View(ctx)
	phones, _ := d.a.onDuty()
	if err != nil || len(v.Agents)+len(d.lost)+len(phones) == 0 {
		return
	}
	here, err := d.x.Registered(ctx)
	if err != nil {
		if ctx.Err() == nil && d.x.Err() == nil {
			d.a.log.Warn("which telephones are registered cannot be read", "err", err)
		}
		return
	}
	d.n.online.Store(&here)
	online := d.a.online()
	for _, ag := range v.Agents {
		if on := online[string(ag.Phone)]; on == (ag.State == routing.Paused && ag.Reason == routing.PausePhoneGone) {
			d.a.board.PhoneState(ag.Phone, on)
		}
	}
	d.recover(ctx, online)
	d.signOut(ctx, v)
	d.duty(ctx, v, online)
}

// locate asks every Asterisk anew which telephones it has: an agent who signs in may
// have registered a moment ago, and where decides how he is rung.
func (a *App) locate(ctx context.Context) {
	if len(a.nodes) == 1 {
		return
	}
	for _, n := range a.nodes {
		if x := n.up(); x != nil {
			if here, err := x.Registered(ctx); err == nil {
				n.online.Store(&here)
			}
		}
	}
}

// recover puts lost agents back, paused until they are ready: what they did when
// the board was lost is not known. One whose telephone is not there yet comes
// back with it.
func (d *desks) recover(ctx context.Context, online map[string]bool) {
	waiting := d.lost[:0]
	for _, s := range d.lost {
		if !online[string(s.Phone)] {
			waiting = append(waiting, s)
			continue
		}
		err := d.a.recoverAgent(ctx, s)
		if hotline.KindOf(err) == hotline.Unavailable {
			waiting = append(waiting, s)
		}
		if err != nil {
			d.a.log.Warn("an agent who was signed in is not taken up", "agent", s.Agent, "phone", s.Phone, "err", err)
		}
	}
	d.lost = waiting
}

// signOut signs those out who did so in a talk of which only their legs tell; one who is
// not joined yet, next time.
func (d *desks) signOut(ctx context.Context, v routing.View) {
	left := d.out[:0]
	for _, id := range d.out {
		i := slices.IndexFunc(v.Agents, func(ag routing.Agent) bool { return ag.ID == id && ag.Found() })
		switch {
		case i >= 0 && v.Agents[i].State == routing.Offered:
			left = append(left, id)
		case i >= 0:
			if err := d.a.board.SignOut(ctx, id); err != nil {
				d.a.log.Warn("an agent who signed out in a talk is on the board", "agent", id, "err", err)
			}
		}
	}
	d.out = left
}

// recoverAgent puts the agent of a session back on the board. One who signed in
// meanwhile, or whose telephone somebody else has, is a Conflict.
func (a *App) recoverAgent(ctx context.Context, s store.Session) error {
	all, err := a.opt.Store.Agents(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(x store.Agent) bool { return x.ID == s.Agent && x.Enabled })
	if i < 0 {
		return a.opt.Store.CloseSession(ctx, s.Agent, "disabled", a.now())
	}
	if err := a.board.Recover(ctx, s.Agent, s.Phone, all[i].Skills); err != nil {
		return err
	}
	a.note("recover", s.Agent, a.opt.Store.PauseSession(ctx, s.Agent, routing.PauseRecovered, a.now()))
	a.log.Warn("an agent is back on the board, paused until he is ready", "agent", s.Agent, "phone", s.Phone)
	return nil
}
