package test

import (
	"testing"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/test/rig"
)

// One of two who talk hangs up while the next controller looks who is in their
// bridge: he is gone from it and not yet gone from Asterisk. They have talked, the
// ticket says so, and nobody is put back into the queue.
func TestHangUpAtTheTakeOver(t *testing.T) {
	t.Parallel()
	r := killSite(t)
	desk := r.Desk("1001")
	desk.OnInvite(meets(phone.Answer(0)))
	for i, story := range []struct {
		name string
		by   hotline.Side
	}{{"the citizen hangs up", hotline.SideCaller}, {"the agent hangs up", hotline.SideAgent}} {
		t.Run(story.name, func(t *testing.T) {
			r := r.With(t)
			c := dial(r, "0005557"+string(rune('0'+i)))
			c.press("2")
			agent := next(t, desk)
			talk(t, c.Call, agent)
			r.Kill()
			time.Sleep(away)
			at := c.now()
			hit := r.At(rig.ToAsterisk("bridges/b."), func() {
				if story.by == hotline.SideCaller {
					c.hangup()
				} else {
					must(t, agent.Hangup(soon(t)))
				}
				time.Sleep(50 * time.Millisecond) // he is out of the bridge
			})
			takeOver(r)
			r.Happened(hit)
			if story.by == hotline.SideAgent {
				c.hears("goodbye.1s", at)
				c.over()
			} else {
				<-agent.Done()
			}
			c.ticket(hotline.EndAnswered, story.by)
			c.Clean()
		})
	}
}
