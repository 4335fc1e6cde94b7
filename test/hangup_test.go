package test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline"
	"hotline/phone"
	"hotline/test/rig"
)

// nothingLeft takes what runs now, and gives the check that afterwards nothing
// else does: no channel, bridge, place, record, busy agent, or goroutine.
func nothingLeft(r *rig.Rig) func() {
	before := goleak.IgnoreCurrent()
	pools := []goleak.Option{before, // connections that are kept for the next request
		goleak.IgnoreTopFunction("internal/poll.runtime_pollWait"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreAnyFunction("hotline/test/rig.(*pair).pump"),
		goleak.IgnoreAnyFunction("database/sql.(*DB).connectionOpener"),
		goleak.IgnoreTopFunction("github.com/emiago/sipgo/sip.(*ServerTx).ackSend"), // a telephone that waits 5 s for a lost ACK
	}
	return func() {
		r.T.Helper()
		r.Clean()
		r.Within(5*time.Second, "no goroutine is left", func() bool { return goleak.Find(pools...) == nil })
		if err := goleak.Find(pools...); err != nil {
			r.T.Error(err)
		}
	}
}

// The citizen hangs up in every step; nobody answers for him.
func TestHangUpInAStep(t *testing.T) {
	r := rig.New(t, story())
	r.Start()
	for i, step := range []struct {
		name string
		at   func(c citizen)
		end  hotline.End
	}{
		{"greeting", func(c citizen) { c.hears("greeting.1s", 0) }, hotline.EndAbandonedGreeting},
		{"menu", func(c citizen) { c.hears("menu.1s", 0) }, hotline.EndAbandonedMenu},
		{"menu, the moment he pressed a key", func(c citizen) { c.hears("menu.1s", 0); c.press("1") }, hotline.EndAbandonedMenu},
		{"submenu", func(c citizen) { c.press("1"); c.hears("submenu.1s", 0) }, hotline.EndAbandonedMenu},
		{"announcement of the queue", func(c citizen) { c.press("2"); c.hears("wait", 0) }, hotline.EndAbandonedQueue},
		{"music of the queue", func(c citizen) { c.press("2"); c.waits(); time.Sleep(time.Second) }, hotline.EndAbandonedQueue},
		{"words that ask for a message", func(c citizen) { c.press("9"); c.hears("speak.1s", 0) }, hotline.EndAbandonedMessage},
		{"message: what he said until then is kept", func(c citizen) {
			c.press("9")
			c.hears("speak.1s", 0)
			c.Tone(500)
			time.Sleep(1500 * time.Millisecond)
		}, hotline.EndMessage},
	} {
		t.Run(step.name, func(t *testing.T) {
			r := r.With(t)
			check := nothingLeft(r)
			c := dial(r, fmt.Sprintf("000563%02d", i))
			step.at(c)
			c.hangup()
			must(t, c.close())
			c.ticket(step.end, hotline.SideCaller)
			check()
		})
	}
}

// The citizen hangs up in a talk and after it.
func TestHangUpInATalk(t *testing.T) {
	r := rig.New(t, story())
	r.Start()
	desk := r.Agent("1001", "8001")
	desk.OnInvite(meets(phone.Answer(0)))
	for i, step := range []struct {
		name string
		at   func(c citizen, agent *phone.Call)
		by   hotline.Side
	}{
		{"notice", func(c citizen, _ *phone.Call) { c.hears("serving", 0) }, hotline.SideCaller},
		{"talk", func(c citizen, a *phone.Call) { talk(c.T, c.Call, a); time.Sleep(500 * time.Millisecond) }, hotline.SideCaller},
		{"goodbye", func(c citizen, a *phone.Call) {
			talk(c.T, c.Call, a)
			at := c.now()
			must(c.T, a.Hangup(soon(c.T)))
			c.hears("goodbye.1s", at)
		}, hotline.SideAgent},
		{"very moment the agent hangs up", func(c citizen, a *phone.Call) {
			talk(c.T, c.Call, a)
			go func() { _ = a.Hangup(c.T.Context()) }()
		}, ""},
	} {
		t.Run(step.name, func(t *testing.T) {
			r := r.With(t)
			check := nothingLeft(r)
			c := dial(r, fmt.Sprintf("000564%02d", i))
			c.press("2")
			agent := next(t, desk)
			step.at(c, agent)
			c.hangup()
			<-agent.Done()
			must(t, c.close())
			k := c.TicketOf(c.number)
			by := k.EndedBy == step.by || step.by == "" && k.EndedBy != hotline.SideSystem
			if k.End != hotline.EndAnswered || !by || k.Agent != "1001" {
				t.Errorf("the ticket says %s by %s with agent %q", k.End, k.EndedBy, k.Agent)
			}
			check()
		})
	}
}

// The citizen hangs up at every moment of an offer, to the message.
func TestHangUpInAnOffer(t *testing.T) {
	r := rig.New(t, story())
	r.Start()
	desk := r.Agent("1001", "8001")
	desk.OnInvite(meets(phone.Answer(200 * time.Millisecond)))
	const (
		queue, ringing, answered = hotline.EndAbandonedQueue, hotline.EndAbandonedRinging, hotline.EndAnswered
	)
	for i, step := range []struct {
		name string
		at   rig.Moment
		ends []hotline.End // which are right
	}{
		{"before he has a place and the agent is reserved", rig.ToRedis(`"at":"queue"`, `"state":"offered"`), []hotline.End{queue}},
		{"when he has a place and the agent is reserved", rig.InRedis(`"at":"queue"`, `"state":"offered"`), []hotline.End{queue}},
		{"before the phone is called", rig.ToAsterisk("agent.1001"), []hotline.End{queue}},
		{"when the phone is called", rig.FromAsterisk("agent.1001"), []hotline.End{queue, ringing}},
		{"when it rings", rig.FromAsterisk("Ringing", "agent.1001"), []hotline.End{queue, ringing}},
		// From here on Asterisk may join one who is just gone.
		{"when it is picked up", rig.FromAsterisk("agent.1001", `"state":"Up"`), []hotline.End{queue, ringing, answered}},
		{"before the talk is on record", rig.ToRedis(`"at":"talk"`, `"state":"talking"`), []hotline.End{queue, ringing, answered}},
		{"when the talk is on record", rig.InRedis(`"at":"talk"`, `"state":"talking"`), []hotline.End{queue, ringing, answered}},
		{"before they are joined", rig.ToAsterisk("addChannel"), []hotline.End{queue, ringing, answered}},
		{"when they are joined", rig.ToAsterisk("bridges/b.", "/play/"), []hotline.End{answered}},
	} {
		t.Run(step.name, func(t *testing.T) {
			r := r.With(t)
			check := nothingLeft(r)
			c := dial(r, fmt.Sprintf("000565%02d", i))
			hit := r.At(step.at, func() { _ = c.Hangup(t.Context()) })
			c.press("2")
			r.Happened(hit)
			must(t, c.close())
			if k := c.TicketOf(c.number); !slices.Contains(step.ends, k.End) || k.EndedBy != hotline.SideCaller {
				t.Errorf("the ticket says %s by %s; %v is right; path %v", k.End, k.EndedBy, step.ends, k.Path)
			}
			check()
		})
	}
}

// The agent picks up in the very moment the citizen hangs up, and the next
// citizen calls at once: a hundred times, with jitter.
func TestAnswerMeetsHangUp(t *testing.T) {
	r := rig.New(t, direct())
	r.Start()
	desk := r.Agent("1001", "8001")
	const ring = 40 * time.Millisecond
	desk.OnInvite(meets(phone.Answer(ring)))
	times := 100
	if testing.Short() {
		times = 20
	}
	check := nothingLeft(r)
	ends := map[hotline.End]int{}
	citizen := r.Citizen("00056600")
	for range times {
		ctx := soon(t)
		call, err := citizen.Dial(ctx, "12345", phone.DialOptions{})
		must(t, err)
		_, err = call.Wait(ctx, phone.Answered)
		must(t, err)
		time.Sleep(ring + time.Duration(rand.IntN(24)-12)*time.Millisecond)
		must(t, call.Hangup(ctx))
	}
	must(t, citizen.Close())
	for _, k := range r.Tickets(times) {
		ends[k.End]++
		if k.End == hotline.EndAnswered == k.Joined.IsZero() {
			t.Errorf("a ticket says %s, joined %v", k.End, k.Joined)
		}
		if k.EndedBy != hotline.SideCaller {
			t.Errorf("a ticket says by %s", k.EndedBy)
		}
	}
	t.Logf("%v", ends)
	check()
}
