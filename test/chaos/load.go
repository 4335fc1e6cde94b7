package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/test/rig"
)

// crowd is how much is on the line.
type crowd struct {
	agents    int
	callers   int           // at once: those who talk and those who wait
	perSecond int           // new ones at most
	talk      time.Duration // a talk's length, give or take a tenth
}

// load is citizens who call and agents who answer, and the log of their
// telephones.
type load struct {
	r     *rig.Rig
	crowd crowd
	lines []*phone.Phone // the citizens'
	ctx   context.Context
	stop  context.CancelFunc
	all   sync.WaitGroup

	mu      sync.Mutex
	rng     *rand.Rand
	callers []*Caller
	legs    []*Leg
	offers  []Offer
	there   int // callers who are on the line
	talking int
	sorry   int  // apologies heard
	closing bool // nobody calls any more, talks are short
}

// listenEvery is how often a telephone's sound is read.
const listenEvery = 300 * time.Millisecond

// citizenLegs is where the numbers of citizens begin in marked sound.
const citizenLegs = 1 << 24

// startLoad signs the agents in and has citizens call.
func startLoad(r *rig.Rig, c crowd, seed uint64) *load {
	ctx, stop := context.WithCancel(context.Background())
	l := &load{r: r, crowd: c, ctx: ctx, stop: stop, rng: rand.New(rand.NewPCG(seed, 2))}
	for range 8 {
		l.lines = append(l.lines, r.Citizen("000", func(o *phone.Options) { o.Hear, o.Terse = 4*time.Second, true }))
	}
	for i := range c.agents {
		id := fmt.Sprint(1001 + i)
		desk := r.Agent(hotline.AgentID(id), hotline.PhoneID(fmt.Sprint(8001+i)))
		desk.OnInvite(l.meets)
		l.all.Go(func() { l.sit(id, desk) })
	}
	l.all.Go(l.follow)
	l.all.Go(l.arrive)
	return l
}

// drain lets nobody call any more and waits until all who are there were served; it
// tells how many were not.
func (l *load) drain(within time.Duration) (there int) {
	l.mu.Lock()
	l.closing = true
	l.mu.Unlock()
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if there, _ = l.state(); there == 0 {
			break
		}
	}
	return there
}

// close ends the load, whatever is on.
func (l *load) close() {
	l.stop()
	l.all.Wait()
}

// state is how many citizens are on the line, and how many of them talk.
func (l *load) state() (there, talking int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.there, l.talking
}

// seen is the log of all telephones so far.
func (l *load) seen() Seen {
	l.mu.Lock()
	defer l.mu.Unlock()
	var s Seen
	for _, c := range l.callers {
		s.Callers = append(s.Callers, *c)
	}
	for _, g := range l.legs {
		s.Legs = append(s.Legs, *g)
	}
	s.Offers = l.offers
	return s
}

// do changes the log.
func (l *load) do(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// some is between a half and one and a half of d; chance is true in one of n.
func (l *load) some(d time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return d/2 + time.Duration(l.rng.Int64N(int64(d)))
}

func (l *load) chance(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rng.IntN(n) == 0
}

// length is how long a talk lasts.
func (l *load) length() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing {
		return l.crowd.talk / 8
	}
	return l.crowd.talk*9/10 + time.Duration(l.rng.Int64N(int64(l.crowd.talk/5)))
}

// rest waits, unless the load ends; false: it ended, or the call did.
func (l *load) rest(c *phone.Call, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-c.Done():
	case <-l.ctx.Done():
	}
	return false
}

// arrive has a citizen call whenever fewer are there than should be; at first
// they come five times as fast.
func (l *load) arrive() {
	full := false
	for {
		pace := time.Second / time.Duration(l.crowd.perSecond)
		if !full {
			pace /= 5
		}
		select {
		case <-time.After(pace):
		case <-l.ctx.Done():
			return
		}
		l.mu.Lock()
		n, call := len(l.callers), l.there < l.crowd.callers && !l.closing
		full = full || l.there >= l.crowd.callers
		c := &Caller{Number: fmt.Sprintf("000%08d", 10000000+n), Heard: map[int]Span{}}
		if call {
			l.callers = append(l.callers, c)
			l.there++
		}
		l.mu.Unlock()
		if call {
			l.all.Go(func() { l.calls(n, c) })
		}
	}
}

// speak says who one is until the call is over.
func (l *load) speak(c *phone.Call, id uint32) {
	sound := marks(id, 250) // five seconds
	for {
		c.Speak(sound)
		if !l.rest(c, 2*time.Second) {
			return
		}
	}
}

// heard notes that a voice was heard.
func heard(spans map[int]Span, who int, at time.Time) (isFirst bool) {
	s, known := spans[who]
	if !known {
		s.First = at
	} else {
		s.Pause = max(s.Pause, at.Sub(s.Last))
	}
	s.Last = at
	spans[who] = s
	return !known
}
