package chaos

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Two INVITEs that left within atOnce of each other may have been decided in
// either order: several agents became free together, or the machine was busy.
const atOnce = 100 * time.Millisecond

// ring is how long a telephone rings.
const ring = 10 * time.Second

// silence is how long either may be without the other's voice in a talk; shorter
// than that it is a pause, which is measured and not judged. A machine with two
// processors and much to do besides has kept a telephone from speaking for 1.8 s.
const silence = 4 * time.Second

// inaudible is how long a talk is at most that neither telephone can tell: who hangs up
// so soon after he was joined has talked, and has heard nobody.
const inaudible = 300 * time.Millisecond

// Verdict is what went wrong in a run; each count is asked to be zero.
type Verdict struct {
	DroppedTalks    int
	LostPlaces      int
	OrderViolations int
	DoubleOffers    int
	TicketsMissing  int
	TicketsDouble   int
	TicketsWrong    int // they name another agent, or an end that was not

	Talks  int
	Vain   int      // agents picked up and nobody was there
	Faults []string // each in words
}

// Clean tells whether nothing went wrong.
func (v Verdict) Clean() bool {
	return v.DroppedTalks+v.LostPlaces+v.OrderViolations+v.DoubleOffers+v.TicketsMissing+v.TicketsDouble+v.TicketsWrong == 0
}

func (v *Verdict) fault(count *int, format string, args ...any) {
	*count++
	v.Faults = append(v.Faults, fmt.Sprintf(format, args...))
}

// Judge judges a run by what was seen of it.
func Judge(s Seen) Verdict {
	var v Verdict
	t := trial{Seen: s, callOf: s.callers()}
	t.of = t.whose()
	t.talks(&v)
	t.places(&v)
	t.order(&v)
	t.double(&v)
	t.tickets(&v)
	return v
}

// trial is a run while it is judged.
type trial struct {
	Seen
	callOf map[string]int // the caller of each call
	of     []int          // for whom each leg was made; -1: not known
}

// whose finds for whom each INVITE was: for the caller who was heard there or who
// heard the agent; where there was no talk, for whom the hotline said.
func (s trial) whose() []int {
	of := make([]int, len(s.Legs))
	for i, l := range s.Legs {
		of[i] = -1
		for c := range l.Heard {
			of[i] = c
		}
	}
	for c, caller := range s.Callers {
		for l := range caller.Heard {
			of[l] = c
		}
	}
	for i, l := range s.Legs {
		if of[i] >= 0 {
			continue
		}
		var said Offer
		for _, o := range s.Offers {
			if o.Agent == l.Agent && !o.At.After(l.Invited.Add(20*time.Millisecond)) && o.At.After(said.At) {
				said = o
			}
		}
		if c, ok := s.callOf[said.Call]; ok && l.Invited.Sub(said.At) < 5*time.Second {
			of[i] = c
		}
	}
	return of
}

// callers finds each caller by the call's name, which his ticket tells.
func (s Seen) callers() map[string]int {
	byNumber := map[string]int{}
	for i, c := range s.Callers {
		byNumber[c.Number] = i
	}
	byCall := map[string]int{}
	for _, t := range s.Tickets {
		if i, ok := byNumber[t.Caller]; ok {
			byCall[t.Call] = i
		}
	}
	return byCall
}

// heard is when the two heard each other; ok is false when neither did.
func (t trial) heard(leg, caller int) (there, here Span, ok bool) {
	there, a := t.Legs[leg].Heard[caller]
	here, b := t.Callers[caller].Heard[leg]
	return there, here, a || b
}

// talks judges that no talk ends that nobody ended.
func (t trial) talks(v *Verdict) {
	for i, l := range t.Legs {
		c := t.of[i]
		if c < 0 {
			if !l.Answered.IsZero() {
				v.Vain++
			}
			continue
		}
		there, here, ok := t.heard(i, c)
		if !ok {
			if !l.Answered.IsZero() {
				v.Vain++
			}
			continue
		}
		v.Talks++
		if why := dropped(l, t.Callers[c], there, here); why != "" {
			v.fault(&v.DroppedTalks, "the talk of %s with agent %s (called %s): %s", t.Callers[c].Number, l.Agent, clock(l.Invited), why)
		}
	}
}

