package routing_test

import (
	"testing"
	"time"

	"hotline"
	"hotline/routing"
)

// first gives whom one free agent would be offered.
func first(m *routing.Image, skills ...hotline.Skill) hotline.Offer {
	m.PutAgent(routing.Agent{ID: "1001", Phone: "8001", State: routing.Free, Skills: skills})
	for _, o := range m.Match() {
		return o
	}
	return hotline.Offer{}
}

// A caller of priority overtakes who came less than a minute before him, and
// nobody who came earlier: so no stream of such callers starves anybody.
func TestPriorityOvertakesYetAges(t *testing.T) {
	m := routing.NewImage(0) // the default: a level is worth 60 s
	m.Put(hotline.Place{Call: "plain", Queue: "water", Seq: 1, Since: 1_000})
	m.Put(hotline.Place{Call: "elderly", Queue: "water", Seq: 2, Since: 60_000, Priority: 1})
	if o := first(m); o.Call != "elderly" || o.Reason != "priority, only free agent" {
		t.Errorf("59 s later, with priority: offered %+v", o)
	}
	m.Remove("elderly")
	m.Put(hotline.Place{Call: "elderly", Queue: "water", Seq: 2, Since: 61_001, Priority: 1})
	if o := first(m); o.Call != "plain" {
		t.Errorf("60 s and a millisecond later, with priority: offered %+v", o)
	}
	m.Remove("elderly")
	m.Put(hotline.Place{Call: "elderly", Queue: "water", Seq: 2, Since: 61_000, Priority: 1})
	if o := first(m); o.Call != "plain" {
		t.Errorf("at the same rank the lower number goes first: offered %+v", o)
	}
}

// A caller whom nobody free can serve is passed over, not waited for.
func TestSkillsBlockNobody(t *testing.T) {
	m := routing.NewImage(time.Minute)
	m.Put(hotline.Place{Call: "english", Queue: "water", Seq: 1, Since: 1, Needs: []hotline.Skill{"water", "english"}})
	m.Put(hotline.Place{Call: "water", Queue: "water", Seq: 2, Since: 2, Needs: []hotline.Skill{"water"}})
	if o := first(m, "water"); o.Call != "water" || o.Phone != "8001" {
		t.Fatalf("offered %+v", o)
	}
	m.PutAgent(routing.Agent{ID: "1002", State: routing.Free, Since: 99, Skills: []hotline.Skill{"english", "water", "power"}})
	offers := m.Match()
	if len(offers) != 2 || offers[0].Call != "english" || offers[0].Agent != "1002" || offers[0].Reason != "longest-waiting, only free agent with skill english+water" {
		t.Fatalf("offered %+v", offers)
	}
	if offers[1].Call != "water" || offers[1].Agent != "1001" {
		t.Fatalf("offered %+v", offers)
	}
}
