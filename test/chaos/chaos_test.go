package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"strconv"
	"testing"
	"time"

	"hotline/site"
	"hotline/site/sitetest"
	"hotline/test/rig"
)

// plan is how much is done.
type plan struct {
	crowd
	seed        uint64
	calm, storm time.Duration // without strikes, with them; alike where pauses are compared, for the longest grows with the time
	strikes     int           // at most
	kinds       int           // of moments; 0: all
}

// planned reads the plan from the environment: CHAOS_MINUTES, CHAOS_SEED,
// CHAOS_KILLS. Without CHAOS_MINUTES it is the short one.
func planned(t *testing.T) plan {
	p := plan{crowd: crowd{agents: 8, callers: 20, perSecond: 3, talk: 3 * time.Second}, seed: 1, calm: 4 * time.Second, storm: 14 * time.Second, strikes: 1000, kinds: 7}
	if v := os.Getenv("CHAOS_MINUTES"); v != "" {
		minutes, err := strconv.ParseFloat(v, 64)
		must(t, err)
		all := time.Duration(minutes * float64(time.Minute))
		p = plan{crowd: crowd{agents: 50, callers: 150, perSecond: 5, talk: 10 * time.Second}, seed: p.seed, calm: all / 2, storm: all / 2, strikes: 100000}
	}
	if v := os.Getenv("CHAOS_SEED"); v != "" {
		seed, err := strconv.ParseUint(v, 10, 64)
		must(t, err)
		p.seed = seed
	}
	if v := os.Getenv("CHAOS_KILLS"); v != "" {
		n, err := strconv.Atoi(v)
		must(t, err)
		p.strikes = n
	}
	return p
}

// Citizens call, wait in one queue, talk; the controllers are killed, stopped and
// frozen at moments that are aimed at, Redis is emptied, killed and frozen. Nobody
// loses a talk or a place, nobody is overtaken, no agent is called twice at once,
// and each call has its ticket, once.
func TestChaos(t *testing.T) {
	p := planned(t)
	enough, release := signal.NotifyContext(t.Context(), os.Interrupt) // judged by what was seen so far
	defer release()
	r := rig.New(t, flow(), func(o *site.Options) { o.RetrySeconds, o.RTPPorts = 1, 4*(p.callers+p.agents)+200 })
	r.Rules.Ring = ring
	rng := rand.New(rand.NewPCG(p.seed, 1))
	c := startCast(r, rng)
	if err := renice(os.Getpid(), precedence); err != nil {
		t.Logf("telephones have no precedence (%v): what they cannot send in time counts as a pause", err)
	} else {
		t.Cleanup(func() { must(t, level()) })
	}
	sound, err := watchSound(sitetest.Tools(t), r.Site.Addresses())
	var signals *signals
	if err == nil {
		signals, err = watchSignals(sitetest.Tools(t), r.Site.Addresses())
	}
	if err != nil {
		t.Logf("packets cannot be captured (%v): pauses and moments are those that telephones noticed", err)
	}
	l := startLoad(r, p.crowd, p.seed)
	t.Cleanup(l.close)
	r.Within(2*time.Minute, "the queue is full", func() bool {
		there, talking := l.state()
		return there >= p.callers*95/100 && talking >= p.agents*8/10
	})
	t.Logf("seed %d: %d agents, %d callers at once", p.seed, p.agents, p.callers)
	time.Sleep(p.calm)
	if sound != nil {
		sound.disturbed()
	}
	began := time.Now()
	s := &storm{cast: c, load: l, rng: rng, t: t}
	s.run(enough, p)
	if enough.Err() != nil {
		fmt.Println("acts: interrupted after", time.Since(began).Round(time.Second))
	}
	c.wake(true)
	if left := l.drain(2 * time.Minute); left > 0 {
		t.Errorf("%d citizens were never served", left)
	}
	l.close()
	// A record that a waking Redis wrote after its call had ended is closed by the
	// next start, and is no second ticket.
	must(t, c.serves.Stop())
	r.Serves(c.standby)
	if sound != nil {
		if err := sound.cap.Close(); err != nil {
			t.Logf("some pauses may be of the capture: %v", err)
		}
	}
	seen := l.seen()
	if signals != nil {
		if err := signals.cap.Close(); err != nil {
			t.Logf("some moments may be those that telephones noticed: %v", err)
		}
		signals.time(&seen)
	}
	seen.Tickets = books(r, len(seen.Callers))
	v := Judge(seen)
	s.tell(p, v, seen, sound)
	for _, f := range v.Faults {
		t.Error(f)
	}
	r.Clean()
}

// storm is the strikes of a run.
type storm struct {
	*cast
	load *load
	rng  *rand.Rand
	t    *testing.T

	kills  int
	acts   map[act]int
	hit    map[string]int
	missed []string
	paused int
}

