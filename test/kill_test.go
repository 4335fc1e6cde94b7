package test

import (
	"testing"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/site"
	"hotline/test/rig"
)

// takeOver starts the next controller and tells how long it took from its
// process's start until it had taken up what was there. What is asked of that
// time is asked in TestKillFigure.
func takeOver(r *rig.Rig) time.Duration {
	r.T.Helper()
	took := r.Spawn()
	r.T.Logf("taken up after %v", took.Round(time.Millisecond))
	return took
}

// away is how long nobody serves in a story.
const away = 300 * time.Millisecond

// killSite is a hotline with one agent whose controllers can be killed.
func killSite(t *testing.T) *rig.Rig {
	r := rig.New(t, story(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Spawn()
	r.Agent("1001", "8001")
	return r
}

// ending is the usual end: the agent hangs up, the citizen hears goodbye.
func ending(c citizen, agent *phone.Call) {
	c.T.Helper()
	at := c.now()
	must(c.T, agent.Hangup(soon(c.T)))
	c.hears("goodbye.1s", at)
	c.over()
	c.ticket(hotline.EndAnswered, hotline.SideAgent)
	c.Clean()
}

func TestKillBeforeTheQueue(t *testing.T) {
	t.Parallel()
	r := killSite(t)
	desk := r.Desk("1001")
	desk.OnInvite(meets(phone.Answer(0)))

	t.Run("killed in the greeting: it is said again, then the menu", func(t *testing.T) {
		c := dial(r.With(t), "00055501")
		c.hears("greeting.1s", 0)
		r.Kill()
		time.Sleep(away)
		at := c.now()
		takeOver(c.Rig)
		c.hears("menu.1s", at)
		c.press("2")
		agent := next(t, desk)
		talk(t, c.Call, agent)
		ending(c, agent)
	})
	t.Run("killed in the menu: the menu is said again, the greeting is not", func(t *testing.T) {
		c := dial(r.With(t), "00055502")
		c.hears("menu.1s", 0)
		r.Kill()
		time.Sleep(away)
		at := c.now()
		takeOver(c.Rig)
		c.hears("menu.1s", at)
		if has(c.heard(at), "greeting.1s") {
			t.Errorf("he heard %v", c.heard(at))
		}
		c.press("2")
		agent := next(t, desk)
		talk(t, c.Call, agent)
		ending(c, agent)
	})
	t.Run("killed in the menu, the key pressed while none serves: he presses it again", func(t *testing.T) {
		c := dial(r.With(t), "00055503")
		c.hears("menu.1s", 0)
		r.Kill()
		c.press("2")
		at := c.now()
		takeOver(c.Rig)
		c.hears("menu.1s", at)
		c.press("2")
		agent := next(t, desk)
		talk(t, c.Call, agent)
		ending(c, agent)
	})
	t.Run("a citizen calls while none serves, and hangs up: he has his ticket", func(t *testing.T) {
		r := r.With(t)
		r.Kill()
		quick, err := r.Citizen("00055530").Dial(t.Context(), "12345", phone.DialOptions{})
		must(t, err)
		time.Sleep(700 * time.Millisecond)
		must(t, quick.Hangup(soon(t)))
		patient := dial(r, "00055531") // answered by the words that hold him
		time.Sleep(time.Second)
		must(t, patient.Hangup(soon(t)))
		time.Sleep(500 * time.Millisecond)
		r.Spawn()
		for _, number := range []string{"00055530", "00055531"} {
			k := r.TicketOf(number)
			if k.End != hotline.EndAbandonedGreeting || k.EndedBy != hotline.SideCaller || k.Dialled != "12345" {
				t.Errorf("the ticket of %s is %+v", number, k)
			}
			if d := time.Since(k.Created); d < 0 || d > time.Minute {
				t.Errorf("%s arrived at %v", number, k.Created)
			}
		}
		r.Clean()
	})
	t.Run("a citizen calls while none serves: the dialplan holds him, then he is served", func(t *testing.T) {
		r := r.With(t)
		r.Kill()
		c := dial(r, "00055504")
		time.Sleep(away)
		takeOver(r)
		c.Within(15*time.Second, "the words that hold him are over and he is served", func() bool { return has(c.heard(0), "menu.1s") })
		c.press("2")
		agent := next(t, desk)
		talk(t, c.Call, agent)
		ending(c, agent)
	})
}

// Three wait while the only agent talks. The controller is killed; they keep
// their places and hear neither the menu nor the queue's first words again; the agent
// gets them in their order.
func TestKillWhileSomeWait(t *testing.T) {
	t.Parallel()
	r := killSite(t)
	desk := r.Desk("1001")
	desk.OnInvite(meets(phone.Answer(0)))
	first := dial(r, "00055510")
	first.press("2")
	agent := next(t, desk)
	talk(t, first.Call, agent)
	var queue []citizen
	var before []hotline.Place
	for _, number := range []string{"00055511", "00055512", "00055513"} {
		c := waiting(r, number)
		queue, before = append(queue, c), append(before, c.waits())
	}
	for _, c := range queue {
		c.hears("wait", 0)
	}
	time.Sleep(time.Second) // the words are over, the music plays
	var since []time.Duration
	for _, c := range queue {
		since = append(since, c.now())
	}
	r.Kill()
	time.Sleep(away)
	at := queue[0].now()
	takeOver(r)
	for i, c := range queue {
		if p := c.waits(); p.Seq != before[i].Seq || p.Since != before[i].Since {
			t.Errorf("%s stood at %+v, then at %+v", c.number, before[i], p)
		}
	}
	time.Sleep(time.Second) // so long would the words need
	for i, c := range queue {
		c.heardMusic(since[i])
	}
	for i, c := range queue {
		c.up()
		c.Tone(float64(600 + 100*i))
		last := agent
		must(t, last.Hangup(soon(t)))
		agent = next(t, desk)
		if _, err := agent.HearTone(soon(t), float64(600+100*i)); err != nil {
			t.Fatalf("the agent's next is not %s: %v", c.number, err)
		}
		if heard := c.heard(at); has(heard, "menu.1s") || has(heard, "greeting.1s") || has(heard, "wait") {
			t.Errorf("%s heard %v", c.number, heard)
		}
	}
	must(t, agent.Hangup(soon(t)))
	for _, c := range append(queue, first) {
		c.over()
		c.ticket(hotline.EndAnswered, hotline.SideAgent)
	}
	r.Clean()
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
