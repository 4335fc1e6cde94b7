package house

import (
	"testing"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/routing"
	"hotline/ticket"
)

// At night the telephone on duty rings beside whoever is signed in.
func TestDutyTelephone(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"profiles.default": "night", "duty.phones": "8009", "routing.ring": "2s", "routing.rest": "500ms", "routing.misses": "2"})
	h.edit("flows/night.yaml", "after: 60s", "after: 7s")
	h.hire("1001", "8001", h.every()...)
	onDuty := h.install("8009")
	h.start()
	const id hotline.AgentID = "duty.8009"
	h.quietly(id)
	h.plug(onDuty)
	onDuty.OnInvite(meets(phone.Answer(0)))
	t.Run("nobody is signed in: it rings", func(t *testing.T) {
		h := h.within(t)
		h.state(id, routing.Free, "")
		c := h.dial("00044001")
		agent := h.ring(onDuty)
		h.hears(c, "agent.serves", 0)
		h.talk(c, agent)
		h.goodbye(c, agent)
		k := h.ticket("00044001")
		if k.End != hotline.EndAnswered || k.Agent != id || k.Phone != "8009" || k.Flow != "night" || k.Recording == "" {
			t.Errorf("the ticket says %s by agent %s at %s, flow %s, recording %q", k.End, k.Agent, k.Phone, k.Flow, k.Recording)
		}
		if heard := h.heard(c, 0); !h.sounds(c, "agent.hello") || !inOrder(heard, "greeting.night", "notice.recording", "agent.serves", "goodbye") {
			t.Errorf("he heard %v", heard)
		}
	})
	t.Run("it does not answer: a message is left, and the next caller rings it again", func(t *testing.T) {
		h := h.within(t)
		onDuty.OnInvite(meets(phone.RingOn()))
		c := h.dial("00044002")
		rung := 0
		for range 2 {
			<-h.ring(onDuty).Done()
			rung++
		}
		h.hears(c, "beep", 0)
		time.Sleep(500 * time.Millisecond)
		c.Tone(500)
		time.Sleep(2 * time.Second)
		h.press(c, "#")
		h.finished(c)
		h.left("00044002", hotline.SideSystem)
		if k := h.ticket("00044002"); k.Offers < rung || k.State != ticket.Draft || k.Agent != "" {
			t.Errorf("the ticket says %d offers, state %s, agent %q", k.Offers, k.State, k.Agent)
		}
		h.state(id, routing.Free, "") // paused for what it missed, it is made ready by itself
		onDuty.OnInvite(meets(phone.Answer(0)))
		c = h.dial("00044003")
		agent := h.anew(onDuty)
		h.talk(c, agent)
		h.goodbye(c, agent)
	})
	d := h.work("1001")
	d.OnInvite(meets(phone.Decline(0, 486)))
	t.Run("who sits at a desk is called first", func(t *testing.T) {
		h := h.within(t)
		c := h.dial("00044004")
		first := h.ring(d)
		second := h.anew(onDuty)
		if second.Began().Before(first.Began()) {
			t.Error("the telephone on duty rang first")
		}
		h.talk(c, second)
		h.goodbye(c, second)
		if k := h.ticket("00044004"); k.Agent != id || k.Offers != 2 {
			t.Errorf("the ticket says agent %s, %d offers", k.Agent, k.Offers)
		}
	})
	h.code(d, "*0", "desk.out")
	t.Run("somebody signs in at it", func(t *testing.T) {
		h := h.within(t)
		h.code(onDuty, "*1", "desk.notin")
		h.code(onDuty, "*1001#"+pin, "desk.in")
		h.state("1001", routing.Free, "")
		h.state(id, routing.Offline, "")
		c := h.dial("00044005")
		agent := h.anew(onDuty)
		h.talk(c, agent)
		h.goodbye(c, agent)
		if k := h.ticket("00044005"); k.Agent != "1001" || k.Phone != "8009" {
			t.Errorf("the ticket says agent %s at %s", k.Agent, k.Phone)
		}
		h.code(onDuty, "*0", "desk.out")
		h.state(id, routing.Free, "")
	})
	t.Run("another controller goes on in the talk", func(t *testing.T) {
		c := h.dial("00044006")
		agent := h.anew(onDuty)
		h.talk(c, agent)
		h.stop()
		h.start()
		h := h.within(t)
		h.talk(c, agent)
		h.goodbye(c, agent)
		if k := h.ticket("00044006"); k.Agent != id || k.End != hotline.EndAnswered {
			t.Errorf("the ticket says %s by %s", k.End, k.Agent)
		}
	})
	t.Run("by day it does not ring", func(t *testing.T) {
		h.set["profiles.default"] = "menu"
		h := h.within(t)
		h.must(h.service.Reload(h.soon()))
		h.state(id, routing.Offline, "")
		c := h.dial("00044007")
		h.press(c, "0")
		h.waiting(1)
		h.quiet(onDuty, time.Second)
		h.hangUp(c)
		if _, ok := h.session(id); ok {
			t.Error("a telephone has a session")
		}
	})
}

// quietly proves that the agent is not there for two looks at the telephones.
func (h *house) quietly(id hotline.AgentID) {
	h.Helper()
	time.Sleep(2500 * time.Millisecond)
	if a := h.agent(id); a.State != routing.Offline {
		h.Errorf("%s is %s though its telephone is not registered", id, a.State)
	}
}

// anew is the desk's next call that is still on: what rang in vain is passed over.
func (h *house) anew(d *desk) *phone.Call {
	h.Helper()
	for {
		c := h.ring(d)
		select {
		case <-c.Done():
		default:
			return c
		}
	}
}
