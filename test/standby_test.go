package test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hotline/ivr"
	"hotline/phone"
	"hotline/site"
	"hotline/test/rig"
)

// takeOvers and the frozen are how the figures of docs/reliability.md are taken:
// go test ./test -run 'TestStandby|TestWoken' -takeovers 20 -frozen 50 -frozen-most 30s -frozen-load 5 -timeout 0 -v.
var (
	takeOvers  = flag.Int("takeovers", 2, "how often a controller is killed in TestStandby")
	frozen     = flag.Int("frozen", 1, "how often a controller is stopped and woken in TestWoken")
	frozenMost = flag.Duration("frozen-most", 6*time.Second, "for how long at most; 5 s at least")
	frozenLoad = flag.Int("frozen-load", 2, "how many citizens a second call meanwhile")
)

// mostTakeOver is how long callers may be without a controller when the one that
// serves dies and another one, on another host, stands by.
const mostTakeOver = 2 * time.Second

// led is a crowd, and the controller that serves it.
func led(t *testing.T) (*crowd, *rig.Controller) {
	r := rig.New(t, patient(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Rules.Ring = time.Hour // one rings all the time
	serves := r.Another(false)
	r.Serves(serves)
	return gather(r), serves
}

// Two controllers; ten citizens wait, five talk, one agent's phone rings and one
// citizen is in the menu. The one that serves is killed, again and again; each
// time the other one, which cannot see that it is dead, has everybody, and a new
// one stands by.
func TestStandby(t *testing.T) {
	t.Parallel()
	crowd, serves := led(t)
	var took []time.Duration
	for range *takeOvers {
		next := crowd.Another(true)
		next.StandsBy()
		time.Sleep(time.Duration(rand.IntN(500)) * time.Millisecond)
		before := crowd.board()
		began := time.Now()
		serves.Kill()
		crowd.Serves(next)
		took = append(took, time.Since(began))
		crowd.same(before)
		serves = next
	}
	crowd.goHome()
	slices.Sort(took)
	worst := took[len(took)-1]
	fmt.Fprintf(os.Stdout, "TAKEOVER kills=%d lost=0 p50_ms=%d max_ms=%d\n", *takeOvers, took[len(took)/2].Milliseconds(), worst.Milliseconds())
	if worst > mostTakeOver*slower {
		t.Errorf("the second controller had everything only after %v; %v is asked", worst, mostTakeOver*slower)
	}
}

// The one that serves is frozen, and the one that followed it is killed before it
// is woken: a third serves, though the first has its journal open still.
func TestKilledBehindAFrozenOne(t *testing.T) {
	t.Parallel()
	crowd, first := led(t)
	second := crowd.Another(false)
	second.StandsBy()
	before := crowd.board()
	first.Freeze()
	crowd.Serves(second)
	second.Kill()
	third := crowd.Another(false)
	crowd.Serves(third)
	crowd.same(before)
	first.Thaw()
	first.Overtaken(5 * time.Second)
	crowd.goHome()
}

// The one that serves is told to stop: it hands over with no word to anybody.
func TestHandOver(t *testing.T) {
	t.Parallel()
	crowd, serves := led(t)
	for range 2 {
		next := crowd.Another(true)
		next.StandsBy()
		before := crowd.board()
		began := time.Now()
		must(t, serves.Stop())
		crowd.Serves(next)
		if took := time.Since(began); took > mostTakeOver*slower {
			t.Errorf("handed over only within %v; %v is asked", took, mostTakeOver*slower)
		} else {
			t.Logf("handed over within %v", took.Round(time.Millisecond))
		}
		crowd.same(before)
		serves = next
	}
	crowd.goHome()
}

// recorded is story with talks that are recorded.
func recorded() *ivr.Flow {
	f := story()
	f.Name, f.Hash = "recorded", "recorded"
	f.Steps["talk"] = ivr.TalkStep{Notice: []string{"serving.1s"}, Record: true, Next: "goodbye", Queue: "queue"}
	return f
}

// The one that serves is told to stop while Asterisk joins a caller and an agent: it
// waits for that, the two talk on, hear the first words once and are recorded.
func TestHandOverInAJoin(t *testing.T) {
	t.Parallel()
	r := rig.New(t, recorded(), func(o *site.Options) { o.RetrySeconds = 1 })
	serves := r.Another(false)
	r.Serves(serves)
	desk := r.Agent("1001", "8001")
	desk.OnInvite(meets(phone.Answer(0)))
	follows := r.Another(true)
	follows.StandsBy()
	c := dial(r, "00055580")
	stopped := make(chan error, 1)
	hit, forget := serves.Aim(rig.ToAsterisk("addChannel"), func() bool {
		go func() { stopped <- serves.Stop() }()
		time.Sleep(away)
		return true
	})
	defer forget()
	c.press("2")
	agent := next(t, desk)
	r.Happened(hit)
	again, leave := follows.Aim(rig.ToAsterisk("bridges/b.", "/play"), func() bool { return true })
	defer leave()
	must(t, <-stopped)
	if serves.Said(func(l rig.Line) bool { return l.Is("msg", "exchange") }) {
		t.Error("the join was cut off")
	}
	r.Serves(follows)
	talk(t, c.Call, agent)
	ending(c, agent)
	k := c.TicketOf(c.number)
	if k.Offers != 1 {
		t.Errorf("the ticket says %d offers", k.Offers)
	}
	select {
	case <-again:
		t.Error("the first words were said twice")
	default:
	}
	if k.Note != "" || k.Recording == "" {
		t.Errorf("the talk is not recorded: %q, %s", k.Recording, k.Note)
	}
	file := filepath.Join(r.Site.Addresses().Recordings, k.Recording)
	r.Within(5*time.Second, "the recording is there", func() bool { _, err := os.Stat(file); return err == nil })
}

// The one that serves is frozen, as by a host that stalls; another one takes over.
// Woken, the first does nothing that anybody hears or that is written, and ends. All
// the while further citizens call, are answered and hang up.
func TestWoken(t *testing.T) {
	t.Parallel()
	crowd, serves := led(t)
	var took []time.Duration
	sum := 0
	load := pass(crowd.Rig, *frozenLoad)
	for range *frozen {
		next := crowd.Another(rand.IntN(2) == 0)
		next.StandsBy()
		before := crowd.board()
		serves.Freeze()
		began := time.Now()
		crowd.Serves(next)
		took = append(took, time.Since(began))
		crowd.same(before)
		time.Sleep(time.Until(began.Add(5*time.Second + rand.N(*frozenMost-5*time.Second))))
		serves.Thaw()
		serves.Overtaken(5 * time.Second)
		granted := serves.Granted()
		if sum += len(granted); len(granted) > 0 {
			t.Errorf("woken, it was allowed to: %q", granted)
		}
		crowd.same(before)
		serves = next
	}
	crowd.done = load.leave()
	crowd.goHome()
	slices.Sort(took)
	worst := took[len(took)-1]
	fmt.Fprintf(os.Stdout, "WOKEN freezes=%d granted=%d passers=%d takeover_p50_ms=%d takeover_max_ms=%d\n",
		*frozen, sum, crowd.done, took[len(took)/2].Milliseconds(), worst.Milliseconds())
	if worst > mostTakeOver*slower {
		t.Errorf("the next one had everything only after %v; %v is asked", worst, mostTakeOver*slower)
	}
}
