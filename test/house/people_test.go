package house

import (
	"context"
	"sync"
	"testing"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/routing"
)

// Agents sign in and out at telephones, by the telephones' keys.
func TestSignIn(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	for _, id := range []hotline.AgentID{"1001", "1002", "1003"} {
		h.hire(id, hotline.PhoneID("8"+id[1:]), h.every()...)
	}
	h.start()
	one, two, three := h.desks["1001"], h.desks["1002"], h.desks["1003"]
	for _, d := range []*desk{one, two, three} {
		h.plug(d)
	}
	t.Run("a code of somebody who is not signed in", func(t *testing.T) {
		h := h.within(t)
		for _, code := range []string{"*0", "*1", "*2", "*9"} {
			h.code(one, code, "desk.notin")
		}
		h.booked("1001", "", "")
	})
	t.Run("with # between number and PIN", func(t *testing.T) {
		h := h.within(t)
		h.code(one, "*1001#"+pin, "desk.in")
		h.state("1001", routing.Free, "")
		h.booked("1001", "8001", "")
	})
	t.Run("with * between number and PIN", func(t *testing.T) {
		h := h.within(t)
		h.code(two, "*1002*"+pin, "desk.in")
		h.state("1002", routing.Free, "")
		h.booked("1002", "8002", "")
	})
	t.Run("somebody else sits at the phone", func(t *testing.T) {
		h := h.within(t)
		h.code(two, "*1003#"+pin, "desk.taken")
		h.state("1003", routing.Offline, "")
		h.booked("1003", "", "")
		h.booked("1002", "8002", "")
	})
	t.Run("elsewhere: he moves", func(t *testing.T) {
		h := h.within(t)
		h.code(three, "*1001#"+pin, "desk.in")
		h.until("he is at 8003", func() bool { return h.agent("1001").Phone == "8003" })
		h.booked("1001", "8003", "")
		h.code(one, "*2", "desk.notin")
	})
	t.Run("pause, ready, ready again", func(t *testing.T) {
		h := h.within(t)
		h.code(three, "*1", "desk.paused")
		h.state("1001", routing.Paused, "break")
		h.booked("1001", "8003", "break")
		h.code(three, "*2", "desk.free")
		h.state("1001", routing.Free, "")
		h.booked("1001", "8003", "")
		h.code(three, "*2", "desk.free")
		h.code(three, "*7", "desk.unknown")
	})
	t.Run("signs out", func(t *testing.T) {
		h := h.within(t)
		h.code(three, "*0", "desk.out")
		h.state("1001", routing.Offline, "")
		h.booked("1001", "", "")
		h.code(three, "*0", "desk.notin")
	})
	t.Run("a wrong PIN five times, then not even the right one", func(t *testing.T) {
		h := h.within(t)
		h.code(three, "*9999#"+pin, "desk.wrong")
		for range 5 {
			h.code(three, "*1003#9999", "desk.wrong")
		}
		h.code(three, "*1003#"+pin, "desk.locked")
		h.state("1003", routing.Offline, "")
		h.code(three, "*1001#"+pin, "desk.in") // nobody else is locked out
	})
	if n := len(h.tickets()); n != 0 {
		t.Errorf("short codes left %d tickets", n)
	}
}

// After a talk an agent has his wrap-up; a pause asked for in a talk comes after
// it, and so does signing out.
func TestAfterTheTalk(t *testing.T) {
	t.Parallel()
	const wrapUp = 2 * time.Second
	h := build(t, map[string]string{"routing.wrap_up": wrapUp.String()})
	h.hire("1001", "8001", h.every()...)
	token := h.supervisor()
	h.start()
	d := h.work("1001")
	d.OnInvite(meets(phone.Answer(0)))
	talking := func(h *house, number string) (citizen, agent *phone.Call) {
		citizen = h.dial(number)
		h.must(citizen.Press(h.Context(), "0"))
		agent = h.ring(d)
		h.talk(citizen, agent)
		return citizen, agent
	}
	t.Run("wrap-up before the next call", func(t *testing.T) {
		h := h.within(t)
		citizen, agent := talking(h, "00091001")
		next := h.dial("00091002")
		h.must(next.Press(t.Context(), "0"))
		h.waiting(1)
		over := time.Now()
		h.goodbye(citizen, agent)
		h.state("1001", routing.WrapUp, "")
		agent = h.ring(d)
		if waited := agent.Began().Sub(over); waited < wrapUp || waited > wrapUp+time.Second {
			t.Errorf("the next call came %v after the talk; the wrap-up is %v", waited, wrapUp)
		}
		h.talk(next, agent)
		h.goodbye(next, agent)
		h.code(d, "*2", "desk.free") // he is done earlier
		h.state("1001", routing.Free, "")
	})
	t.Run("a pause during a talk", func(t *testing.T) {
		h := h.within(t)
		citizen, agent := talking(h, "00091003")
		h.api(token, "POST", "/api/v1/agents/1001/pause", `{"reason":"meal"}`)
		h.talk(citizen, agent)
		if a := h.agent("1001"); a.State != routing.Talking || a.Then != "meal" {
			t.Errorf("he is %s, then %q", a.State, a.Then)
		}
		h.goodbye(citizen, agent)
		h.state("1001", routing.Paused, "meal")
		h.booked("1001", "8001", "meal")
		h.code(d, "*2", "desk.free")
		h.booked("1001", "8001", "")
	})
	t.Run("signing out during a talk", func(t *testing.T) {
		h := h.within(t)
		citizen, agent := talking(h, "00091004")
		h.api(token, "POST", "/api/v1/agents/1001/sign-out", `{}`)
		h.talk(citizen, agent)
		h.goodbye(citizen, agent)
		h.state("1001", routing.Offline, "")
		h.booked("1001", "", "")
	})
}

