package test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/phone"
	"hotline/routing"
	"hotline/site"
	"hotline/test/rig"
)

// kills is how often TestKillFigure kills the controller; 20 is the figure of
// docs/benchmarks.md: go test ./test -run TestKillFigure -kills 20.
var kills = flag.Int("kills", 3, "how often the controller is killed in TestKillFigure")

// mostStart is how long a controller may take from its process's start until it
// has taken up what was there. Built for the race detector a process starts
// several times slower.
const mostStart = time.Second

// Ten citizens wait, five talk, one agent's phone rings and one citizen is in
// the menu. The controller is killed, again and again. Each time the next one
// has all of them; nobody loses his call, his place or his talk; in the end
// there is one ticket for each.
func TestKillFigure(t *testing.T) {
	r := rig.New(t, patient(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Rules.Ring = time.Minute
	r.Spawn()
	crowd := gather(r)
	var took []time.Duration
	for range *kills {
		time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
		before := crowd.board()
		r.Kill()
		took = append(took, r.Spawn())
		crowd.same(before)
	}
	crowd.goHome()
	slices.Sort(took)
	worst, median := took[len(took)-1], took[len(took)/2]
	fmt.Fprintf(os.Stdout, "KILL kills=%d waiting=%d talking=%d ringing=1 menu=1 lost=0 start_p50_ms=%d start_max_ms=%d tickets=%d\n",
		*kills, len(crowd.waiting), len(crowd.talking), median.Milliseconds(), worst.Milliseconds(), len(crowd.all()))
	if worst > mostStart*slower {
		t.Errorf("a controller had everything only after %v; %v is asked", worst, mostStart*slower)
	}
}

// crowd is the citizens of the figure.
type crowd struct {
	*rig.Rig
	waiting, talking []citizen
	ringing, menu    citizen
	agents           []*phone.Call
	rung             *phone.Call
	done             int // citizens whose talk ended before they all go home
}

// gather calls from everywhere until all stand where they should.
func gather(r *rig.Rig) *crowd {
	c := &crowd{Rig: r}
	for i := range 6 {
		answer := phone.Answer(0)
		if i == 5 {
			answer = phone.RingOn()
		}
		id := fmt.Sprint(1001 + i)
		desk := r.Agent(hotline.AgentID(id), hotline.PhoneID(fmt.Sprint(8001+i)))
		desk.OnInvite(meets(answer))
		k := dial(r, fmt.Sprintf("000560%02d", i))
		k.press("2")
		call := next(r.T, desk)
		if i == 5 {
			c.ringing, c.rung = k, call
			break
		}
		talk(r.T, k.Call, call)
		c.talking, c.agents = append(c.talking, k), append(c.agents, call)
	}
	for i := range 10 {
		c.waiting = append(c.waiting, waiting(r, fmt.Sprintf("000561%02d", i)))
	}
	c.menu = dial(r, "00056200")
	c.menu.hears("menu.1s", 0)
	return c
}

func (c *crowd) all() []citizen {
	return slices.Concat(c.waiting, c.talking, []citizen{c.ringing, c.menu})
}

func (c *crowd) board() routing.Snapshot {
	c.T.Helper()
	b, err := c.Live.Load(c.T.Context())
	must(c.T, err)
	return b
}

// same wants the board as it was, every call up, and every talk alive.
func (c *crowd) same(before routing.Snapshot) {
	c.T.Helper()
	after := c.board()
	if len(after.Places) != len(before.Places) || len(before.Places) != len(c.waiting)+1 {
		c.T.Fatalf("%d places, then %d; %d wait", len(before.Places), len(after.Places), len(c.waiting)+1)
	}
	for i, p := range before.Places {
		if q := after.Places[i]; q.Call != p.Call || q.Seq != p.Seq || q.Offer != p.Offer {
			c.T.Errorf("a place was %+v and is %+v", p, q)
		}
	}
	for i, a := range before.Agents {
		if b := after.Agents[i]; b.State != a.State || b.Call != a.Call || b.Offer != a.Offer {
			c.T.Errorf("an agent was %+v and is %+v", a, b)
		}
	}
	for _, k := range c.all() {
		k.up()
	}
	var all sync.WaitGroup
	for i, k := range c.talking {
		all.Go(func() { hears(c.T, k.number, lately(k.Call), 400); hears(c.T, "his agent", lately(c.agents[i]), 500) })
	}
	all.Wait()
}

// lately is what a call hears in the next half second.
func lately(c *phone.Call) phone.Heard {
	at := time.Since(c.Began())
	time.Sleep(600 * time.Millisecond)
	return c.HeardSince(at)
}

// goHome ends it all: the talks are over, who waits is served in turn, the one
// in the menu chooses.
func (c *crowd) goHome() {
	c.T.Helper()
	at := c.menu.now()
	c.menu.press("2") // in the menu he was
	c.Within(8*time.Second, "the one in the menu waits too", func() bool { return len(c.board().Places) == len(c.waiting)+2 })
	if has(c.menu.heard(at), "menu.1s") {
		c.T.Errorf("after his key the one in the menu heard %v", c.menu.heard(at))
	}
	for i := range 5 {
		desk := c.Desk(hotline.AgentID(fmt.Sprint(1001 + i)))
		desk.OnInvite(meets(phone.Answer(0).Talk(100 * time.Millisecond)))
	}
	c.Desk("1006").OnInvite(meets(phone.Answer(0).Talk(100 * time.Millisecond)))
	must(c.T, c.rung.Hangup(soon(c.T)))
	for _, a := range c.agents {
		must(c.T, a.Hangup(soon(c.T)))
	}
	for _, k := range c.all() {
		k.over()
		k.ticket(hotline.EndAnswered, hotline.SideAgent)
	}
	c.Tickets(len(c.all()) + c.done)
	c.Clean()
}

// patient is the story's flow with a menu that lasts.
func patient() *ivr.Flow {
	f := story()
	f.Name, f.Hash = "patient", "patient"
	menu := f.Steps["menu"].(ivr.MenuStep)
	menu.Wait = 5 * time.Minute
	f.Steps["menu"] = menu
	return f
}