// run strikes until the time is over and each kind of moment was hit by a kill
// once.
func (s *storm) run(enough context.Context, p plan) {
	s.acts, s.hit = map[act]int{}, map[string]int{}
	all := moments()
	s.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if p.kinds > 0 {
		all = all[:p.kinds]
	}
	others := otherActs()
	s.rng.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	end := time.Now().Add(p.storm)
	for n, turn := 0, 0; (time.Now().Before(end) || p.kinds == 0 && n < len(all)) && s.kills < p.strikes && enough.Err() == nil; turn++ {
		select {
		case err := <-s.r.Site.Died(): // nobody here did that
			s.t.Fatal(err)
		default:
		}
		m, a := all[s.rng.IntN(len(all))], kill
		if turn%3 == 2 {
			a = others[turn/3%len(others)]
		} else {
			m = all[n%len(all)]
			n++
		}
		s.one(m, a)
		time.Sleep(200*time.Millisecond + time.Duration(s.rng.IntN(800))*time.Millisecond)
		s.paused += s.load.attend(s.t.Context(), s.serves)
	}
}

func (s *storm) one(m moment, a act) {
	began := time.Now()
	if !s.strike(m, a) {
		s.missed = append(s.missed, m.name)
		s.t.Errorf("the moment did not come: %s", m.name)
		return
	}
	s.acts[a]++
	if a == kill || a == killBoth {
		s.kills++
	}
	s.hit[m.name]++
	there, talking := s.load.state()
	s.t.Logf("%s %s: %s; %v later; %d on the line, %d talk", clock(began), m.name, a, time.Since(began).Round(time.Millisecond), there, talking)
}

// tell says what was, the figures last.
func (s *storm) tell(p plan, v Verdict, seen Seen, sound *pauses) {
	if len(s.granted) > 0 {
		s.t.Errorf("controllers that were frozen and woken were allowed to: %q", s.granted)
	}
	for _, f := range s.faults {
		s.t.Error(f)
	}
	gap, base := -time.Millisecond, -time.Millisecond
	if sound != nil {
		gap, base = sound.most[1].Duration, sound.most[0].Duration
		fmt.Printf("sound: longest pause in talks %v (until %s), without kills %v; of what the telephones sent %v and %v\nsound: longer than %v in these seconds: %s\n",
			gap, clock(sound.most[1].until.Local()), base, sound.given[1].Duration, sound.given[0].Duration, long, sound.seconds())
	}
	fmt.Printf("acts: %v; talks %d, agents who met nobody %d, apologies %d, agents ready again %d, woken %d (over within %v), take-overs unasked for %d, handed over p50 %v, most %v, tickets that say what was not %d\n",
		s.acts, v.Talks, v.Vain, s.load.sorry, s.paused, s.woken, quantile(s.thaws, 1).Round(time.Millisecond), s.unasked,
		quantile(s.handOvers, .5).Round(time.Millisecond), quantile(s.handOvers, 1).Round(time.Millisecond), v.TicketsWrong)
	line := fmt.Sprintf("CHAOS kills=%d moments=%d calls=%d dropped_talks=%d lost_places=%d order_violations=%d double_offers=%d tickets_missing=%d tickets_double=%d recover_p50_ms=%d recover_p99_ms=%d takeover_p99_ms=%d rtp_gap_max_ms=%d rtp_gap_base_ms=%d",
		s.kills, len(s.hit), len(seen.Callers), v.DroppedTalks, v.LostPlaces, v.OrderViolations, v.DoubleOffers, v.TicketsMissing, v.TicketsDouble,
		quantile(s.recoveries, .5).Milliseconds(), quantile(s.recoveries, .99).Milliseconds(), quantile(s.takeOvers, .99).Milliseconds(), gap.Milliseconds(), base.Milliseconds())
	fmt.Println(line)
	if file := os.Getenv("CHAOS_LINE"); file != "" { // tools/chaos says it last
		must(s.t, os.WriteFile(file, []byte(line+"\n"), 0o600))
	}
}

// books reads all tickets, once there are as many as calls, or after ten seconds.
func books(r *rig.Rig, calls int) (all []Ticket) {
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		all = all[:0]
		for k := range r.Newest() {
			all = append(all, Ticket{Number: string(k.Number), Call: string(k.Call), Caller: k.Caller.Number, Agent: string(k.Agent), Answered: !k.Joined.IsZero(), Joined: k.Joined, How: fmt.Sprintf("%s by %s, %d offers, at %v", k.End, k.EndedBy, k.Offers, k.Path)})
		}
		if len(all) >= calls || time.Now().After(end) {
			return all
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