// An agent who does not take a call: the caller is first in line again, and the
// next agent's phone rings at once.
func TestNotTaken(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"routing.ring": "1s", "routing.rest": "1s", "routing.misses": "3"})
	h.hire("1001", "8001", h.every()...)
	h.hire("1002", "8002", h.every()...)
	h.start()
	one, two := h.work("1001"), h.work("1002")
	two.OnInvite(meets(phone.Answer(0)))
	for i, story := range []struct {
		name   string
		policy phone.Policy
		reason hotline.Reason
		atOnce bool
	}{
		{"busy here (486)", phone.Decline(100*time.Millisecond, 486), "declined", true},
		{"temporarily unavailable (480)", phone.Decline(100*time.Millisecond, 480), "declined", true},
		{"decline (603)", phone.Decline(100*time.Millisecond, 603), "declined", true},
		{"moved (302): its target is not dialled", phone.Redirect(100*time.Millisecond, "8002"), "declined", true},
		{"no answer", phone.RingOn(), "no-answer", false},
		{"not a word", phone.Ignore(), "no-answer", false},
	} {
		t.Run(story.name, func(t *testing.T) {
			h := h.within(t)
			h.code(one, "*2", "desk.free") // what he missed before is forgotten
			one.OnInvite(meets(story.policy))
			h.longestIdle(one, two)
			number := "0009200" + string(rune('0'+i))
			first := h.dial(number)
			h.must(first.Press(t.Context(), "0"))
			refused := h.ring(one)
			second := h.dial(number + "9") // comes while his phone rings, and stays behind him
			h.must(second.Press(t.Context(), "0"))
			<-refused.Done()
			ended := time.Now()
			agent := h.ring(two)
			if story.atOnce {
				if late := agent.Began().Sub(ended); late > 300*time.Millisecond {
					t.Errorf("the next phone rang %v after the refusal", late)
				}
			}
			h.talk(first, agent)
			h.until("he rests", func() bool {
				a := h.agent("1001")
				return a.State == routing.Paused && a.Reason == story.reason && a.Misses == 1
			})
			one.OnInvite(meets(phone.Answer(0)))
			h.goodbye(first, agent)
			if k := h.ticket(number); k.Agent != "1002" || k.Offers != 2 {
				t.Errorf("the ticket says agent %s, %d offers", k.Agent, k.Offers)
			}
			h.last(second, one, two)
		})
	}
	t.Run("three times in a row: paused until he is ready", func(t *testing.T) {
		h := h.within(t)
		h.code(one, "*1", "desk.paused")
		h.code(one, "*2", "desk.free")
		h.code(two, "*0", "desk.out")
		one.OnInvite(meets(phone.RingOn()))
		c := h.dial("00092090")
		h.must(c.Press(t.Context(), "0"))
		for range 3 {
			<-h.ring(one).Done()
		}
		h.state("1001", routing.Paused, "no-answer")
		h.booked("1001", "8001", "no-answer")
		h.quiet(one, 2500*time.Millisecond)
		h.waiting(1)
		one.OnInvite(meets(phone.Answer(0)))
		h.code(one, "*2", "desk.free")
		h.booked("1001", "8001", "")
		agent := h.ring(one)
		h.talk(c, agent)
		h.goodbye(c, agent)
	})
}

// longestIdle makes first the one who is idle longest.
func (h *house) longestIdle(first, second *desk) {
	h.code(first, "*1", "desk.paused")
	h.code(second, "*1", "desk.paused")
	h.code(first, "*2", "desk.free")
	time.Sleep(5 * time.Millisecond)
	h.code(second, "*2", "desk.free")
}

// last lets a citizen talk with whichever agent is free, to the end.
func (h *house) last(c *phone.Call, desks ...*desk) {
	h.Helper()
	ctx, cancel := context.WithCancel(h.soon())
	rings := make(chan *phone.Call, len(desks))
	var all sync.WaitGroup
	for _, d := range desks {
		all.Go(func() {
			if call, err := d.NextCall(ctx); err == nil {
				rings <- call
				cancel()
			}
		})
	}
	all.Wait()
	cancel()
	if len(rings) == 0 {
		h.Fatal("nobody is rung for the last one")
	}
	agent := <-rings
	h.talk(c, agent)
	h.goodbye(c, agent)
}
