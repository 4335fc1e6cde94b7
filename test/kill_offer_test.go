package test

import (
	"testing"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/test/rig"
)

// Every moment of an offer at which the controller can be killed; the agent
// picks up half a second after his phone rings, mostly while none serves.
func TestKillInAnOffer(t *testing.T) {
	t.Parallel()
	r := killSite(t)
	desk := r.Desk("1001")
	for i, story := range []struct {
		name   string
		at     rig.Moment
		picks  time.Duration // so long the phone rings
		served bool          // the next controller serves before he picks up
		menu   bool          // what he pressed is lost, and he hears the menu again
	}{
		{"before his choice, his place and the agent's reservation are on record", rig.ToRedis(`"at":"queue"`, `"state":"offered"`), 0, true, true},
		{"with all three on record and not known", rig.InRedis(`"at":"queue"`, `"state":"offered"`), 0, true, false},
		{"before the agent's leg is made", rig.ToAsterisk("channels/create", "agent.1001"), 0, true, false},
		{"with his leg made, before his phone is called", rig.ToAsterisk("agent.1001.", "/dial"), 0, true, false},
		{"while it rings, and he picks up while none serves", rig.FromAsterisk("Ringing", "agent.1001"), 200 * time.Millisecond, false, false},
		{"while it rings, and he picks up later", rig.FromAsterisk("Ringing", "agent.1001"), 2 * time.Second, true, false},
		{"when he picks up", rig.FromAsterisk("ChannelStateChange", `"Up"`, "agent.1001"), 200 * time.Millisecond, false, false},
		{"before the talk is on record", rig.ToRedis(`"at":"talk"`, `"state":"talking"`), 200 * time.Millisecond, false, false},
		{"with the talk on record and not known", rig.InRedis(`"at":"talk"`, `"state":"talking"`), 200 * time.Millisecond, false, false},
		{"before they are joined", rig.ToAsterisk("addChannel"), 200 * time.Millisecond, false, false},
	} {
		t.Run("killed "+story.name, func(t *testing.T) {
			r := r.With(t)
			desk.OnInvite(meets(phone.Answer(story.picks)))
			c := dial(r, "0005552"+string(rune('0'+i/10))+string(rune('0'+i%10)))
			hit := r.KillAt(story.at)
			c.press("2")
			r.Happened(hit)
			var agent *phone.Call
			if !story.served {
				agent = next(t, desk)
				_, err := agent.Wait(soon(t), phone.Answered)
				must(t, err)
			}
			time.Sleep(away)
			at := c.now()
			takeOver(r)
			if story.menu {
				c.hears("menu.1s", at)
				c.press("2")
			}
			if agent == nil {
				agent = next(t, desk)
			}
			talk(t, c.Call, agent)
			if heard := c.heard(at); has(heard, "menu.1s") != story.menu {
				t.Errorf("he heard %v", heard)
			}
			ending(c, agent)
			if k := c.TicketOf(c.number); k.Offers != 1 || k.Rang.IsZero() || k.Agent != "1001" {
				t.Errorf("the ticket says %d offers, rang %v, agent %q", k.Offers, k.Rang, k.Agent)
			}
		})
	}
}

