package test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"hotline/phone"
	"hotline/site"
	"hotline/site/sitetest"
	"hotline/test/rig"
)

// The controller is killed in a talk that is recorded. The recording goes on, for Asterisk
// makes it: it is as long as the talk, without a hole.
func TestARecordingGoesOnThroughAKill(t *testing.T) {
	t.Parallel()
	r := rig.New(t, recorded(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Spawn()
	desk := r.Agent("1001", "8001")
	desk.OnInvite(meets(phone.Answer(0)))
	c := dial(r, "00057600")
	c.press("2")
	agent := next(t, desk)
	talk(t, c.Call, agent)
	time.Sleep(2 * time.Second)
	r.Kill()
	time.Sleep(time.Second)
	r.Spawn()
	talk(t, c.Call, agent)
	time.Sleep(2 * time.Second)
	ending(c, agent)
	k := c.TicketOf(c.number)
	file := filepath.Join(r.Site.Addresses().Recordings, k.Recording)
	r.Within(5*time.Second, "the recording is there", func() bool { _, err := os.Stat(file); return k.Recording != "" && err == nil })
	citizen, _ := sitetest.Sides(t, file)
	heard := phone.Toned(citizen, 500)
	if talked := k.TalkEnded.Sub(k.Joined); (talked - heard).Abs() > 700*time.Millisecond {
		t.Errorf("the talk was %v, and %v of him are in the recording", talked, heard)
	}
}
