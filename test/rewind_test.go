package test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/routing"
	"hotline/site"
	"hotline/test/rig"
)

// remembers copies what Redis has written so far, and gives what has it crash and come
// back with no more than that.
func remembers(r *rig.Rig) (rewind func()) {
	r.T.Helper()
	copied := filepath.Join(r.T.TempDir(), "redis")
	must(r.T, r.Site.CopyRedis(copied))
	return func() {
		r.T.Helper()
		must(r.T, r.Site.RewindRedis(r.T.Context(), copied))
	}
}

// Redis dies with its last writes, or forgets everything, and the controller with it. Who
// talks talks on, whose telephone rings is not rung anew, and each call has its ticket.
func TestTalksThatRedisHasForgotten(t *testing.T) {
	t.Parallel()
	r := rig.New(t, patient(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Spawn()
	desk := r.Agent("1001", "8001", "english")
	waits := func(c citizen) { c.press("2"); c.waits() }
	for i, story := range []struct {
		name    string
		forgets func(citizen) // brings the caller to where Redis remembers him
		policy  phone.Policy
		rings   bool // his agent has not picked up yet
		all     bool // Redis forgets everything
		out     bool // his agent signs out during the talk
	}{
		{name: "that he was offered", forgets: waits, policy: phone.Answer(0)},
		{name: "that he chose", forgets: func(c citizen) { c.hears("menu.1s", 0) }, policy: phone.Answer(0)},
		{name: "that he called", forgets: func(citizen) {}, policy: phone.Answer(0), all: true},
		{name: "that he called, and the telephone rings", forgets: func(citizen) {}, policy: phone.Answer(3 * time.Second), rings: true, all: true},
		{name: "that his agent's telephone rings", forgets: waits, policy: phone.Answer(3 * time.Second), rings: true},
		{name: "that he called, and his agent signs out", forgets: func(citizen) {}, policy: phone.Answer(0), all: true, out: true},
	} {
		t.Run("forgotten "+story.name, func(t *testing.T) {
			r := r.With(t)
			seen := &invites{}
			desk.OnInvite(func(k *phone.Call) phone.Policy { seen.add(k); return story.policy })
			r.Pause("1001")
			c := dial(r, "0005660"+string(rune('0'+i)))
			story.forgets(c)
			rewind := remembers(r)
			r.Ready("1001")
			if len(c.places()) == 0 {
				c.press("2")
			}
			agent := next(t, desk)
			if !story.rings {
				talk(t, c.Call, agent)
			}
			if story.out {
				r.SignOut("1001")
			}
			r.Kill()
			if story.all {
				(&crowd{Rig: r}).empty()
			} else {
				rewind()
			}
			at := c.now()
			r.Spawn()
			time.Sleep(time.Second)
			talk(t, c.Call, agent)
			if heard := c.heard(at); has(heard, "greeting.1s") || has(heard, "menu.1s") {
				t.Errorf("he heard %v", heard)
			}
			seen.once(t)
			must(t, agent.Hangup(soon(t)))
			c.over()
			k := c.ticket(hotline.EndAnswered, hotline.SideAgent)
			if k.Agent != "1001" || k.Phone != "8001" || k.Queue == "" || k.Offers != 1 || k.Rang.IsZero() {
				t.Errorf("the ticket says agent %q at %q, queue %q, %d offers, rang %v", k.Agent, k.Phone, k.Queue, k.Offers, k.Rang)
			}
			if story.out {
				r.Within(5*time.Second, "he is signed out", func() bool {
					b, err := r.Live.Load(t.Context())
					must(t, err)
					return len(b.Agents) == 0
				})
			} else if story.all { // his talk told who he is, his session what he can do
				r.Within(5*time.Second, "he is paused until he is ready", func() bool {
					b, err := r.Live.Load(t.Context())
					must(t, err)
					return len(b.Agents) == 1 && b.Agents[0].State == routing.Paused && b.Agents[0].Reason == routing.PauseRecovered &&
						slices.Equal(b.Agents[0].Skills, []hotline.Skill{"english"})
				})
				r.Ready("1001")
			}
		})
	}
}

// The one he talked with before is gone, and Redis remembers only that talk.
func TestTheTalkBeforeIsWhatRedisRemembers(t *testing.T) {
	t.Parallel()
	r := rig.New(t, patient(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Spawn()
	desk := r.Agent("1001", "8001")
	seen := &invites{}
	desk.OnInvite(func(k *phone.Call) phone.Policy { seen.add(k); return phone.Answer(0) })
	first := dial(r, "00056700")
	first.press("2")
	agent := next(t, desk)
	talk(t, first.Call, agent)
	second, third := waiting(r, "00056701"), waiting(r, "00056702")
	rewind := remembers(r)
	must(t, agent.Hangup(soon(t)))
	first.over()
	agent = next(t, desk)
	talk(t, second.Call, agent)
	r.Kill()
	rewind()
	r.Spawn()
	time.Sleep(time.Second)
	talk(t, second.Call, agent)
	if n := seen.count(); n != 2 {
		t.Errorf("the agent's telephone rang %d times for two talks", n)
	}
	must(t, agent.Hangup(soon(t)))
	second.over()
	agent = next(t, desk)
	talk(t, third.Call, agent)
	must(t, agent.Hangup(soon(t)))
	third.over()
	for _, c := range []citizen{first, second, third} {
		c.ticket(hotline.EndAnswered, hotline.SideAgent)
	}
}

// Redis came back with a record older than the place, and the controller died before
// it could write it again. Who waited waits on, and hears no menu.
func TestARecordOlderThanItsPlace(t *testing.T) {
	t.Parallel()
	r := rig.New(t, patient())
	r.Spawn()
	k := dial(r, "00056500")
	old := k.record("menu")
	k.press("2")
	was := k.waits()
	r.Kill()
	id, _ := k.callID()
	must(t, r.Live.SaveCall(t.Context(), id, old))
	at := time.Now()
	r.Spawn()
	desk := r.Agent("1001", "8001")
	agent := next(t, desk)
	talk(t, k.Call, agent)
	if heard := k.heard(at.Sub(k.Began())); has(heard, "greeting.1s") || has(heard, "menu.1s") {
		t.Errorf("%s, who waited, heard %v", k.number, heard)
	}
	must(t, agent.Hangup(soon(t)))
	k.over()
	if ticket := r.Tickets(1)[0]; ticket.Queue != was.Queue {
		t.Errorf("he waited in %s; the ticket says %s", was.Queue, ticket.Queue)
	}
}

// Everything is forgotten while his agent's telephone rings, and the agent declines. He
// waits on where he stood, before the one who came after him.
func TestWhoWasRungForWhenRedisForgotKeepsHisPlace(t *testing.T) {
	t.Parallel()
	r := rig.New(t, patient(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Spawn()
	desk := r.Agent("1001", "8001")
	desk.OnInvite(meets(phone.Decline(4*time.Second, 486)))
	r.Pause("1001")
	first, second := waiting(r, "00057100"), waiting(r, "00057101")
	was := first.waits()
	time.Sleep(away) // his place is on his channel
	r.Ready("1001")
	rung := next(t, desk)
	r.Kill()
	(&crowd{Rig: r}).empty()
	r.Spawn()
	<-rung.Done()
	if p := first.waits(); p.Seq != was.Seq || p.Since != was.Since || p.Queue != was.Queue {
		t.Errorf("his place was %+v and is %+v", was, p)
	}
	desk.OnInvite(meets(phone.Answer(0)))
	r.Ready("1001")
	for _, c := range []citizen{first, second} {
		agent := next(t, desk)
		talk(t, c.Call, agent)
		must(t, agent.Hangup(soon(t)))
		c.over()
	}
}

// The controller dies over writing his place on his channel. The next one writes it, so
// that he has it still when everything is forgotten with that one.
func TestAPlaceIsWrittenOnTheChannelAgain(t *testing.T) {
	t.Parallel()
	r := rig.New(t, patient(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Spawn()
	killed := r.KillAt(rig.ToAsterisk("channels/a1-", "HOTLINE_PLACE"))
	c := waiting(r, "00057200")
	was := c.waits()
	r.Happened(killed)
	r.Spawn()
	time.Sleep(2500 * time.Millisecond) // the place is written when he has waited for a second
	r.Kill()
	(&crowd{Rig: r}).empty()
	at := c.now()
	r.Spawn()
	if p := c.waits(); p.Seq != was.Seq || p.Since != was.Since || p.Queue != was.Queue {
		t.Errorf("his place was %+v and is %+v", was, p)
	}
	c.heardMusic(at)
	if heard := c.heard(at); has(heard, "greeting.1s") || has(heard, "menu.1s") {
		t.Errorf("he, who waited, heard %v", heard)
	}
}

// A record that is older than the talk: the board knows of it, and Redis has not the
// record, because it crashed, and the controller died before it could write it again.
func TestARecordOlderThanItsTalk(t *testing.T) {
	t.Parallel()
	r := rig.New(t, patient())
	r.Spawn()
	desk := r.Agent("1001", "8001")
	for i, story := range []struct{ at, key string }{{"menu", ""}, {"queue", "2"}} {
		t.Run(story.at, func(t *testing.T) {
			r := r.With(t)
			seen := &invites{}
			desk.OnInvite(func(k *phone.Call) phone.Policy { seen.add(k); return phone.Answer(0) })
			r.Pause("1001")
			c := dial(r, "0005680"+string(rune('0'+i)))
			c.hears("menu.1s", 0)
			c.press(story.key)
			old := c.record(story.at)
			r.Ready("1001")
			if story.key == "" {
				c.press("2")
			}
			agent := next(t, desk)
			talk(t, c.Call, agent)
			r.Kill()
			id, _ := c.callID()
			must(t, r.Live.SaveCall(t.Context(), id, old))
			at := c.now()
			r.Spawn()
			time.Sleep(time.Second)
			talk(t, c.Call, agent)
			if heard := c.heard(at); has(heard, "greeting.1s") || has(heard, "menu.1s") || has(heard, "wait") {
				t.Errorf("he heard %v", heard)
			}
			seen.once(t)
			must(t, agent.Hangup(soon(t)))
			c.over()
			if k := c.ticket(hotline.EndAnswered, hotline.SideAgent); k.Agent != "1001" || k.Queue == "" {
				t.Errorf("the ticket says agent %q, queue %q", k.Agent, k.Queue)
			}
		})
	}
}

// record waits until Redis has the citizen at a step, and gives what it has.
func (c citizen) record(step string) (b []byte) {
	c.T.Helper()
	c.Within(10*time.Second, "the record of one in "+step, func() bool {
		id, _ := c.callID()
		all, err := c.Live.Calls(c.T.Context())
		must(c.T, err)
		b = all[id]
		return strings.Contains(string(b), `"at":"`+step+`"`)
	})
	return b
}

// Redis crashes and is back without its last writes, among them a talk. The controller
// lives, and writes it again, so that another one finds it.
func TestRedisIsToldAgainAfterACrash(t *testing.T) {
	t.Parallel()
	r := rig.New(t, patient(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Spawn()
	desk := r.Agent("1001", "8001")
	desk.OnInvite(meets(phone.Answer(0)))
	r.Pause("1001")
	c := waiting(r, "00056900")
	c.record("queue")
	rewind := remembers(r)
	r.Ready("1001")
	talk(t, c.Call, next(t, desk))
	c.record("talk")
	rewind()
	c.record("talk")
	c.hangup()
	c.ticket(hotline.EndAnswered, hotline.SideCaller)
}

// Redis is away when a citizen chooses, and the controller dies before it is back. He is
// in the queue all the same, though he has waited for less than a moment.
func TestHeChoseWhileRedisWasAway(t *testing.T) {
	t.Parallel()
	r := rig.New(t, patient(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Spawn()
	c := dial(r, "00057000")
	c.hears("menu.1s", 0)
	c.record("menu")
	rewind := remembers(r)
	r.Site.KillRedis()
	killed := r.KillAt(rig.ToAsterisk("/play/", "zh_wait"))
	c.press("2")
	r.Happened(killed)
	rewind()
	at := c.now()
	r.Spawn()
	desk := r.Agent("1001", "8001")
	agent := next(t, desk)
	talk(t, c.Call, agent)
	if heard := c.heard(at); has(heard, "greeting.1s") || has(heard, "menu.1s") {
		t.Errorf("he, who had chosen, heard %v", heard)
	}
	must(t, agent.Hangup(soon(t)))
	c.over()
	c.ticket(hotline.EndAnswered, hotline.SideAgent)
}
