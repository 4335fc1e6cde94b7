package routing

import (
	"context"
	"slices"

	"hotline"
)

// Join takes a place for a call; a call that has one keeps it and its order, in
// the queue it names now, unless a phone rings for it already. One that was taken up
// while an agent had it, perhaps in a talk, gets his offer (Place.Answered). n is kept
// in the same step; kept tells whether it was. When the board is away the caller waits
// all the same: the image gives him a place behind everybody, and the board learns of
// it later, but not of n.
func (d *Dispatcher) Join(ctx context.Context, w Wish, n Note) (got hotline.Place, kept bool, err error) {
	err = d.do(ctx, func(ctx context.Context) {
		if d.seekers[w.Call] == nil {
			d.seekers[w.Call] = &seeker{found: make(chan hotline.Offer, 1)}
		}
		changes := n.change()
		p, ok := d.image.Place(w.Call)
		if !ok {
			p = hotline.Place{Call: w.Call, Queue: w.Queue, Needs: slices.Clone(w.Needs), Priority: w.Priority, Seq: w.Seq, Since: w.Since}
		}
		l := d.takenUp(w.Call)
		if d.guessed[w.Call] && ok && w.Seq != 0 { // what he brings is where he stood
			p.Queue, p.Needs, p.Priority, p.Seq, p.Since = w.Queue, slices.Clone(w.Needs), w.Priority, w.Seq, w.Since
			changes = append(changes, Change{Place: &p})
		}
		delete(d.guessed, w.Call)
		switch {
		case l != nil: // he is served, whatever his record says
			l.taken = false
		case !ok:
			changes = append(changes, Change{Place: &p})
		case p.Offer == 0 && !(p.Queue == w.Queue && slices.Equal(p.Needs, w.Needs)): // elsewhere, where he stood
			p.Queue, p.Needs = w.Queue, slices.Clone(w.Needs)
			changes = append(changes, Change{Place: &p})
		}
		kept = d.commit(ctx, changes...)
		if l != nil {
			got, got.Answered = p, l.offer
		} else {
			got, _ = d.image.Place(w.Call)
		}
	})
	return got, kept, err
}

// change is what is to be committed of a note.
func (n Note) change() []Change {
	if n.Call == "" {
		return nil
	}
	return []Change{{Note: &n}}
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
// back one that has ended since. One that was joined already is not given again: who asks
// once more has lost his agent, whose leg is on its way out.
func (d *Dispatcher) remind(call hotline.CallID, s *seeker) {
	select {
	case <-s.found:
	default:
	}
	for _, l := range d.legs {
		if l.offer.Call != call || !l.answered || l.dead {
			continue
		}
		if a, _ := d.image.Agent(l.offer.Agent); a.State != Talking || a.Offer != l.offer.ID {
			s.give(l.offer)
		}
	}
}

// takenUp gives the leg of the agent who had the call when it was taken up; nil: none
// had, or it has asked before.
func (d *Dispatcher) takenUp(call hotline.CallID) *leg {
	for _, l := range d.legs {
		if l.offer.Call == call && l.taken && !l.dead {
			return l
		}
	}
	return nil
}

// Joined tells that the caller and the agent of o talk: the place is given up.
// n is kept in the same step; kept tells whether it was. It is a Conflict when the
// agent's leg is gone, or was given up; then nothing is kept.
func (d *Dispatcher) Joined(ctx context.Context, o hotline.Offer, n Note) (kept bool, err error) {
	var conflict error
	if err := d.do(ctx, func(ctx context.Context) {
		l := d.legs[o.Agent]
		a, ok := d.image.Agent(o.Agent)
		if l == nil || l.dead || l.offer.ID != o.ID || !ok || a.Offer != o.ID {
			conflict = hotline.Errorf(hotline.Conflict, "agent %s is no longer there for call %s", o.Agent, o.Call)
			return
		}
		l.taken = false
		changes := n.change()
		if a.State != Talking {
			changes = append(changes, d.to(a, Join, ""))
		}
		if p, ok := d.image.Place(o.Call); ok {
			changes = append(changes, Change{Place: &p, Gone: true})
		}
		kept = d.commit(ctx, changes...)
	}); err != nil {
		return false, err
	}
	return kept, conflict
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
		delete(d.guessed, call)
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
