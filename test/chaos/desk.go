package chaos

import (
	"context"
	"time"

	"hotline/live/fact"
	"hotline/phone"
	"hotline/routing"
	"hotline/test/rig"
)

// meets is what an agent does when the telephone rings: one in forty declines.
func (l *load) meets(*phone.Call) phone.Policy {
	if l.chance(40) {
		return phone.Decline(l.some(200*time.Millisecond), 486)
	}
	return phone.Answer(l.some(200 * time.Millisecond))
}

// sit takes the calls of one agent.
func (l *load) sit(agent string, desk *phone.Phone) {
	for {
		call, err := desk.NextCall(l.ctx)
		if err != nil {
			return
		}
		l.all.Go(func() { l.takes(agent, call) })
	}
}

// takes is one call to an agent's telephone.
func (l *load) takes(agent string, call *phone.Call) {
	g := &Leg{ID: call.ID(), Agent: agent, Invited: call.Began(), Heard: map[int]Span{}}
	var id int
	l.do(func() {
		id = len(l.legs)
		l.legs = append(l.legs, g)
	})
	defer l.gone(g, call)
	talks := make(chan struct{})
	e := &ear{call: call, voice: func(who uint32, at time.Time) {
		if n := int(who) - citizenLegs; n >= 0 && n < 1<<20 && heardIn(l, g.Heard, n, at) {
			closeOnce(talks)
		}
	}}
	listens, over := context.WithCancel(l.ctx)
	defer over()
	l.all.Go(func() { l.listen(listens, call, e) })
	if at, err := call.Wait(l.ctx, phone.Answered); err != nil {
		return
	} else {
		l.do(func() { g.Answered = call.Began().Add(at.At) })
	}
	l.all.Go(func() { l.speak(call, uint32(id)) })
	select {
	case <-talks:
	case <-call.Done():
		return
	case <-l.ctx.Done():
	case <-time.After(20 * time.Second): // nobody there
	}
	l.do(func() { l.talking++ })
	defer l.do(func() { l.talking-- })
	if l.chance(2) { // else the citizen hangs up; not for ever
		l.rest(call, l.length())
	} else {
		l.rest(call, 2*l.length()+5*time.Second)
	}
	l.hangs(call, &g.Hung)
}

// gone notes how a call to an agent ended.
func (l *load) gone(g *Leg, call *phone.Call) {
	<-call.Done()
	end := call.Ending()
	l.do(func() {
		g.Ended, g.ByThem = end.At, end.By == phone.Them
		g.Declined = end.By == phone.Us && end.Code == 486
		if end.By == phone.Them {
			g.Hung = time.Time{}
		}
	})
}

// follow notes for whom the hotline says that it rings.
func (l *load) follow() {
	for l.ctx.Err() == nil {
		_ = l.r.Live.Follow(l.ctx, fact.Start, func(f fact.Fact) error {
			l.do(func() { l.fact(f) })
			return nil
		}) // emptied: from the beginning again
	}
}

func (l *load) fact(f fact.Fact) {
	at := f.At.Time().Local()
	for _, p := range f.Places {
		if p.Offer == 0 {
			l.undone(string(p.Call), at)
		}
	}
	for _, a := range f.Agents {
		if a.State != routing.Offered || a.Call == "" {
			continue
		}
		known := false
		for i := len(l.offers) - 1; i >= max(0, len(l.offers)-200) && !known; i-- {
			known = l.offers[i].ID == int64(a.Offer) && l.offers[i].Agent == string(a.ID)
		}
		if !known {
			l.undone(string(a.Call), at)
			l.offers = append(l.offers, Offer{Agent: string(a.ID), Call: string(a.Call), ID: int64(a.Offer), At: at})
		}
	}
}

// undone ends the last offer of a call.
func (l *load) undone(call string, at time.Time) {
	for i := len(l.offers) - 1; i >= 0; i-- {
		if o := &l.offers[i]; o.Call == call {
			if o.Until.IsZero() {
				o.Until = at
			}
			return
		}
	}
}

// attend has agents who were paused by the hotline itself be ready again at k, as
// they do who look at their screens; it gives how many there were.
func (l *load) attend(ctx context.Context, k *rig.Controller) (paused int) {
	b, err := l.r.Live.Load(ctx)
	if err != nil {
		return 0
	}
	for _, a := range b.Agents {
		if a.State == routing.Paused && a.Deadline == 0 && a.Reason != routing.PausePhoneGone && k.Ready(a.ID) == nil {
			paused++
		}
	}
	return paused
}
