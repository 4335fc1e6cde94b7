package routing_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline"
	"hotline/routing"
)

// plain is the rule written down as plainly as it can be: every caller in
// order, every agent looked at. Match must always say the same.
func plain(places []hotline.Place, agents []routing.Agent, ageing time.Duration) []hotline.Offer {
	rank := func(p hotline.Place) int64 { return int64(p.Since) - int64(p.Priority)*ageing.Milliseconds() }
	places = slices.DeleteFunc(slices.Clone(places), func(p hotline.Place) bool { return p.Offer != 0 })
	slices.SortFunc(places, func(a, b hotline.Place) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Seq, b.Seq)) })
	free := slices.DeleteFunc(slices.Clone(agents), func(a routing.Agent) bool { return a.State != routing.Free })
	slices.SortFunc(free, func(a, b routing.Agent) int { return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.ID, b.ID)) })
	var offers []hotline.Offer
	for _, p := range places {
		var can []int
		for i, a := range free {
			if a.Can(p.Needs) {
				can = append(can, i)
			}
		}
		if len(can) == 0 {
			continue
		}
		a := free[can[0]]
		offers = append(offers, hotline.Offer{Call: p.Call, Queue: p.Queue, Agent: a.ID, Phone: a.Phone, Reason: plainReason(p, len(can), len(free))})
		free = slices.Delete(free, can[0], can[0]+1)
	}
	return offers
}

func plainReason(p hotline.Place, can, free int) hotline.Reason {
	why := "longest-waiting"
	if p.Priority > 0 {
		why = "priority"
	}
	switch {
	case free == 1:
		return hotline.Reason(why + ", only free agent")
	case can == 1:
		var names []string
		for _, n := range p.Needs {
			names = append(names, string(n))
		}
		slices.Sort(names)
		return hotline.Reason(why + ", only free agent with skill " + strings.Join(slices.Compact(names), "+"))
	}
	return hotline.Reason(why + ", longest-idle")
}

// world makes random boards and changes them.
type world struct {
	*rand.Rand
	skills []hotline.Skill
	seq    int64
	now    hotline.Millis
}

func newWorld(seed uint64) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 1)), now: 1_000_000}
	for i := range 1 + w.IntN(6) {
		w.skills = append(w.skills, hotline.Skill(fmt.Sprintf("s%d", i)))
	}
	return w
}

func (w *world) some(most int) []hotline.Skill {
	var some []hotline.Skill
	for range w.IntN(most + 1) {
		some = append(some, w.skills[w.IntN(len(w.skills))])
	}
	return some
}

func (w *world) place() hotline.Place {
	w.seq++
	w.now += hotline.Millis(w.IntN(4) * 10_000)
	p := hotline.Place{Call: hotline.CallID(fmt.Sprintf("c%d", w.seq)), Seq: w.seq, Since: w.now, Needs: w.some(3)}
	p.Queue = hotline.QueueKey(fmt.Sprintf("q%d", w.IntN(3)))
	if w.IntN(4) == 0 {
		p.Priority = w.IntN(5) - 1
	}
	if w.IntN(5) == 0 {
		p.Offer = 1
	}
	return p
}

func (w *world) agent(i int) routing.Agent {
	states := []routing.State{routing.Free, routing.Free, routing.Offered, routing.Talking, routing.WrapUp, routing.Paused}
	return routing.Agent{
		ID: hotline.AgentID(fmt.Sprintf("a%d", i)), Phone: hotline.PhoneID(fmt.Sprint(i)),
		State: states[w.IntN(len(states))], Skills: w.some(5), Since: hotline.Millis(w.IntN(8)),
	}
}

// Given ten thousand boards, each changed up to five times, when they are
// matched, then Match says what the plain rule says, and changes nothing.
func TestMatchIsThePlainRule(t *testing.T) {
	for seed := range uint64(10_000) {
		w := newWorld(seed)
		ageing := time.Duration(w.IntN(3)+1) * 30 * time.Second
		var snap routing.Snapshot
		for range w.IntN(12) {
			snap.Places = append(snap.Places, w.place())
		}
		for i := range w.IntN(10) {
			snap.Agents = append(snap.Agents, w.agent(i))
		}
		m := routing.ImageOf(snap, ageing)
		agree(t, seed, m, ageing)
		for range w.IntN(6) {
			for range 1 + w.IntN(4) {
				w.change(m)
			}
			agree(t, seed, m, ageing)
		}
		if t.Failed() {
			return
		}
	}
}

func (w *world) change(m *routing.Image) {
	places, agents := slices.Collect(m.Places()), slices.Collect(m.Agents())
	switch k := w.IntN(6); {
	case k == 0:
		m.Put(w.place())
	case k == 1 && len(places) > 0:
		m.Remove(places[w.IntN(len(places))].Call)
	case k == 2 && len(places) > 0:
		p := places[w.IntN(len(places))]
		p.Offer = hotline.OfferID(w.IntN(2))
		m.Put(p)
	case k == 3 && len(agents) > 0:
		m.RemoveAgent(agents[w.IntN(len(agents))].ID)
	case k == 4:
		m.PutAgent(w.agent(w.IntN(12)))
	case len(agents) > 0:
		a := agents[w.IntN(len(agents))]
		a.State, a.Since = w.agent(0).State, hotline.Millis(w.IntN(8))
		m.PutAgent(a)
	}
}

func agree(t *testing.T, seed uint64, m *routing.Image, ageing time.Duration) {
	t.Helper()
	places, agents := slices.Collect(m.Places()), slices.Collect(m.Agents())
	want := plain(places, agents, ageing)
	if got := m.Match(); !reflect.DeepEqual(got, want) {
		t.Errorf("board %d\nplaces %+v\nagents %+v\nMatch says %+v\nthe rule   %+v", seed, places, agents, got, want)
	}
	if again := m.Match(); !reflect.DeepEqual(again, want) {
		t.Errorf("board %d: asked again, Match says %+v", seed, again)
	}
	counts(t, seed, m, places, ageing)
}

// counts checks what the image knows of each queue.
func counts(t *testing.T, seed uint64, m *routing.Image, places []hotline.Place, ageing time.Duration) {
	t.Helper()
	rank := func(p hotline.Place) int64 { return int64(p.Since) - int64(p.Priority)*ageing.Milliseconds() }
	waiting, longest := map[hotline.QueueKey]int{}, map[hotline.QueueKey]hotline.Millis{}
	for _, p := range places {
		before := 0
		for _, q := range places {
			if q.Queue == p.Queue && q.Offer == 0 && p.Offer == 0 && (rank(q) < rank(p) || rank(q) == rank(p) && q.Seq < p.Seq) {
				before++
			}
		}
		if got := m.Position(p.Call); got != before {
			t.Errorf("board %d: %d stand before %s, Position says %d", seed, before, p.Call, got)
		}
		if p.Offer == 0 {
			waiting[p.Queue]++
			if l, ok := longest[p.Queue]; !ok || p.Since < l {
				longest[p.Queue] = p.Since
			}
		}
	}
	for _, q := range []hotline.QueueKey{"q0", "q1", "q2", "none"} {
		since, ok := m.LongestSince(q)
		if m.Waiting(q) != waiting[q] || since != longest[q] || ok != (waiting[q] > 0) {
			t.Errorf("board %d: in %s wait %d since %d; the image says %d, %d, %v", seed, q, waiting[q], longest[q], m.Waiting(q), since, ok)
		}
	}
}
