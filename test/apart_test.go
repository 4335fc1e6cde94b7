package test

import (
	"testing"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/routing"
	"hotline/site"
	"hotline/test/rig"
)

// One agent hangs up as he is to be joined, and the next one a moment before that. The
// caller waits on and is served by the third: that he was nearly joined once is no proof
// that he talked.
func TestAgentsWhoHangUpBeforeTheyAreJoined(t *testing.T) {
	t.Parallel()
	r := rig.New(t, patient(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Spawn()
	desk := r.Agent("1001", "8001")
	desk.OnInvite(meets(phone.Answer(0)))
	c := dial(r, "00057300")
	for _, at := range []rig.Moment{rig.ToAsterisk("addChannel"), rig.ToRedis(`"at":"talk"`, `"state":"talking"`)} {
		hit := r.At(at, func() {
			agent, err := desk.NextCall(soon(t))
			if err == nil {
				err = agent.Hangup(soon(t))
			}
			if err != nil {
				t.Error(err)
			}
			time.Sleep(50 * time.Millisecond) // it is told
		})
		if len(c.places()) == 0 {
			c.press("2")
		}
		r.Happened(hit)
	}
	agent := next(t, desk)
	talk(t, c.Call, agent)
	if heard := c.heard(0); has(heard, "goodbye.1s") || has(heard, "sorry.1s") {
		t.Errorf("he heard %v", heard)
	}
	ending(c, agent)
	if k := c.ticket(hotline.EndAnswered, hotline.SideAgent); k.Offers != 3 {
		t.Errorf("the ticket says %d offers; there were 3", k.Offers)
	}
}

// Asterisk is too slow to say that it dials. The telephone is not left ringing, and the
// agent has missed nothing: he is rung again.
func TestADialThatIsNotAnswered(t *testing.T) {
	t.Parallel()
	r := rig.New(t, patient(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Spawn()
	desk := r.Agent("1001", "8001")
	desk.OnInvite(meets(phone.Answer(3 * time.Second)))
	c := dial(r, "00057400")
	hit := r.At(rig.ToAsterisk("agent.1001.", "/dial"), func() { time.Sleep(2500 * time.Millisecond) })
	c.press("2")
	r.Happened(hit)
	r.Saw("why", string(routing.WhyNotRung))
	b, err := r.Live.Load(t.Context())
	must(t, err)
	if n := b.Agents[0].Misses; n != 0 {
		t.Errorf("he has missed %d", n)
	}
	var agent *phone.Call
	for agent = next(t, desk); ; agent = next(t, desk) {
		if _, err := agent.Wait(soon(t), phone.Answered); err == nil {
			break
		}
	}
	talk(t, c.Call, agent)
	ending(c, agent)
}
