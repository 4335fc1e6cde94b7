package routing

import (
	"context"
	"slices"
	"time"

	"hotline"
)

// An offer is a small saga – reserve, ring, answer, join – and every part of it
// has its undo. An agent is free again only when his leg is gone, or he hung up: then
// his phone really is.

// Tell brings news of a leg. It does not wait.
func (d *Dispatcher) Tell(n LegNews) {
	select {
	case d.work <- func(ctx context.Context) { d.news(ctx, n) }:
	case <-d.done:
	}
}

func (d *Dispatcher) news(ctx context.Context, n LegNews) {
	if !d.synced { // of a leg that Sync is about to tell of
		d.early = append(d.early, n)
		return
	}
	l := d.legs[n.Agent]
	if l == nil || l.offer.ID != n.Offer {
		if a, ok := d.image.Agent(n.Agent); ok && a.Offer == n.Offer && len(d.away) > 0 {
			d.early = append(d.early, n) // of an Asterisk that is about to be told of
		}
		return // of another offer
	}
	switch n.News {
	case Rang:
		l.rang = true
		call(d.ears.Rang, l.offer)
	case Answered:
		d.answered(ctx, l)
	case Gone:
		d.gone(ctx, l, n.Why)
	}
}

// answered gives the offer to its call, unless it was given up meanwhile.
func (d *Dispatcher) answered(ctx context.Context, l *leg) {
	if l.dead {
		d.phones.Cancel(ctx, l.offer)
		return
	}
	l.answered = true
	if a, ok := d.image.Agent(l.offer.Agent); ok {
		a.Deadline = d.boardNow().Add(joinWithin)
		d.image.PutAgent(a)
	}
	if s := d.seekers[l.offer.Call]; s != nil {
		s.give(l.offer)
	}
}

// joinWithin is how long an answered agent waits for his caller; it bounds a
// call that hangs.
const joinWithin = 10 * time.Second

func (s *seeker) give(o hotline.Offer) {
	select {
	case s.found <- o:
	default:
	}
}

// undo gives an offer up: the caller waits again where he stood, at once; the
// leg is cancelled.
func (d *Dispatcher) undo(ctx context.Context, l *leg, why Why) {
	l.dead, l.undone = true, why
	d.phones.Cancel(ctx, l.offer)
	if a, ok := d.image.Agent(l.offer.Agent); ok {
		a.Deadline = d.boardNow().Add(d.rules.Lifetime)
		d.image.PutAgent(a)
	}
	if p, ok := d.image.Place(l.offer.Call); ok && p.Offer == l.offer.ID {
		p.Offer = 0
		d.commit(ctx, Change{Place: &p})
	}
	callWhy(d.ears.Undone, l.offer, why)
}

// overdue looks after an offered agent whose time is over although his leg was
// answered or cancelled: the leg is cancelled again, which tells Gone.
func (d *Dispatcher) overdue(ctx context.Context, a Agent, l *leg) {
	if l == nil {
		l = &leg{offer: hotline.Offer{ID: a.Offer, Call: a.Call, Agent: a.ID, Phone: a.Phone}}
		d.legs[a.ID] = l
	}
	d.undo(ctx, l, l.undone)
}

// gone frees the agent, and the caller if he still waits for him; in the same
// commit the next caller is reserved.
func (d *Dispatcher) gone(ctx context.Context, l *leg, why Why) {
	delete(d.legs, l.offer.Agent)
	if l.undone != "" {
		why = l.undone
	}
	var changes []Change
	if p, ok := d.image.Place(l.offer.Call); ok && p.Offer == l.offer.ID {
		p.Offer = 0
		changes = append(changes, Change{Place: &p})
		callWhy(d.ears.Undone, l.offer, why)
	}
	a, ok := d.image.Agent(l.offer.Agent)
	if ok && a.Offer == l.offer.ID {
		c := d.after(a, l, why)
		changes = append(changes, c)
		if c.Within == 0 && slices.Contains(ownPauses[:], c.Agent.Reason) {
			d.paused(a.ID, c.Agent.Reason)
		}
	}
	d.commit(ctx, changes...)
}

// ownPauses are the reasons of pauses that no person asked for; with an end of
// their own they are a rest.
var ownPauses = [...]hotline.Reason{PauseDeclined, PauseNoAnswer, PausePhoneGone}

func (d *Dispatcher) paused(id hotline.AgentID, reason hotline.Reason) {
	if d.ears.Paused != nil {
		d.ears.Paused(id, reason)
	}
}

// after is what becomes of an agent whose leg is gone.
func (d *Dispatcher) after(a Agent, l *leg, why Why) Change {
	talked := a.State == Talking
	a.Call, a.Offer = "", 0
	switch {
	case talked:
		a.Misses = 0
		return d.to(a, HangUp, "")
	case l.dead && l.undone == "": // the caller left: no fault of his
		return d.to(a, Release, "")
	case why == WhyNoPhone:
		return d.to(a, LosePhone, PausePhoneGone)
	case why == WhyNotRung: // no miss; but at once again would be one more for an Asterisk that cannot
		return d.to(a, Decline, PauseNotRung)
	case why == WhyNoAnswer:
		a.Misses++
		return d.to(a, NoAnswer, PauseNoAnswer)
	case why == WhyDeclined || !l.answered:
		a.Misses++
		return d.to(a, Decline, PauseDeclined)
	default: // answered, and hung up before the two were joined
		return d.to(a, Release, "")
	}
}

// to is the change that verb v makes to a; what the table does not have leaves
// the agent as he is. It knows what each state lasts.
func (d *Dispatcher) to(a Agent, v Verb, reason hotline.Reason) Change {
	state, ok := a.State.Next(v)
	if !ok {
		return Change{Agent: &a}
	}
	c := Change{Agent: &a, Since: state != a.State}
	a.State, a.Reason = state, ""
	if state == WrapUp && d.rules.WrapUp == 0 {
		a.State = Free
	}
	switch {
	case (a.State == Free || a.State == WrapUp) && a.Then == signingOut:
		a.State, a.Then, c.Gone = Offline, "", true
	case (a.State == Free || a.State == WrapUp) && a.Then != "":
		a.State, a.Reason, a.Then = Paused, a.Then, ""
	case a.State == WrapUp:
		c.Within = d.rules.WrapUp
	case a.State == Paused:
		a.Reason = reason
		if v == NoAnswer || v == Decline {
			c.Within = d.rest(a)
		}
	case a.State == Offline:
		c.Gone = true
	}
	if a.State == Free && a.Offer == 0 {
		a.Call = ""
	}
	return c
}

// rest is how long a missed offer pauses; 0 is until the agent is ready.
func (d *Dispatcher) rest(a Agent) time.Duration {
	if a.Misses >= d.rules.Misses {
		return 0
	}
	return d.rules.Rest
}

func call(f func(hotline.Offer), o hotline.Offer) {
	if f != nil {
		f(o)
	}
}

func callWhy(f func(hotline.Offer, Why), o hotline.Offer, why Why) {
	if f != nil {
		f(o, why)
	}
}
