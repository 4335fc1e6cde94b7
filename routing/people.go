package routing

import (
	"context"
	"slices"

	"hotline"
)

// SignIn puts an agent on the board, free at a phone. Signed in already, he
// moves to this phone unless he talks. Someone else at that phone is a
// Conflict.
func (d *Dispatcher) SignIn(ctx context.Context, id hotline.AgentID, phone hotline.PhoneID, skills []hotline.Skill) error {
	return d.act(ctx, func(ctx context.Context) error {
		for a := range d.image.Agents() {
			if a.Phone == phone && a.ID != id {
				return hotline.Errorf(hotline.Conflict, "agent %s is signed in at phone %s; he must sign out first", a.ID, phone)
			}
		}
		a, ok := d.image.Agent(id)
		if !ok {
			a = Agent{ID: id, State: Offline}
		}
		if a.State == Offered || a.State == Talking {
			return hotline.Errorf(hotline.Conflict, "agent %s is in a call at phone %s; he can sign in elsewhere after it", id, a.Phone)
		}
		a.Phone, a.Skills, a.Misses = phone, slices.Clone(skills), 0
		d.commit(ctx, d.to(a, SignIn, ""))
		return nil
	})
}

// SignOut takes an agent off the board; one who talks is signed out when the
// talk is over.
func (d *Dispatcher) SignOut(ctx context.Context, id hotline.AgentID) error {
	return d.verb(ctx, id, SignOut, signingOut)
}

// signingOut, as what is to come after a talk, is signing out.
const signingOut hotline.Reason = "signing-out"

// Pause takes an agent out of routing until he is ready, for a reason. One who
// talks is paused after the talk, one whose phone rings after that offer.
func (d *Dispatcher) Pause(ctx context.Context, id hotline.AgentID, reason hotline.Reason) error {
	if reason == "" {
		return hotline.Errorf(hotline.Invalid, "a pause needs a reason, for example \"break\"")
	}
	return d.verb(ctx, id, Pause, reason)
}

// Ready ends an agent's pause or wrap-up.
func (d *Dispatcher) Ready(ctx context.Context, id hotline.AgentID) error {
	return d.verb(ctx, id, Ready, "")
}

// verb does v to a signed-in agent.
func (d *Dispatcher) verb(ctx context.Context, id hotline.AgentID, v Verb, reason hotline.Reason) error {
	return d.act(ctx, func(ctx context.Context) error {
		a, ok := d.image.Agent(id)
		if !ok {
			return hotline.Errorf(hotline.NotFound, "agent %s is not signed in", id)
		}
		state, ok := a.State.Next(v)
		if !ok {
			return hotline.Errorf(hotline.Conflict, "agent %s is %s; %s is not possible now", id, a.State, v)
		}
		if a.Then == signingOut && v != SignOut {
			return hotline.Errorf(hotline.Conflict, "agent %s signs out after this talk; he can sign in again then", id)
		}
		if state == a.State && (state == Talking || state == Offered) {
			a.Then = reason // afterwards; Ready takes it back
			d.commit(ctx, d.keep(a))
			return nil
		}
		if v == Ready {
			a.Misses, a.Then = 0, ""
		}
		if state == Offline {
			d.forget(ctx, a)
		}
		d.commit(ctx, d.to(a, v, reason))
		return nil
	})
}

// keep is a change that keeps state and deadline.
func (d *Dispatcher) keep(a Agent) Change {
	c := Change{Agent: &a}
	if a.Deadline != 0 {
		c.Within = max(a.Deadline.Time().Sub(d.boardNow().Time()), 1)
	}
	return c
}

// forget undoes the offer of an agent who signs out while his phone rings.
func (d *Dispatcher) forget(ctx context.Context, a Agent) {
	if l := d.legs[a.ID]; l != nil && a.State == Offered {
		d.undo(ctx, l, WhyDeclined)
	}
}

// PhoneState tells whether a phone is registered. A free agent whose phone is
// gone is paused, and free again when it is back.
func (d *Dispatcher) PhoneState(phone hotline.PhoneID, registered bool) {
	_ = d.act(context.Background(), func(ctx context.Context) error {
		for a := range d.image.Agents() {
			if a.Phone != phone {
				continue
			}
			switch {
			case registered && a.State == Paused && a.Reason == PausePhoneGone:
				d.turn(ctx, a, Ready, "")
				if d.ears.Resumed != nil {
					d.ears.Resumed(a.ID)
				}
			case !registered && (a.State == Free || a.State == WrapUp):
				d.turn(ctx, a, LosePhone, PausePhoneGone)
				d.paused(a.ID, PausePhoneGone)
			}
			return nil
		}
		return nil
	})
}

// turn does v to a.
func (d *Dispatcher) turn(ctx context.Context, a Agent, v Verb, reason hotline.Reason) {
	d.commit(ctx, d.to(a, v, reason))
}

// act does f in the loop.
func (d *Dispatcher) act(ctx context.Context, f func(context.Context) error) error {
	var err error
	if submit := d.do(ctx, func(ctx context.Context) { err = f(ctx) }); submit != nil {
		return submit
	}
	return err
}

// SetRules changes the rules for what happens from now on; deadlines that run
// already stay.
func (d *Dispatcher) SetRules(ctx context.Context, r Rules) error {
	return d.act(ctx, func(context.Context) error {
		if r.Ageing != d.rules.Ageing {
			d.image = d.image.Aged(r.Ageing)
		}
		d.rules = r
		return nil
	})
}

// View is what the board looks like, for walls and gauges.
type View struct {
	Now     hotline.Millis
	Stale   bool
	Agents  []Agent
	Waiting []hotline.Place
}

// View reads the image. Unlike what changes the board it gives up with ctx.
func (d *Dispatcher) View(ctx context.Context) (View, error) {
	seen := make(chan View, 1)
	read := func(context.Context) {
		seen <- View{
			Now: d.boardNow(), Stale: d.stale,
			Agents: slices.Collect(d.image.Agents()), Waiting: slices.Collect(d.image.Places()),
		}
	}
	for work := d.work; ; work = nil {
		select {
		case work <- read:
			continue
		case v := <-seen:
			return v, nil
		case <-ctx.Done():
			return View{}, context.Cause(ctx)
		case <-d.done:
			return View{}, hotline.Errorf(hotline.Unavailable, "the routing has stopped")
		}
	}
}
