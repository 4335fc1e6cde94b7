// Package memory plays stories of the script and the routing in no time: on the
// plain-memory board, with lines and telephones that behave – they take their
// time to speak, ring, decline, hang up – under testing/synctest.
package memory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/live/memory"
	"hotline/routing"
)

// Hall is a hotline in memory.
type Hall struct {
	Board *memory.Store
	Desk  *routing.Dispatcher
	Flow  *ivr.Flow

	phones *phones
	stop   context.CancelFunc
	began  time.Time
	done   sync.WaitGroup

	mu       sync.Mutex
	told     []string
	outcomes map[hotline.CallID]hotline.Outcome
}

// Open opens the hall. It must be called inside a synctest bubble.
func Open(flow *ivr.Flow, rules routing.Rules) *Hall {
	h := &Hall{Board: memory.New(), Flow: flow, began: time.Now(), outcomes: map[hotline.CallID]hotline.Outcome{}}
	h.phones = &phones{hall: h, desks: map[hotline.PhoneID]Desk{}, legs: map[hotline.AgentID]*leg{}}
	h.Desk = routing.New(h.Board, h.phones, rules, routing.Ears{}, time.Now)
	ctx, stop := context.WithCancel(context.Background())
	h.stop = stop
	h.done.Go(func() { h.Desk.Run(ctx, 1) })
	if err := h.Desk.Sync(ctx, routing.OneNode(), nil, func(hotline.CallID) bool { return false }); err != nil {
		panic(err)
	}
	return h
}

// Close ends everything and waits.
func (h *Hall) Close() {
	h.stop()
	h.done.Wait()
}

// Tell writes down what happened, with the second at which it did.
func (h *Hall) Tell(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, fmt.Sprintf("%6.2f  ", time.Since(h.began).Seconds())+fmt.Sprintf(format, args...))
}

// Story is all that happened, a line each.
func (h *Hall) Story() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.told, "\n") + "\n"
}

// Outcome is how a call ended, once it has.
func (h *Hall) Outcome(id hotline.CallID) (hotline.Outcome, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o, ok := h.outcomes[id]
	return o, ok
}

// Desk is how the telephone of an agent behaves.
type Desk struct {
	Answers  time.Duration // how long it rings before it is answered; 0 never
	Declines bool          // … or declined
	Talks    time.Duration // how long the agent talks; 0 until the caller hangs up
	Gone     bool          // not registered
	Unrung   bool          // Asterisk does not ring it in time, after Answers
}

// Agent signs an agent in at a telephone that behaves so.
func (h *Hall) Agent(id hotline.AgentID, ph hotline.PhoneID, d Desk, skills ...hotline.Skill) {
	h.phones.put(ph, d)
	if err := h.Desk.SignIn(context.Background(), id, ph, skills); err != nil {
		panic(err)
	}
}

// At runs f in its own goroutine at this second of the story.
func (h *Hall) At(second float64, f func()) {
	h.done.Go(func() {
		time.Sleep(time.Until(h.began.Add(time.Duration(second * float64(time.Second)))))
		f()
	})
}

// Caller is what a citizen does.
type Caller struct {
	Keys    string        // pressed one after the other, when asked or while waiting; a blank is a pause
	HangsUp time.Duration // so long after he called; 0 never
	Patient bool
	Pauses  int // how often, a second apart, the agent pauses the recording or has it go on
}

// Call plays a call to its end.
func (h *Hall) Call(id hotline.CallID, c Caller) {
	h.done.Go(func() {
		ctx, end := context.WithCancelCause(context.Background())
		defer end(nil)
		l := &line{hall: h, id: id, keys: c.Keys, pauses: c.Pauses}
		if c.HangsUp > 0 {
			timer := time.AfterFunc(c.HangsUp, func() {
				h.Tell("%s hangs up", id)
				end(ivr.ErrHungUp)
			})
			defer timer.Stop()
		}
		h.Tell("%s calls", id)
		rec := &ivr.Record{Facts: hotline.Outcome{Call: id, Arrived: time.Now()}}
		call := &ivr.Call{Record: rec, Line: l, Machine: l, Queue: queue{h.Desk}, Now: time.Now,
			Save: func(context.Context, *ivr.Record) bool { return true }}
		h.Flow.Start(call)
		err := h.Flow.Play(ctx, call, func(step string, err error) { h.Tell("%s: step %s failed: %v", id, step, err) })
		h.close(rec, err)
	})
}

