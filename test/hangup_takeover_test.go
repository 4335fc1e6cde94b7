package test

import (
	"testing"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/test/rig"
)

// The next controller looks who is in a bridge, and has listed who is there.
var looks, listed = rig.ToAsterisk("bridges/b."), rig.ToAsterisk("asterisk/info")

// One of two who talk, or both, hang up at the very moment of the take-over: they are
// gone from their bridge, and the next controller has not heard that they hung up. They
// have talked, the ticket says so, and nobody is put back into the queue.
func TestHangUpAtTheTakeOver(t *testing.T) {
	t.Parallel()
	r := killSite(t)
	desk := r.Desk("1001")
	desk.OnInvite(meets(phone.Answer(0)))
	for i, story := range []struct {
		name           string
		citizen, agent bool
		at             rig.Moment
	}{
		{"the citizen hangs up", true, false, looks}, {"the agent hangs up", false, true, looks}, {"both hang up", true, true, looks},
		{"the citizen is gone once he is listed", true, false, listed}, {"the agent is", false, true, listed}, {"both are", true, true, listed},
	} {
		t.Run(story.name, func(t *testing.T) {
			r := r.With(t)
			c := dial(r, "0005557"+string(rune('0'+i)))
			c.press("2")
			agent := next(t, desk)
			talk(t, c.Call, agent)
			r.Kill()
			time.Sleep(away)
			at := c.now()
			hit := r.At(story.at, func() {
				if story.citizen {
					c.hangup()
				}
				if story.agent {
					must(t, agent.Hangup(soon(t)))
				}
				time.Sleep(50 * time.Millisecond) // he is out of the bridge, and the next one has not heard it
			})
			takeOver(r)
			r.Happened(hit)
			by := hotline.SideCaller
			if story.citizen {
				<-agent.Done()
			} else {
				by = hotline.SideAgent
				c.hears("goodbye.1s", at)
				c.over()
			}
			k := c.TicketOf(c.number)
			if k.End != hotline.EndAnswered || k.EndedBy != by && !(story.citizen && story.agent) {
				t.Errorf("the ticket says %s by %s", k.End, k.EndedBy)
			}
			c.Clean()
		})
	}
}
