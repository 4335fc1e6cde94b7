package routing

import (
	"cmp"
	"context"
	"slices"

	"hotline"
)

// Leg is an agent's leg that exists in Asterisk.
type Leg struct {
	Offer hotline.Offer // as it was rung; ID and Agent at least, of one that an earlier version rang only these
	Rang  bool          // rings or rang
	Up    bool          // answered
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
// Offers in flight go on or are undone, also those that the board has lost; places of
// calls that are no more are given up; from the first Sync on callers are offered. An
// Asterisk that is given up has no legs and no calls.
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
		d.stale = true // nobody is offered before all is known; it is written in one go
		var lost []hotline.Place
		for p := range d.image.Places() {
			if n.Has(p.Call) && !alive(p.Call) {
				lost = append(lost, p)
			}
		}
		for _, p := range lost {
			d.commit(ctx, Change{Place: &p, Gone: true})
		}
		exists := d.newest(ctx, legs)
		d.believe(ctx, n, exists, alive)
		d.syncLegs(ctx, n, exists, alive)
		d.synced = true
		early := d.early
		d.early = nil
		for _, news := range early {
			d.news(ctx, news)
		}
		d.restore(ctx)
		return nil
	})
}

// newest gives the leg of each agent. Of two he hung up the older one, and rings again
// already.
func (d *Dispatcher) newest(ctx context.Context, legs []Leg) map[hotline.AgentID]Leg {
	exists := map[hotline.AgentID]Leg{}
	for _, l := range legs {
		old, two := exists[l.Offer.Agent]
		if two && old.Offer.ID > l.Offer.ID {
			old, l = l, old
		}
		exists[l.Offer.Agent] = l
		if two {
			d.phones.Cancel(ctx, old.Offer)
		}
	}
	return exists
}

// believe puts offers back that the board has lost: a leg with a number that the board
// had not given when it was read is newer than the board, which came back without its
// last steps, or without any. So a talk goes on as one, and a telephone that rings is
// not rung anew. Later the image knows better.
func (d *Dispatcher) believe(ctx context.Context, n Node, exists map[hotline.AgentID]Leg, alive func(hotline.CallID) bool) {
	if d.met[n.Name] {
		return
	}
	d.met[n.Name] = true
	var lost []hotline.Offer
	for _, l := range exists {
		if o := l.Offer; o.ID > d.given && o.Call != "" && alive(o.Call) {
			lost = append(lost, o)
		}
	}
	slices.SortFunc(lost, func(a, b hotline.Offer) int { return cmp.Compare(a.ID, b.ID) })
	for _, o := range lost { // of two for one caller the later one holds
		d.offer = max(d.offer, o.ID)
		var changes []Change
		a, known := d.image.Agent(o.Agent)
		if p, waits := d.image.Place(a.Call); waits && p.Offer == a.Offer { // whom he was offered before
			p.Offer = 0
			changes = append(changes, Change{Place: &p})
		}
		if l := d.legs[o.Agent]; l != nil { // rung meanwhile, though he is in a call
			d.phones.Cancel(ctx, l.offer)
		}
		if !known {
			d.assume(Change{Agent: unknown(o)})
		}
		if _, waits := d.image.Place(o.Call); !waits {
			d.assume(Change{Place: &hotline.Place{Call: o.Call, Queue: o.Queue}})
			d.guessed[o.Call] = true
		}
		d.commit(ctx, d.reserve(changes, []hotline.Offer{o})...)
	}
}

// unknown is an agent of whom only his leg is known: what he can do is not, until
// Recover tells it.
func unknown(o hotline.Offer) *Agent {
	a := &Agent{ID: o.Agent, Phone: o.Phone, State: Offered}
	if !o.Agent.OnDuty() {
		a.Then = PauseRecovered
	}
	return a
}

// syncLegs pairs the agents of the board with the legs that exist.
func (d *Dispatcher) syncLegs(ctx context.Context, n Node, exists map[hotline.AgentID]Leg, alive func(hotline.CallID) bool) {
	for _, a := range slices.Collect(d.image.Agents()) {
		if a.State != Offered && a.State != Talking || !n.Has(a.Call) {
			continue
		}
		there, ok := exists[a.ID]
		if ok = ok && there.Offer.ID == a.Offer; ok {
			delete(exists, a.ID)
		}
		l := d.legs[a.ID]
		p, waits := d.image.Place(a.Call)
		if l == nil || l.offer.ID != a.Offer {
			l = &leg{offer: hotline.Offer{ID: a.Offer, Call: a.Call, Agent: a.ID, Phone: a.Phone,
				Queue: cmp.Or(p.Queue, there.Offer.Queue), At: cmp.Or(there.Offer.At, a.Since)}}
			d.legs[a.ID] = l
		}
		l.rang = l.rang || ok && there.Rang
		switch {
		case !ok:
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
		case a.State == Offered && !l.dead && !(waits && p.Offer == a.Offer):
			l.dead = true // given up, by who was gone before the phone heard of it
			d.phones.Cancel(ctx, l.offer)
		case there.Up && a.State == Offered:
			d.answered(ctx, l)
			l.taken = !l.dead
		case a.State == Talking:
			l.taken = true
		}
	}
	for _, l := range exists { // legs of nobody
		d.phones.Cancel(ctx, l.Offer)
	}
}
