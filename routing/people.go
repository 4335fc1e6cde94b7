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

// Leg is an agent's leg that exists in Asterisk.
type Leg struct {
	Agent hotline.AgentID
	Offer hotline.OfferID
	Rang  bool // rings or rang
	Up    bool // answered
}

// Node is one of several Asterisks, and which calls are on it.
type Node struct {
	Name string
	Has  func(hotline.CallID) bool
}

// OneNode is the Asterisk of a hotline that has no other.
func OneNode() Node { return Node{Has: func(hotline.CallID) bool { return true }} }

// Away tells that the Asterisk is not connected: its callers keep their places and
// are offered to nobody, those of other Asterisks are, until Sync.
func (d *Dispatcher) Away(ctx context.Context, n Node) error {
	return d.act(ctx, func(context.Context) error {
		d.away[n.Name] = n
		d.setApart()
		return nil
	})
}

// setApart tells the image whose callers cannot be offered.
func (d *Dispatcher) setApart() {
	if len(d.away) == 0 {
		d.image.Apart(nil)
		return
	}
	d.image.Apart(func(id hotline.CallID) bool {
		for _, n := range d.away {
			if n.Has(id) {
				return true
			}
		}
		return false
	})
}

// Sync tells which legs and calls exist on an Asterisk, after it was connected.
// Offers in flight go on or are undone, places of calls that are no more are given
// up; from the first Sync on callers are offered. An Asterisk that is given up has
// no legs and no calls.
func (d *Dispatcher) Sync(ctx context.Context, n Node, legs []Leg, alive func(hotline.CallID) bool) error {
	return d.act(ctx, func(ctx context.Context) error {
		if !d.loaded {
			d.restore(ctx)
		}
		if !d.loaded {
			return hotline.Errorf(hotline.Unavailable, "the board cannot be read")
		}
		if _, ok := d.away[n.Name]; ok {
			delete(d.away, n.Name)
			d.setApart()
		}
		var lost []hotline.Place
		for p := range d.image.Places() {
			if n.Has(p.Call) && !alive(p.Call) {
				lost = append(lost, p)
			}
		}
		for _, p := range lost {
			d.commit(ctx, Change{Place: &p, Gone: true})
		}
		d.syncLegs(ctx, n, legs, alive)
		d.synced = true
		early := d.early
		d.early = nil
		for _, news := range early {
			d.news(ctx, news)
		}
		d.stale = true // what was assumed before is written in one go
		d.restore(ctx)
		return nil
	})
}

func (d *Dispatcher) syncLegs(ctx context.Context, n Node, legs []Leg, alive func(hotline.CallID) bool) {
	exists := map[hotline.AgentID]Leg{}
	for _, l := range legs {
		old, two := exists[l.Agent]
		if two && old.Offer > l.Offer {
			old, l = l, old
		}
		exists[l.Agent] = l
		if two { // he hung up, and rings again already
			d.phones.Cancel(ctx, hotline.Offer{ID: old.Offer, Agent: old.Agent})
		}
	}
	for _, a := range slices.Collect(d.image.Agents()) {
		if a.State != Offered && a.State != Talking || !n.Has(a.Call) {
			continue
		}
		there, ok := exists[a.ID]
		delete(exists, a.ID)
		l := d.legs[a.ID]
		if l == nil || l.offer.ID != a.Offer {
			l = &leg{offer: hotline.Offer{ID: a.Offer, Call: a.Call, Agent: a.ID, Phone: a.Phone}}
			if p, ok := d.image.Place(a.Call); ok {
				l.offer.Queue = p.Queue
			}
			if a.State == Offered {
				l.offer.At = a.Since
			}
			d.legs[a.ID] = l
		}
		l.rang = l.rang || ok && there.Rang && there.Offer == a.Offer
		switch {
		case !ok || there.Offer != a.Offer:
			l.dead = true // whatever it was, no fault of his
			d.gone(ctx, l, WhyEnded)
		case !alive(a.Call):
			if d.abandon(ctx, l) { // for Leave, which comes when the call is closed
				d.seekers[a.Call] = &seeker{found: make(chan hotline.Offer, 1), left: l.offer}
			}
			if !l.dead { // a talk
				l.dead = true
				d.phones.Cancel(ctx, l.offer)
			}
		case there.Up && a.State == Offered:
			d.answered(ctx, l)
		}
	}
	for id, l := range exists { // legs of nobody
		d.phones.Cancel(ctx, hotline.Offer{ID: l.Offer, Agent: id})
	}
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