func TestKillInATalk(t *testing.T) {
	t.Parallel()
	r := killSite(t)
	desk := r.Desk("1001")
	desk.OnInvite(meets(phone.Answer(0)))

	talking := func(t *testing.T, number string) (citizen, *phone.Call) {
		c := dial(r.With(t), number)
		c.press("2")
		agent := next(t, desk)
		talk(t, c.Call, agent)
		time.Sleep(800 * time.Millisecond) // the agent's number has been said
		return c, agent
	}
	t.Run("they hear each other throughout, also while the next takes over", func(t *testing.T) {
		c, agent := talking(t, "00055530")
		r.Kill()
		at, agentAt := c.now(), time.Since(agent.Began())
		time.Sleep(away)
		takeOver(c.Rig)
		time.Sleep(away)
		hears(t, "the citizen", c.HeardSince(at), 400)
		hears(t, "the agent", agent.HeardSince(agentAt), 500)
		t.Logf("longest gap between packets: citizen %v, agent %v", c.RTP().Gap, agent.RTP().Gap)
		ending(c, agent)
	})
	t.Run("the agent hangs up while none serves: the citizen hears goodbye", func(t *testing.T) {
		c, agent := talking(t, "00055531")
		r.Kill()
		must(t, agent.Hangup(soon(t)))
		time.Sleep(away)
		at := c.now()
		takeOver(c.Rig)
		c.hears("goodbye.1s", at)
		c.over()
		c.ticket(hotline.EndAnswered, hotline.SideAgent)
		c.Clean()
	})
	t.Run("the citizen hangs up while none serves: the agent is free again", func(t *testing.T) {
		c, agent := talking(t, "00055532")
		r.Kill()
		c.hangup()
		time.Sleep(away)
		takeOver(c.Rig)
		<-agent.Done()
		c.ticket(hotline.EndAnswered, hotline.SideCaller)
		c.Clean()
	})
	t.Run("killed in the goodbye: it is said again", func(t *testing.T) {
		c, agent := talking(t, "00055533")
		at := c.now()
		must(t, agent.Hangup(soon(t)))
		c.hears("goodbye.1s", at)
		r.Kill()
		time.Sleep(away)
		takeOver(c.Rig)
		c.over()
		c.ticket(hotline.EndAnswered, hotline.SideAgent)
		c.Clean()
	})
	for i, story := range []struct {
		name string
		at   rig.Moment
	}{
		{"before the talk's end is on record", rig.ToRedis("save", `"at":"goodbye"`)},
		{"before we hang up", rig.ToAsterisk("channels/a1-", "reason=normal")},
		{"with the ticket in the journal and the record not dropped", rig.ToRedis("evalsha", "drop")},
		{"with the record dropped", rig.InRedis("evalsha", "drop")},
	} {
		t.Run("killed "+story.name+": one ticket", func(t *testing.T) {
			c, agent := talking(t, "0005554"+string(rune('0'+i)))
			hit := c.KillAt(story.at)
			must(t, agent.Hangup(soon(t)))
			c.Happened(hit)
			time.Sleep(away)
			takeOver(c.Rig)
			c.over()
			c.ticket(hotline.EndAnswered, hotline.SideAgent)
			c.Clean()
		})
	}
}

// hears wants the other's tone throughout. A tenth may be missing: all phones
// and the new controller share this machine.
func hears(t testing.TB, who string, heard phone.Heard, hz float64) {
	t.Helper()
	const window = 400 // samples, 50 ms
	all, missed := 0, 0
	for i := 0; i+window <= len(heard.Samples); i += window {
		all++
		if !phone.HasTone(heard.Samples[i:i+window], hz) {
			missed++
		}
	}
	if all < 8 || missed*10 > all {
		t.Errorf("%s missed %d of %d pieces of the other's voice", who, missed, all)
	}
}

func TestHangUpWhileNoneServes(t *testing.T) {
	t.Parallel()
	r := killSite(t)
	desk := r.Desk("1001")

	t.Run("the citizen, while the agent's phone rings", func(t *testing.T) {
		r := r.With(t)
		desk.OnInvite(meets(phone.RingOn()))
		c := dial(r, "00055550")
		hit := r.KillAt(rig.FromAsterisk("Ringing", "agent.1001"))
		c.press("2")
		r.Happened(hit)
		c.hangup()
		time.Sleep(away)
		takeOver(r)
		<-next(t, desk).Done()
		c.ticket(hotline.EndAbandonedRinging, hotline.SideCaller)
		r.Clean()
	})
	t.Run("the agent, who has picked up", func(t *testing.T) {
		r := r.With(t)
		desk.OnInvite(meets(phone.Answer(0)))
		c := dial(r, "00055551")
		hit := r.KillAt(rig.FromAsterisk("ChannelStateChange", `"Up"`, "agent.1001"))
		c.press("2")
		r.Happened(hit)
		must(t, next(t, desk).Hangup(soon(t)))
		takeOver(r)
		agent := next(t, desk) // he is free, the citizen is his next
		talk(t, c.Call, agent)
		ending(c, agent)
	})
	t.Run("the agent's phone, which declines", func(t *testing.T) {
		r := r.With(t)
		desk.OnInvite(meets(phone.Decline(200*time.Millisecond, 486)))
		c := dial(r, "00055552")
		hit := r.KillAt(rig.FromAsterisk("Ringing", "agent.1001"))
		c.press("2")
		r.Happened(hit)
		<-next(t, desk).Done()
		desk.OnInvite(meets(phone.Answer(0)))
		takeOver(r)
		agent := next(t, desk)
		talk(t, c.Call, agent)
		ending(c, agent)
	})
	t.Run("the citizen, who waits", func(t *testing.T) {
		r := r.With(t)
		desk.OnInvite(meets(phone.Answer(0)))
		busy := dial(r, "00055553")
		busy.press("2")
		agent := next(t, desk)
		talk(t, busy.Call, agent)
		c := waiting(r, "00055554")
		r.Kill()
		c.hangup()
		time.Sleep(away)
		takeOver(r)
		c.ticket(hotline.EndAbandonedQueue, hotline.SideCaller)
		ending(busy, agent)
	})
}
