package routing_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"hotline"
	"hotline/routing"
)

// Every state and every verb: what leads where, and what cannot happen. The
// golden text is the table as a shift leader would read it; whoever changes
// the table changes the text on purpose.
func TestAgentTable(t *testing.T) {
	states := []routing.State{routing.Offline, routing.Free, routing.Offered, routing.Talking, routing.WrapUp, routing.Paused}
	verbs := []routing.Verb{routing.SignIn, routing.SignOut, routing.Reserve, routing.Join, routing.Release, routing.Decline,
		routing.NoAnswer, routing.HangUp, routing.Ready, routing.Pause, routing.LosePhone, routing.Recovered}
	var b strings.Builder
	for _, s := range states {
		allowed := 0
		for _, v := range verbs {
			to, ok := s.Next(v)
			if !ok {
				to = "-"
			} else {
				allowed++
			}
			fmt.Fprintf(&b, "%-8s %-11s %s\n", s, v, to)
		}
		if got := s.Verbs(); len(got) != allowed {
			t.Errorf("in state %s %d verbs can happen, Verbs gives %v", s, allowed, got)
		}
	}
	want, err := os.ReadFile("testdata/agent.golden")
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the table is now\n%s\ntestdata/agent.golden has\n%s", b.String(), want)
	}
	if _, ok := routing.State("asleep").Next(routing.Ready); ok {
		t.Error("an unknown state leads somewhere")
	}
}

func TestCan(t *testing.T) {
	a := routing.Agent{Skills: []hotline.Skill{"water", "english"}}
	for _, c := range []struct {
		needs []hotline.Skill
		want  bool
	}{
		{nil, true}, {[]hotline.Skill{"water"}, true}, {[]hotline.Skill{"english", "water"}, true},
		{[]hotline.Skill{"water", "power"}, false},
	} {
		if got := a.Can(c.needs); got != c.want {
			t.Errorf("water and english can %v: %v", c.needs, got)
		}
	}
}
