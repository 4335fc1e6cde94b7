package routing

import (
	"context"
	"slices"

	"hotline"
)

// Join takes a place for a call; a call that has one keeps it and its order, in
// the queue it names now, unless a phone rings for it already. When the board
// is away the caller waits all the same: the image gives him a place behind
// everybody, and the board learns of it later.
func (d *Dispatcher) Join(ctx context.Context, w Wish) (hotline.Place, error) {
	// Begun, it is done, also when the caller hangs up meanwhile: a place that
	// only the board knew of would stay there for ever. The store bounds it.
	ctx = context.WithoutCancel(ctx)
	place, err := d.store.Join(ctx, w)
	var got hotline.Place
	submitErr := d.do(ctx, func(ctx context.Context) {
		if d.seekers[w.Call] == nil {
			d.seekers[w.Call] = &seeker{found: make(chan hotline.Offer, 1)}
		}
		if p, ok := d.image.Place(w.Call); ok {
			got = d.move(ctx, p, w)
			return
		}
		if err != nil {
			d.lost("join", err)
			place = d.behind(w)
		}
		got = place
		d.image.Put(place)
		d.commit(ctx)
	})
	return got, submitErr
}

// move has a caller wait in another queue, where he stood. Not while an offer
// holds him, for then a person is on the way; nor while the board cannot be told.
func (d *Dispatcher) move(ctx context.Context, p hotline.Place, w Wish) hotline.Place {
	if p.Queue == w.Queue && slices.Equal(p.Needs, w.Needs) || p.Offer != 0 || d.stale {
		return p
	}
	w.Seq, w.Since = p.Seq, p.Since
	err := d.store.Leave(ctx, w.Call)
	moved := p
	if err == nil {
		moved, err = d.store.Join(ctx, w)
	}
	if err != nil {
		d.lost("move", err) // restored with the place he has here
		return p
	}
	d.image.Put(moved)
	d.commit(ctx)
	return moved
}

// behind makes a place behind everybody, for a caller whom the board could not
// be told of.
func (d *Dispatcher) behind(w Wish) hotline.Place {
	p := hotline.Place{Call: w.Call, Queue: w.Queue, Needs: w.Needs, Priority: w.Priority, Seq: w.Seq, Since: w.Since}
	if p.Seq == 0 {
		p.Since = d.boardNow()
		for other := range d.image.Places() {
			p.Seq = max(p.Seq, other.Seq)
		}
		p.Seq++
	}
	return p
}

// Await returns the offer for which an agent has picked up.
func (d *Dispatcher) Await(ctx context.Context, call hotline.CallID) (hotline.Offer, error) {
	var s *seeker
	if err := d.do(ctx, func(context.Context) {
		s = d.seekers[call]
		if s == nil {
			s = &seeker{found: make(chan hotline.Offer, 1)}
			d.seekers[call] = s
		}
		d.remind(call, s)
	}); err != nil {
		return hotline.Offer{}, err
	}
	select {
	case o := <-s.found:
		return o, nil
	case <-ctx.Done():
		return hotline.Offer{}, context.Cause(ctx)
	case <-d.done:
		return hotline.Offer{}, hotline.Errorf(hotline.Unavailable, "the routing has stopped")
	}
}

// remind gives the call the offer that was answered before it asked, and takes
// back one that has ended since.
func (d *Dispatcher) remind(call hotline.CallID, s *seeker) {
	select {
	case <-s.found:
	default:
	}
	for _, l := range d.legs {
		if l.offer.Call == call && l.answered && !l.dead {
			s.give(l.offer)
		}
	}
}

// Joined tells that the caller and the agent of o talk: the place is given up.
// It is a Conflict when the agent's leg is gone, or was given up.
func (d *Dispatcher) Joined(ctx context.Context, o hotline.Offer) error {
	var conflict error
	if err := d.do(ctx, func(ctx context.Context) {
		l := d.legs[o.Agent]
		a, ok := d.image.Agent(o.Agent)
		if l == nil || l.dead || l.offer.ID != o.ID || !ok || a.Offer != o.ID {
			conflict = hotline.Errorf(hotline.Conflict, "agent %s is no longer there for call %s", o.Agent, o.Call)
			return
		}
		var changes []Change
		if a.State != Talking {
			changes = append(changes, d.to(a, Join, ""))
		}
		if p, ok := d.image.Place(o.Call); ok {
			changes = append(changes, Change{Place: &p, Gone: true})
		}
		d.commit(ctx, changes...)
	}); err != nil {
		return err
	}
	return conflict
}

// Leave gives up the call's place and any offer under way, and forgets the
// call. It returns the offer whose phone rang or was answered (ID 0: none) and
// how many phones were rung for the call in all.
func (d *Dispatcher) Leave(ctx context.Context, call hotline.CallID) (hotline.Offer, int) {
	var under hotline.Offer
	var offers int
	err := d.do(ctx, func(ctx context.Context) {
		if s := d.seekers[call]; s != nil {
			offers, under = s.offers, s.left
			delete(d.seekers, call)
		}
		for _, l := range d.legs {
			if l.offer.Call == call && d.abandon(ctx, l) {
				under = l.offer
			}
		}
		if p, ok := d.image.Place(call); ok {
			d.commit(ctx, Change{Place: &p, Gone: true})
		}
	})
	if err != nil {
		return hotline.Offer{}, offers
	}
	return under, offers
}

// abandon cancels a leg whose caller left, and tells whether his phone rang at
// that moment. A talk is ended by the line itself.
func (d *Dispatcher) abandon(ctx context.Context, l *leg) bool {
	a, ok := d.image.Agent(l.offer.Agent)
	if ok && a.State == Talking || l.undone != "" {
		return false
	}
	if !l.dead {
		l.dead = true
		d.phones.Cancel(ctx, l.offer)
		if ok {
			a.Deadline = d.boardNow().Add(d.rules.Lifetime)
			d.image.PutAgent(a)
		}
	}
	return l.rang || l.answered
}

// Position is how many callers stand before this one in its queue.
func (d *Dispatcher) Position(call hotline.CallID) int {
	n := 0
	_ = d.do(context.Background(), func(context.Context) { n = d.image.Position(call) })
	return n
}

// ring begins an offer's leg.
func (d *Dispatcher) ring(ctx context.Context, o hotline.Offer) {
	l := &leg{offer: o}
	d.legs[o.Agent] = l
	if s := d.seekers[o.Call]; s != nil {
		s.offers++
	}
	call(d.ears.Offered, o)
	if err := d.phones.Ring(ctx, o); err != nil {
		if d.ears.Trouble != nil {
			d.ears.Trouble("ring", err)
		}
		d.gone(ctx, l, WhyNoPhone)
	}
}