// queue is the routing as the script sees it; no record is kept here.
type queue struct{ *routing.Dispatcher }

func (q queue) Join(ctx context.Context, w hotline.Wish, _ *ivr.Record) (hotline.Place, error) {
	p, _, err := q.Dispatcher.Join(ctx, w, routing.Note{})
	return p, err
}

func (q queue) Joined(ctx context.Context, o hotline.Offer, _ *ivr.Record) error {
	_, err := q.Dispatcher.Joined(ctx, o, routing.Note{})
	return err
}

// close books the call as the app does.
func (h *Hall) close(rec *ivr.Record, why error) {
	id := rec.Facts.Call
	under, offers := h.Desk.Leave(context.Background(), id)
	rec.Facts.Offers = max(rec.Facts.Offers, offers)
	by := hotline.SideCaller
	if why == nil {
		by = hotline.SideSystem
	}
	if rec.Facts.EndedBy != "" {
		by = rec.Facts.EndedBy
	}
	o := rec.Close(time.Now(), by, under.ID != 0)
	h.mu.Lock()
	h.outcomes[id] = o
	h.mu.Unlock()
	h.Tell("%s ended: %s by %s, agent %q, %d offers", id, o.End, o.EndedBy, o.Agent, o.Offers)
}

// line is a caller's line: prompts take a second each.
type line struct {
	hall *Hall
	id   hotline.CallID
	keys string

	pauses int
}

const (
	perPrompt = time.Second
	perKey    = 500 * time.Millisecond // pressed while he waits
)