// dropped says why a talk counts as dropped; "" for one that went well.
func dropped(l Leg, c Caller, there, here Span) string {
	end := first(l.over(), c.over())
	began := first(there.First, here.First)
	switch {
	case l.ByThem && l.Hung.IsZero() && (c.Hung.IsZero() || c.Hung.After(l.Ended)):
		return "the agent heard BYE at " + clock(l.Ended) + " though neither hung up"
	case c.ByThem && c.Hung.IsZero() && (l.Hung.IsZero() || l.Hung.After(c.Ended)):
		return "the caller heard BYE at " + clock(c.Ended) + " though neither hung up"
	}
	for _, side := range []struct {
		who string
		Span
	}{{"the agent", there}, {"the caller", here}} {
		last := side.Last
		if last.IsZero() {
			last = began
		}
		if missed := max(end.Sub(last), side.Pause); end != never && missed > silence {
			return fmt.Sprintf("%s did not hear the other for %v", side.who, missed.Round(time.Millisecond))
		}
	}
	return ""
}

// places judges that nobody who waits is thrown out or begins again.
func (t trial) places(v *Verdict) {
	for _, c := range t.Callers {
		hungUp := !c.Hung.IsZero() && !c.Queued.IsZero() // his own end, which a full machine does not answer in time
		if c.Err != "" && !hungUp {
			v.fault(&v.LostPlaces, "%s could not call: %s", c.Number, c.Err)
			continue
		}
		if c.ByThem && len(c.Heard) == 0 {
			v.fault(&v.LostPlaces, "%s, who waited since %s, heard BYE at %s", c.Number, clock(c.Queued), clock(c.Ended))
		}
		if c.Queued.IsZero() {
			continue
		}
		for _, at := range c.Menus {
			if at.After(c.Queued) {
				v.fault(&v.LostPlaces, "%s, who waited since %s, heard the menu again at %s", c.Number, clock(c.Queued), clock(at))
			}
		}
	}
}

// order judges that no telephone rings for a caller while one waits who had a
// place before he even asked for his.
func (t trial) order(v *Verdict) {
	legs := map[int][]Leg{} // of each caller
	for i, l := range t.Legs {
		if t.of[i] >= 0 {
			legs[t.of[i]] = append(legs[t.of[i]], l)
		}
	}
	for i, l := range t.Legs {
		c := t.of[i]
		if c < 0 || t.Callers[c].Asked.IsZero() {
			continue
		}
		for e, earlier := range t.Callers {
			if e == c || earlier.Queued.IsZero() || !earlier.Queued.Before(t.Callers[c].Asked) || !earlier.over().After(l.Invited.Add(atOnce)) {
				continue
			}
			if !t.isServed(earlier, legs[e], l.Invited) {
				v.fault(&v.OrderViolations, "agent %s was called at %s for %s, who asked at %s, while %s waited since %s (he: %s)",
					l.Agent, clock(l.Invited), t.Callers[c].Number, clock(t.Callers[c].Asked), earlier.Number, clock(earlier.Queued), t.story(e, legs[e]))
				break // one INVITE is one violation
			}
		}
	}
}

// isServed tells whether a caller had an agent, or an agent's telephone that rang
// for him, at a moment. One who had an agent chosen counts for as long as a telephone
// would ring: the controller may have died before it could.
func (t trial) isServed(c Caller, legs []Leg, at time.Time) bool {
	for _, span := range c.Heard {
		if span.First.Before(at) {
			return true
		}
	}
	for _, l := range legs {
		if !l.Invited.After(at.Add(atOnce)) && l.over().After(at.Add(-atOnce)) {
			return true
		}
	}
	for _, o := range t.Offers {
		if i, ok := t.callOf[o.Call]; ok && t.Callers[i].Number == c.Number && !o.At.After(at) && first(o.Until, o.At.Add(ring)).After(at.Add(-atOnce)) {
			return true
		}
	}
	return false
}

