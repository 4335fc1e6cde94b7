package chaos

import (
	"context"
	"time"

	"hotline/phone"
)

// calls is one citizen's call from its beginning to its end.
func (l *load) calls(n int, c *Caller) {
	defer l.do(func() { l.there-- })
	call, err := l.lines[n%len(l.lines)].Dial(context.Background(), "12345", phone.DialOptions{From: &phone.Identity{Number: c.Number}})
	if err != nil {
		l.do(func() { c.Err = err.Error() })
		return
	}
	defer l.ended(c, call)
	talks := make(chan struct{}) // he hears an agent
	waits := make(chan struct{}) // he hears the queue's words
	menu := make(chan struct{}, 1)
	e := &ear{call: call,
		voice: func(id uint32, at time.Time) {
			if int(id) < citizenLegs && heardIn(l, c.Heard, int(id), at) {
				closeOnce(talks)
			}
		},
		prompt: func(name string, at time.Time) { l.prompt(c, name, at, waits, menu) },
	}
	listens, over := context.WithCancel(l.ctx)
	defer over()
	l.all.Go(func() { l.listen(listens, call, e) })
	if _, err := call.Wait(l.ctx, phone.Answered); err != nil {
		l.hangs(call, &c.Hung)
		return
	}
	l.all.Go(func() { l.answers(call, talks, citizenLegs+uint32(n)) })
	l.asks(c, call, menu, waits, talks)
	l.stays(c, call, talks)
}

// heardIn is heard under the log's lock; true only the first time of all voices.
func heardIn(l *load, spans map[int]Span, who int, at time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return heard(spans, who, at) && len(spans) == 1
}

func closeOnce(c chan struct{}) {
	select {
	case <-c:
	default:
		close(c)
	}
}

// prompt notes what the hotline says to a citizen.
func (l *load) prompt(c *Caller, name string, at time.Time, waits, menu chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch name {
	case menuPrompt:
		c.Menus = append(c.Menus, at)
		select {
		case menu <- struct{}{}:
		default:
		}
	case waitPrompt:
		if c.Queued.IsZero() {
			c.Queued = at
		}
		closeOnce(waits)
	case sorryPrompt:
		l.sorry++
	}
}

// listen reads a call's sound until the call is over, to its end.
func (l *load) listen(ctx context.Context, c *phone.Call, e *ear) {
	tick := time.NewTicker(listenEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			e.listen()
		case <-c.Done():
			e.listen()
			return
		case <-ctx.Done():
			return
		}
	}
}

// asks presses the key once the menu is heard, and again whenever the menu is
// said again: a key that was pressed while no controller served is lost.
func (l *load) asks(c *Caller, call *phone.Call, menu, waits, talks chan struct{}) {
	for {
		select {
		case <-menu:
		case <-waits:
			return
		case <-talks:
			return
		case <-call.Done():
			return
		case <-l.ctx.Done():
			return
		case <-time.After(5 * time.Second): // he heard nothing he knows
		}
		if !l.rest(call, l.some(400*time.Millisecond)) {
			return
		}
		l.do(func() {
			if c.Asked.IsZero() {
				c.Asked = time.Now()
			}
		})
		if call.Press(l.ctx, queueKey) != nil {
			return
		}
	}
}

// answers speaks from when he hears an agent: who waits says nothing.
func (l *load) answers(call *phone.Call, talks chan struct{}, id uint32) {
	select {
	case <-talks:
		l.speak(call, id)
	case <-call.Done():
	case <-l.ctx.Done():
	}
}

// stays waits for an agent, and talks; one in thirty gives up waiting, and every
// other talk is ended by the citizen.
func (l *load) stays(c *Caller, call *phone.Call, talks chan struct{}) {
	var enough <-chan time.Time
	if l.chance(30) {
		enough = time.After(l.some(4 * time.Second))
	}
	select {
	case <-talks:
	case <-enough:
		l.hangs(call, &c.Hung)
		return
	case <-call.Done():
		return
	case <-l.ctx.Done():
		l.hangs(call, &c.Hung)
		return
	}
	if l.chance(2) {
		l.rest(call, l.length())
		l.hangs(call, &c.Hung)
		return
	}
	select {
	case <-call.Done():
	case <-l.ctx.Done():
		l.hangs(call, &c.Hung)
	}
}

// hangs hangs up, unless the other side did already.
func (l *load) hangs(call *phone.Call, hung *time.Time) {
	select {
	case <-call.Done():
		return
	default:
	}
	l.do(func() { *hung = time.Now() })
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = call.Hangup(ctx)
}

// ended waits for the call's end and notes it.
func (l *load) ended(c *Caller, call *phone.Call) {
	<-call.Done()
	end := call.Ending()
	l.do(func() {
		c.ID, c.Ended, c.ByThem = call.ID(), end.At, end.By == phone.Them
		if end.By == phone.Them {
			c.Hung = time.Time{} // they were quicker
		}
		if end.Err != nil {
			c.Err = end.Err.Error()
		}
	})
}
