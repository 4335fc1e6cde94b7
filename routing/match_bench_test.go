package routing_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"hotline"
	"hotline/routing"
)

// busy is a board of 26 matters and two languages: so many callers who wait,
// and agents, each of whom knows seven matters.
func busy(waiting, agents int, state routing.State) *routing.Image {
	r := rand.New(rand.NewPCG(1, 1))
	matter := func(i int) hotline.Skill { return hotline.Skill(fmt.Sprintf("matter%d", i%26)) }
	m := routing.NewImage(time.Minute)
	for i := range waiting {
		p := hotline.Place{Call: hotline.CallID(fmt.Sprintf("pbx1-1764000000.%d", i)), Queue: "main", Seq: int64(i + 1), Since: hotline.Millis(i * 100)}
		p.Needs = []hotline.Skill{matter(r.IntN(26))}
		if r.IntN(20) == 0 {
			p.Needs = append(p.Needs, "english")
		}
		if r.IntN(10) == 0 {
			p.Priority = 1
		}
		m.Put(p)
	}
	for i := range agents {
		a := routing.Agent{ID: hotline.AgentID(fmt.Sprint(1001 + i)), State: state, Since: hotline.Millis(r.IntN(1e6))}
		from := r.IntN(26)
		for k := range 7 {
			a.Skills = append(a.Skills, matter(from+k))
		}
		if r.IntN(10) == 0 {
			a.Skills = append(a.Skills, "english")
		}
		m.PutAgent(a)
	}
	return m
}

// One agent hangs up while 2,000 wait: he is put free, matched, and the two
// are reserved.
func BenchmarkMatchOneFrees(b *testing.B) {
	m := busy(2000, 500, routing.Talking)
	a, _ := m.Agent("1100")
	for b.Loop() {
		a.State = routing.Free
		m.PutAgent(a)
		offers := m.Match()
		if len(offers) != 1 {
			b.Fatal(offers)
		}
		a.State = routing.Offered
		m.PutAgent(a)
		p, _ := m.Place(offers[0].Call)
		p.Offer = 1
		m.Put(p)
		p.Offer = 0 // and back, so that every round is the same
		m.Put(p)
	}
}

// 500 agents are free at once while 2,000 wait.
func BenchmarkMatchAllFree(b *testing.B) {
	m := busy(2000, 500, routing.Free)
	b.ReportAllocs()
	for b.Loop() {
		if n := len(m.Match()); n < 490 {
			b.Fatal(n)
		}
	}
}

// The same when every agent has skills of his own: no two can the same.
func BenchmarkMatchAllFreeAllDifferent(b *testing.B) {
	m := busy(2000, 0, routing.Free)
	full := busy(0, 500, routing.Free)
	for a := range full.Agents() {
		a.Skills = append(a.Skills, hotline.Skill("only "+a.ID))
		m.PutAgent(a)
	}
	for b.Loop() {
		if n := len(m.Match()); n < 490 {
			b.Fatal(n)
		}
	}
}

// 500 agents are free and 2,000 wait, and not one agent can serve anybody.
func BenchmarkMatchNoneFits(b *testing.B) {
	m := busy(2000, 0, routing.Free)
	full := busy(0, 500, routing.Free)
	for a := range full.Agents() {
		a.Skills = []hotline.Skill{"other", "only " + hotline.Skill(a.ID)}
		m.PutAgent(a)
	}
	for b.Loop() {
		if n := len(m.Match()); n != 0 {
			b.Fatal(n)
		}
	}
}

// A caller joins behind 2,000 and leaves again, with nobody free.
func BenchmarkMatchJoinAndLeave(b *testing.B) {
	m := busy(2000, 500, routing.Talking)
	p := hotline.Place{Call: "new", Queue: "main", Needs: []hotline.Skill{"matter3"}, Seq: 5000, Since: 1e6}
	for b.Loop() {
		m.Put(p)
		m.Match()
		m.Remove("new")
	}
}