// double judges that an agent is called once at a time, and a caller's call rings
// at one telephone at a time.
func (t trial) double(v *Verdict) {
	byAgent, byCaller := map[string][]Leg{}, map[int][]Leg{}
	for i, l := range t.Legs {
		byAgent[l.Agent] = append(byAgent[l.Agent], l)
		if t.of[i] >= 0 {
			byCaller[t.of[i]] = append(byCaller[t.of[i]], l)
		}
	}
	for agent, legs := range byAgent {
		overlaps(legs, 0, func(a, b Leg) {
			v.fault(&v.DoubleOffers, "agent %s was called at %s, and again at %s before that call was over at %s (%s)", agent, clock(a.Invited), clock(b.Invited), clock(a.over()), a.end())
		})
	}
	for c, legs := range byCaller {
		overlaps(legs, atOnce, func(a, b Leg) {
			v.fault(&v.DoubleOffers, "for %s agent %s was called at %s, and agent %s at %s while that call was on", t.Callers[c].Number, a.Agent, clock(a.Invited), b.Agent, clock(b.Invited))
		})
	}
}

// overlaps gives each leg that began before the one before was over; crossing is
// how long the CANCEL of the one before may be on its way.
func overlaps(legs []Leg, crossing time.Duration, found func(a, b Leg)) {
	slices.SortFunc(legs, func(a, b Leg) int { return a.Invited.Compare(b.Invited) })
	for i := 1; i < len(legs); i++ {
		if legs[i].Invited.Add(crossing).Before(legs[i-1].over()) {
			found(legs[i-1], legs[i])
		}
	}
}

// tickets judges that each call has one ticket, and that it says what was.
func (t trial) tickets(v *Verdict) {
	of := map[string][]Ticket{}
	for _, k := range t.Tickets {
		of[k.Caller] = append(of[k.Caller], k)
	}
	for _, c := range t.Callers {
		ts := of[c.Number]
		delete(of, c.Number)
		switch {
		case c.Err != "":
		case len(ts) == 0:
			v.fault(&v.TicketsMissing, "%s has no ticket", c.Number)
		case len(ts) > 1:
			v.fault(&v.TicketsDouble, "%s has %d tickets: %v", c.Number, len(ts), ts)
		case len(c.Heard) == 0 && ts[0].Answered && !c.Hung.IsZero() && c.Hung.Sub(ts[0].Joined).Abs() < inaudible:
		case len(c.Heard) > 0 != ts[0].Answered:
			v.fault(&v.TicketsWrong, "the ticket of %s (call %s, %s) says talked: %t; heard: %v; hung up %s", c.Number, ts[0].Call, ts[0].How, ts[0].Answered, t.heardBy(c), clock(c.Hung))
		case len(c.Heard) > 0 && !t.talkedWith(c, ts[0].Agent):
			v.fault(&v.TicketsWrong, "the ticket of %s names agent %s, whom he never heard", c.Number, ts[0].Agent)
		}
	}
	for number, ts := range of {
		v.fault(&v.TicketsDouble, "%d tickets of %s, who never called", len(ts), number)
	}
}

func (t trial) talkedWith(c Caller, agent string) bool {
	for l := range c.Heard {
		if t.Legs[l].Agent == agent {
			return true
		}
	}
	return false
}

// story says what became of a caller.
func (t trial) story(c int, legs []Leg) string {
	said := fmt.Sprintf("heard %v", t.heardBy(t.Callers[c]))
	for _, l := range legs {
		said += fmt.Sprintf(", rang %s %s to %s", l.Agent, clock(l.Invited), clock(l.over()))
	}
	for _, o := range t.Offers {
		if i, ok := t.callOf[o.Call]; ok && i == c {
			said += fmt.Sprintf(", offer %d to %s %s to %s", o.ID, o.Agent, clock(o.At), clock(o.Until))
		}
	}
	for _, k := range t.Tickets {
		if k.Caller == t.Callers[c].Number {
			said += ", " + k.How
		}
	}
	return said
}

// heardBy says whom a caller heard, and when.
func (t trial) heardBy(c Caller) (said []string) {
	for l, s := range c.Heard {
		said = append(said, fmt.Sprintf("agent %s (called %s) %s to %s", t.Legs[l].Agent, clock(t.Legs[l].Invited), clock(s.First), clock(s.Last)))
	}
	return said
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format("15:04:05.000")
}

// quantile is the q-th part of ds by the nearest rank; 0 of none.
func quantile(ds []time.Duration, q float64) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	s := slices.SortedFunc(slices.Values(ds), cmp.Compare[time.Duration])
	return s[min(len(s)-1, max(0, int(q*float64(len(s))+0.999999)-1))]
}