func (l *line) speak(ctx context.Context, parts []ivr.Part) error {
	for _, p := range parts {
		if p.Prompt != "" {
			l.hall.Tell("%s hears %s", l.id, p.Prompt)
		}
		select {
		case <-time.After(perPrompt):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (l *line) Say(ctx context.Context, s ivr.Speech) error { return l.speak(ctx, s.Parts) }

func (l *line) Ask(ctx context.Context, q ivr.Question) (string, error) {
	if l.keys != "" {
		key := l.keys[:1]
		l.keys = l.keys[1:]
		return key, nil
	}
	if err := l.speak(ctx, q.Parts); err != nil {
		return "", err
	}
	select {
	case <-time.After(q.Silence):
		return "", nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

func (l *line) Wait(ctx context.Context, w ivr.Waiting) error {
	for ; w.Pressed != nil && l.keys != ""; l.keys = l.keys[1:] {
		select {
		case <-time.After(perKey):
		case <-ctx.Done():
			return nil
		}
		if l.keys[0] != ' ' { // he thinks
			l.hall.Tell("%s presses %c", l.id, l.keys[0])
			w.Pressed(l.keys[0])
		}
	}
	if l.speak(ctx, w.First) == nil && w.Heard != nil {
		w.Heard()
	}
	for w.Every > 0 && w.Next != nil {
		select {
		case <-time.After(w.Every):
		case <-ctx.Done():
			return nil
		}
		for _, p := range w.Next() {
			if p.Prompt == "" {
				l.hall.Tell("%s is told: %d before you", l.id, p.Number)
			}
		}
	}
	<-ctx.Done()
	return nil
}

func (l *line) Talk(ctx context.Context, t ivr.Talk) (ivr.TalkEnd, error) {
	leg := l.hall.phones.leg(t.Offer)
	if leg == nil {
		return ivr.TalkEnd{By: hotline.SideAgent, Unjoined: true}, nil
	}
	l.hall.Tell("%s talks with %s", l.id, t.Offer.Agent)
	for on := range l.pauses {
		select {
		case <-time.After(time.Second):
		case <-leg.left:
			return ivr.TalkEnd{By: hotline.SideAgent}, nil
		}
		if err := t.Mark(on%2 == 0, false); err != nil {
			l.hall.Tell("%s: the recording is not paused: %v", l.id, err)
		}
	}
	select {
	case <-leg.left:
		return ivr.TalkEnd{By: hotline.SideAgent}, nil
	case <-ctx.Done():
		l.hall.phones.Cancel(ctx, t.Offer)
		return ivr.TalkEnd{By: hotline.SideCaller}, context.Cause(ctx)
	}
}

func (l *line) End(context.Context) error { return nil }

func (l *line) Take(ctx context.Context, s ivr.Speech, name string, longest time.Duration) (string, error) {
	if err := l.speak(ctx, s.Parts); err != nil {
		return "", err
	}
	select {
	case <-time.After(min(longest, 5*time.Second)):
		return name + ".wav", nil
	case <-ctx.Done():
		return name + ".wav", context.Cause(ctx)
	}
}

// phones are the agents' telephones.
type phones struct {
	hall  *Hall
	mu    sync.Mutex
	desks map[hotline.PhoneID]Desk
	legs  map[hotline.AgentID]*leg
}

type leg struct {
	offer hotline.Offer
	left  chan struct{}
	once  sync.Once
}

func (p *phones) put(id hotline.PhoneID, d Desk) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.desks[id] = d
}

func (p *phones) leg(o hotline.Offer) *leg {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.legs[o.Agent]; l != nil && l.offer.ID == o.ID {
		return l
	}
	return nil
}

func (p *phones) Ring(_ context.Context, o hotline.Offer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.desks[o.Phone]
	if d.Gone {
		return hotline.Errorf(hotline.Unavailable, "phone %s is not registered", o.Phone)
	}
	if p.legs[o.Agent] != nil {
		panic("a second offer to agent " + o.Agent)
	}
	l := &leg{offer: o, left: make(chan struct{})}
	p.legs[o.Agent] = l
	p.hall.Tell("%s rings for %s", o.Agent, o.Call)
	p.hall.done.Go(func() { p.live(l, d) })
	return nil
}

// live is the life of one leg.
func (p *phones) live(l *leg, d Desk) {
	if d.Unrung {
		time.Sleep(d.Answers)
		p.end(l, routing.WhyNotRung)
		return
	}
	p.hall.Desk.Tell(routing.LegNews{News: routing.Rang, Agent: l.offer.Agent, Offer: l.offer.ID})
	if d.Answers == 0 {
		return // it rings until it is cancelled
	}
	select {
	case <-time.After(d.Answers):
	case <-l.left:
		return
	}
	if d.Declines {
		p.hall.Tell("%s declines", l.offer.Agent)
		p.end(l, routing.WhyDeclined)
		return
	}
	p.hall.Desk.Tell(routing.LegNews{News: routing.Answered, Agent: l.offer.Agent, Offer: l.offer.ID})
	if d.Talks > 0 {
		select {
		case <-time.After(d.Talks):
			p.hall.Tell("%s hangs up", l.offer.Agent)
			p.end(l, routing.WhyEnded)
		case <-l.left:
		}
	}
}

func (p *phones) end(l *leg, why routing.Why) {
	l.once.Do(func() {
		p.mu.Lock()
		delete(p.legs, l.offer.Agent)
		p.mu.Unlock()
		close(l.left)
		p.hall.Desk.Tell(routing.LegNews{News: routing.Gone, Agent: l.offer.Agent, Offer: l.offer.ID, Why: why})
	})
}

func (p *phones) Cancel(_ context.Context, o hotline.Offer) {
	l := p.leg(o)
	p.hall.done.Go(func() {
		if l == nil {
			p.hall.Desk.Tell(routing.LegNews{News: routing.Gone, Agent: o.Agent, Offer: o.ID})
			return
		}
		p.end(l, routing.WhyEnded)
	})
}

// States are the agents and what they do, e.g. "1001 free".
func (h *Hall) States() string {
	v, err := h.Desk.View(context.Background())
	if err != nil {
		return err.Error()
	}
	var all []string
	for _, a := range v.Agents {
		s := string(a.ID) + " " + string(a.State)
		if a.Reason != "" {
			s += " (" + string(a.Reason) + ")"
		}
		all = append(all, s)
	}
	slices.Sort(all)
	return strings.Join(all, ", ") + fmt.Sprintf("; %d waiting", len(v.Waiting))
}
