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

// An agent's wrap-up ends when it was to end, though the controller that began it is
// dead: not so much later as none served, and not anew from the next one's start.
func TestWrapUpGoesOnWhileNoneServes(t *testing.T) {
	t.Parallel()
	const wrapUp = 4 * time.Second
	r := rig.New(t, patient(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Rules.WrapUp = wrapUp
	r.Spawn()
	desk := r.Agent("1001", "8001")
	desk.OnInvite(meets(phone.Answer(0)))
	state := func() routing.State {
		b, err := r.Live.Load(t.Context())
		must(t, err)
		return b.Agents[0].State
	}
	c := dial(r, "00057500")
	c.press("2")
	agent := next(t, desk)
	talk(t, c.Call, agent)
	must(t, agent.Hangup(soon(t)))
	r.Within(time.Second, "he wraps up", func() bool { return state() == routing.WrapUp })
	began := time.Now()
	r.Kill()
	time.Sleep(wrapUp / 2)
	r.Spawn()
	r.Within(wrapUp, "he is free", func() bool { return state() == routing.Free })
	if took := time.Since(began); took < wrapUp*9/10 || took > wrapUp*5/4 {
		t.Errorf("he wrapped up for %v; %v is right", took, wrapUp)
	}
	c.over()
	c.ticket(hotline.EndAnswered, hotline.SideAgent)
}
