package livetest

import (
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"hotline"
	"hotline/routing"
)

func joinOnce(t *testing.T, s Store) {
	w := hotline.Place{Call: "c1", Queue: "water", Needs: []hotline.Skill{"water", "english"}, Priority: 2}
	first := join(t, s, 1, w)
	if first.Seq <= 0 || first.Since <= 0 || first.Version != 1 || first.Queue != "water" || first.Priority != 2 || len(first.Needs) != 2 {
		t.Fatalf("the place is %+v", first)
	}
	again, err := s.Commit(t.Context(), 1, []routing.Change{{Place: &w}})
	must(t, err)
	if !again.Refused || !reflect.DeepEqual(again.Places, []hotline.Place{first}) {
		t.Fatalf("joining again gave %+v; the place is %+v", again, first)
	}
	second := join(t, s, 1, hotline.Place{Call: "c2", Queue: "water"})
	if second.Seq <= first.Seq {
		t.Fatalf("the second caller has number %d, not above %d", second.Seq, first.Seq)
	}
	if got := load(t, s); !reflect.DeepEqual(got.Places, []hotline.Place{first, second}) || got.Now < first.Since {
		t.Fatalf("the board is %+v", got)
	}
	leave(t, s, 1, "c1")
	if got := load(t, s).Places; len(got) != 1 || got[0].Call != "c2" {
		t.Fatalf("after c1 left: %+v", got)
	}
}

// together: several join in one step, one of them is offered to an agent in it, and
// one moves to another queue.
func together(t *testing.T, s Store) {
	a := signIn(t, s, 1, "1001")
	old := join(t, s, 1, hotline.Place{Call: "c0", Queue: "water"})
	old.Queue, old.Needs = "bus", []hotline.Skill{"bus"}
	offer := load(t, s).Above + 1
	a.State, a.Call, a.Offer = routing.Offered, "c1", offer
	truth := commit(t, s, 1,
		routing.Change{Place: &hotline.Place{Call: "c1", Queue: "water", Offer: offer}}, routing.Change{Agent: &a, Since: true},
		routing.Change{Place: &hotline.Place{Call: "c2", Queue: "water"}}, routing.Change{Place: &old},
		routing.Change{Place: &hotline.Place{Call: "c3", Queue: "water"}})
	got := load(t, s)
	want := []hotline.Place{truth.Places[2], truth.Places[0], truth.Places[1], truth.Places[3]}
	if !reflect.DeepEqual(got.Places, want) || !reflect.DeepEqual(got.Agents, truth.Agents) || got.Offer != offer {
		t.Fatalf("the board is %+v, the truth was %+v", got, truth)
	}
	if p := got.Places[0]; p.Seq != old.Seq || p.Since != old.Since || p.Queue != "bus" || p.Version != 2 || len(p.Needs) != 1 {
		t.Fatalf("who moved is %+v; he was %+v", p, old)
	}
	if p := got.Places[1]; p.Call != "c1" || p.Offer != offer || p.Version != 1 || p.Since != truth.Now {
		t.Fatalf("who joined and was offered is %+v", p)
	}
}

func rebuild(t *testing.T, s Store) {
	const seq = 8_000_000_000_000 // far above anything given yet
	p := join(t, s, 1, hotline.Place{Call: "c1", Queue: "bus", Seq: seq, Since: 1234})
	if p.Seq != seq || p.Since != 1234 {
		t.Fatalf("rebuilt as %+v", p)
	}
	if p := join(t, s, 1, hotline.Place{Call: "c2", Queue: "bus"}); p.Seq <= seq {
		t.Fatalf("a new caller got number %d, before the rebuilt one", p.Seq)
	}
	if p := join(t, s, 1, hotline.Place{Call: "c3", Queue: "bus", Seq: 5, Since: 99}); p.Seq != 5 {
		t.Fatalf("rebuilt as %+v", p)
	}
	if p := join(t, s, 1, hotline.Place{Call: "c4", Queue: "bus"}); p.Seq <= seq+1 {
		t.Fatalf("the counter went back to %d", p.Seq)
	}
	var order []hotline.CallID
	for _, p := range load(t, s).Places {
		order = append(order, p.Call)
	}
	if want := []hotline.CallID{"c3", "c1", "c2", "c4"}; !slices.Equal(order, want) {
		t.Fatalf("the order is %v, not %v", order, want)
	}
}

func oneCall(t *testing.T, s Store) {
	a := signIn(t, s, 7, "1001", "water")
	if a.Version != 1 || a.Since == 0 || a.Deadline != 0 {
		t.Fatalf("signed in as %+v", a)
	}
	p := join(t, s, 7, hotline.Place{Call: "c1", Queue: "water", Needs: []hotline.Skill{"water"}})

	offer := load(t, s).Above + 1
	a.State, a.Call, a.Offer, p.Offer = routing.Offered, "c1", offer, offer
	truth := commit(t, s, 7, routing.Change{Agent: &a, Since: true, Within: 20 * time.Second}, routing.Change{Place: &p})
	a, p = truth.Agents[0], truth.Places[0]
	if a.Version != 2 || a.Since != truth.Now || a.Deadline != truth.Now+20_000 || p.Version != 2 || p.Offer != offer {
		t.Fatalf("reserved: %+v", truth)
	}
	if got := load(t, s); !reflect.DeepEqual(got.Agents, truth.Agents) || !reflect.DeepEqual(got.Places, truth.Places) || got.Offer != offer {
		t.Fatalf("the board is %+v, the truth was %+v", got, truth)
	}

	a.State = routing.Talking
	truth = commit(t, s, 7, routing.Change{Agent: &a}, routing.Change{Place: &p, Gone: true})
	if got := truth.Agents[0]; len(truth.Places) != 0 || got.Since != a.Since || got.Deadline != 0 {
		t.Fatalf("without Since the moment stays, without Within the deadline goes: %+v", truth)
	}
	a = truth.Agents[0]
	commit(t, s, 7, routing.Change{Agent: &a, Gone: true})
	got := load(t, s)
	if len(got.Agents)+len(got.Places) != 0 {
		t.Fatalf("left on the board: %+v", got)
	}
	if got.Offer != offer {
		t.Fatalf("the highest offer is %d, not %d", got.Offer, offer)
	}
}

func refused(t *testing.T, s Store) {
	old := signIn(t, s, 1, "1001", "water")
	p := join(t, s, 1, hotline.Place{Call: "c1", Queue: "water"})
	paused := old
	paused.State, paused.Reason = routing.Paused, "meal"
	now := commit(t, s, 1, routing.Change{Agent: &paused, Since: true}).Agents[0]

	old.State, p.Offer = routing.Offered, 9
	gone := hotline.Place{Call: "gone", Offer: 9, Version: 1}
	absent := routing.Agent{ID: "1009", State: routing.Offered, Version: 3}
	truth, err := s.Commit(t.Context(), 1, []routing.Change{{Agent: &old}, {Place: &p}, {Place: &gone}, {Agent: &absent}})
	must(t, err)
	p.Offer = 0
	if !truth.Refused || !reflect.DeepEqual(truth.Agents, []routing.Agent{now}) || !reflect.DeepEqual(truth.Places, []hotline.Place{p}) {
		t.Fatalf("the truth is %+v", truth)
	}
	if !slices.Equal(truth.Missing, []string{"place gone", "agent 1009"}) {
		t.Fatalf("missing is %q", truth.Missing)
	}
	twice := routing.Agent{ID: "1001", State: routing.Free}
	if truth, err = s.Commit(t.Context(), 1, []routing.Change{{Agent: &twice}}); err != nil || !truth.Refused {
		t.Fatalf("an agent signed in twice: %+v, %v", truth, err)
	}
}

func allOrNone(t *testing.T, s Store) {
	a := signIn(t, s, 1, "1001")
	p := join(t, s, 1, hotline.Place{Call: "c1", Queue: "water"})
	before := load(t, s)
	leave(t, s, 1, "c1")
	a.State, a.Offer, p.Offer = routing.Offered, before.Offer+1, before.Offer+1
	truth, err := s.Commit(t.Context(), 1, []routing.Change{{Agent: &a}, {Place: &p}})
	must(t, err)
	after := load(t, s)
	if !truth.Refused || !reflect.DeepEqual(after.Agents, before.Agents) {
		t.Fatalf("the caller had left, yet the agent is %+v", after.Agents)
	}
}

func race(t *testing.T, s Store) {
	p := join(t, s, 1, hotline.Place{Call: "c1", Queue: "water"})
	var agents []routing.Agent
	for _, id := range []hotline.AgentID{"1001", "1002", "1003", "1004"} {
		agents = append(agents, signIn(t, s, 1, id))
	}
	var got sync.Map
	var all sync.WaitGroup
	for i, a := range agents {
		all.Go(func() {
			p := p
			a.State, a.Offer, p.Offer = routing.Offered, hotline.OfferID(i+1), hotline.OfferID(i+1)
			truth, err := s.Commit(t.Context(), 1, []routing.Change{{Agent: &a}, {Place: &p}})
			if err == nil && !truth.Refused {
				got.Store(a.ID, true)
			}
		})
	}
	all.Wait()
	n, offered := 0, 0
	got.Range(func(any, any) bool { n++; return true })
	for _, a := range load(t, s).Agents {
		if a.State == routing.Offered {
			offered++
		}
	}
	if n != 1 || offered != 1 {
		t.Fatalf("%d dispatchers got the caller and %d agents are offered him; it must be one", n, offered)
	}
}

func fenced(t *testing.T, s Store) {
	a := signIn(t, s, 100, "1001")
	a.State = routing.Paused
	_, err := s.Commit(t.Context(), 99, []routing.Change{{Agent: &a}})
	kind(t, err, hotline.Forbidden)
	if got := load(t, s).Agents[0].State; got != routing.Free {
		t.Fatalf("the fenced commit made the agent %s", got)
	}
	a = commit(t, s, 101, routing.Change{Agent: &a}).Agents[0]
	_, err = s.Commit(t.Context(), 100, []routing.Change{{Agent: &a}})
	kind(t, err, hotline.Forbidden)
}

func nonsense(t *testing.T, s Store) {
	a := routing.Agent{ID: "1001"}
	p := hotline.Place{Call: "c1"}
	for _, changes := range [][]routing.Change{
		{{}}, {{Agent: &a, Place: &p}}, {{Agent: &a}, {Agent: &a}}, {{Place: &p, Gone: true}}, {{Agent: &a, Gone: true}},
		{{Agent: &a, Note: &routing.Note{Call: "c1"}}}, {{Note: &routing.Note{Call: "c1"}}, {Note: &routing.Note{Call: "c1"}}},
	} {
		_, err := s.Commit(t.Context(), 1, changes)
		kind(t, err, hotline.Invalid)
	}
	kind(t, s.Tell(t.Context(), ""), hotline.Invalid)
	kind(t, s.Tell(t.Context(), "odd", "name"), hotline.Invalid)
}
