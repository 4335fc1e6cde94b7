package memory

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/routing"
)

func flow() *ivr.Flow {
	return &ivr.Flow{
		Name: "menu", Hash: "memory", Begin: "greeting", Keyed: "queue", Sorry: "sorry",
		Places: map[hotline.HotlineKey]ivr.Place{"": {Queue: "general"}, "zilaishui": {Queue: "water", Needs: []hotline.Skill{"water"}}},
		Steps: map[string]ivr.Step{
			"greeting": ivr.SayStep{Say: []string{"greeting"}, Next: "menu"},
			"menu": ivr.MenuStep{Say: []string{"choices"}, Wait: 4 * time.Second, Tries: 2, Wrong: []string{"wrong"},
				Choices: map[string]ivr.Choice{"1": {Next: "queue", Hotline: "zilaishui"}, "0": {Next: "queue"}, "9": {Next: "queue", Priority: 1}},
				Silence: ivr.Choice{Next: "queue"}},
			"queue":   ivr.QueueStep{Say: []string{"wait"}, Answered: "talk", Position: "before", Unit: "people", Every: 20 * time.Second},
			"talk":    ivr.TalkStep{Next: "goodbye", Queue: "queue"},
			"goodbye": ivr.SayStep{Say: []string{"goodbye"}, Next: "end", Farewell: true},
			"sorry":   ivr.SayStep{Say: []string{"sorry"}, Next: "queue"},
			"end":     ivr.EndStep{},
		},
	}
}

func rules() routing.Rules {
	return routing.Rules{Ring: 20 * time.Second, WrapUp: 10 * time.Second, Rest: 5 * time.Second, Misses: 3,
		Ageing: time.Minute, Lifetime: 2 * time.Second}
}

// told fails unless the lines stand in the story in this order.
func told(t *testing.T, h *Hall, lines ...string) {
	t.Helper()
	story := h.Story()
	rest := story
	for _, l := range lines {
		_, after, ok := strings.Cut(rest, l)
		if !ok {
			t.Fatalf("not told in this order: %q\nstates: %s\n%s", l, h.States(), story)
		}
		rest = after
	}
}

func story(t *testing.T, play func(t *testing.T, h *Hall)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := Open(flow(), rules())
		defer h.Close()
		play(t, h)
	})
}

func TestACallFromTheMenuToATicket(t *testing.T) {
	story(t, func(t *testing.T, h *Hall) {
		h.Agent("1001", "8001", Desk{Answers: 2 * time.Second, Talks: 30 * time.Second}, "water")
		h.Call("a", Caller{Keys: "1"})
		time.Sleep(40 * time.Second)
		told(t, h, "0.00  a calls", "a hears greeting", "1.00  1001 rings for a", "3.00  a talks with 1001", "33.00  1001 hangs up",
			"a hears goodbye", "34.00  a ended: answered by agent, agent \"1001\", 1 offers")
		if s := h.States(); s != "1001 wrap-up; 0 waiting" {
			t.Error(s)
		}
		time.Sleep(10 * time.Second)
		if s := h.States(); s != "1001 free; 0 waiting" {
			t.Error(s)
		}
	})
}

func TestTheCallerWhoHangsUpLeavesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration
		keys  string
		end   hotline.End
	}{
		"in the greeting":    {500 * time.Millisecond, "", hotline.EndAbandonedGreeting},
		"in the menu":        {3 * time.Second, "", hotline.EndAbandonedMenu},
		"while it rings":     {2500 * time.Millisecond, "1", hotline.EndAbandonedRinging},
		"in the talk":        {6 * time.Second, "1", hotline.EndAnswered},
		"at the very answer": {4 * time.Second, "1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(t *testing.T, h *Hall) {
				h.Agent("1001", "8001", Desk{Answers: 3 * time.Second}, "water")
				h.Call("a", Caller{Keys: c.keys, HangsUp: c.after})
				time.Sleep(30 * time.Second)
				o, ok := h.Outcome("a")
				if !ok || c.end != "" && o.End != c.end {
					t.Errorf("%v, %v; %v expected\n%s", ok, o.End, c.end, h.Story())
				}
				if s := h.States(); s != "1001 free; 0 waiting" {
					t.Errorf("%s\n%s", s, h.Story())
				}
			})
		})
	}
}

func TestTheOrderOfCallersHoldsThroughADecline(t *testing.T) {
	story(t, func(t *testing.T, h *Hall) {
		h.Call("a", Caller{Keys: "1"})
		time.Sleep(time.Second)
		h.Call("b", Caller{Keys: "1"})
		time.Sleep(5 * time.Second)
		h.Agent("1001", "8001", Desk{Answers: time.Second, Declines: true}, "water")
		time.Sleep(500 * time.Millisecond)
		h.Agent("1002", "8002", Desk{Answers: 3 * time.Second, Talks: 10 * time.Second}, "water")
		h.Agent("1003", "8003", Desk{Answers: 1200 * time.Millisecond, Talks: 10 * time.Second}, "water")
		time.Sleep(40 * time.Second)
		told(t, h, "1001 rings for a", "1002 rings for b", "1001 declines", "1003 rings for a", "a talks with 1003", "b talks with 1002")
	})
}

func TestAnAgentWhoNeverAnswersIsPausedAndNobodyWaitsForHim(t *testing.T) {
	story(t, func(t *testing.T, h *Hall) {
		h.Agent("1001", "8001", Desk{}, "water")
		h.Call("a", Caller{Keys: "1", HangsUp: 5 * time.Minute})
		time.Sleep(2 * time.Minute)
		if s := h.States(); s != "1001 paused (no-answer); 1 waiting" {
			t.Errorf("%s\n%s", s, h.Story())
		}
		if n := strings.Count(h.Story(), "1001 rings"); n != 3 {
			t.Errorf("rang %d times\n%s", n, h.Story())
		}
	})
}

func TestSkillsNeverBlockOthers(t *testing.T) {
	story(t, func(t *testing.T, h *Hall) {
		h.Call("a", Caller{Keys: "1"})
		time.Sleep(time.Second)
		h.Call("b", Caller{Keys: "0"})
		time.Sleep(3 * time.Second)
		h.Agent("1001", "8001", Desk{Answers: time.Second, Talks: 5 * time.Second}, "roads")
		time.Sleep(20 * time.Second)
		told(t, h, "1001 rings for b", "b talks with 1001", "b ended: answered")
		if s := h.States(); !strings.HasSuffix(s, "1 waiting") {
			t.Error(s)
		}
		h.Agent("1002", "8002", Desk{Answers: time.Second, Talks: time.Second}, "water")
		time.Sleep(20 * time.Second)
		told(t, h, "1002 rings for a", "a ended: answered")
	})
}

func TestPriorityOvertakesAndAges(t *testing.T) {
	story(t, func(t *testing.T, h *Hall) {
		h.Call("old", Caller{Keys: "0"})
		time.Sleep(70 * time.Second) // more than a level of priority is worth
		h.Call("young", Caller{Keys: "0"})
		time.Sleep(5 * time.Second)
		h.Call("elder", Caller{Keys: "9"})
		time.Sleep(5 * time.Second)
		h.Agent("1001", "8001", Desk{Answers: time.Second, Talks: time.Second})
		time.Sleep(60 * time.Second)
		told(t, h, "1001 rings for old", "1001 rings for elder", "1001 rings for young")
	})
}

func TestABoardThatIsAwayIsNotHeard(t *testing.T) {
	story(t, func(t *testing.T, h *Hall) {
		h.Call("a", Caller{Keys: "1"})
		time.Sleep(time.Second)
		h.Call("b", Caller{Keys: "1"})
		time.Sleep(3 * time.Second)
		h.Board.Away(true)
		h.Call("c", Caller{Keys: "1"})
		time.Sleep(10 * time.Second)
		h.Board.Away(false)
		time.Sleep(2 * time.Second)
		h.Agent("1001", "8001", Desk{Answers: time.Second, Talks: time.Second}, "water")
		time.Sleep(90 * time.Second)
		told(t, h, "1001 rings for a", "1001 rings for b", "1001 rings for c", "c ended: answered")
	})
}

func TestAnEmptiedBoardIsWrittenAgain(t *testing.T) {
	story(t, func(t *testing.T, h *Hall) {
		h.Agent("1001", "8001", Desk{Answers: time.Second, Talks: 10 * time.Second}, "water")
		h.Call("a", Caller{Keys: "1"})
		time.Sleep(3 * time.Second) // a talks
		h.Call("b", Caller{Keys: "1"})
		time.Sleep(time.Second)
		h.Call("c", Caller{Keys: "1"})
		time.Sleep(2 * time.Second)
		h.Board.Empty()
		time.Sleep(90 * time.Second)
		told(t, h, "a talks with 1001", "1001 rings for b", "1001 rings for c", "c ended: answered")
		if strings.Count(h.Story(), "calls") != 3 || strings.Contains(h.Story(), "failed") {
			t.Error(h.Story())
		}
	})
}

func TestAPauseDuringTheTalkHoldsAfterIt(t *testing.T) {
	story(t, func(t *testing.T, h *Hall) {
		h.Agent("1001", "8001", Desk{Answers: time.Second, Talks: 10 * time.Second}, "water")
		h.Call("a", Caller{Keys: "1"})
		time.Sleep(4 * time.Second)
		if err := h.Desk.Pause(t.Context(), "1001", "meal"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		if s := h.States(); s != "1001 paused (meal); 0 waiting" {
			t.Error(s)
		}
		if err := h.Desk.Ready(t.Context(), "1001"); err != nil {
			t.Fatal(err)
		}
		if s := h.States(); s != "1001 free; 0 waiting" {
			t.Error(s)
		}
	})
}

func TestAPhoneThatIsNotThereStopsNobody(t *testing.T) {
	story(t, func(t *testing.T, h *Hall) {
		h.Agent("1001", "8001", Desk{Gone: true}, "water")
		h.Agent("1002", "8002", Desk{Answers: time.Second, Talks: time.Second}, "water")
		h.Call("a", Caller{Keys: "1"})
		time.Sleep(20 * time.Second)
		told(t, h, "1002 rings for a", "a ended: answered")
		if s := h.States(); !strings.Contains(s, "1001 paused (phone-gone)") {
			t.Error(s)
		}
		h.Desk.PhoneState("8001", true)
		if s := h.States(); !strings.Contains(s, "1001 free") {
			t.Error(s)
		}
	})
}

func TestAPositionIsSaidOnlyWhenItGetsBetter(t *testing.T) {
	story(t, func(t *testing.T, h *Hall) {
		for _, id := range []hotline.CallID{"a", "b", "c"} {
			h.Call(id, Caller{Keys: "1"})
			time.Sleep(time.Second)
		}
		time.Sleep(70 * time.Second)
		if n := strings.Count(h.Story(), "c is told: 2 before you"); n != 1 {
			t.Errorf("told %d times\n%s", n, h.Story())
		}
		h.Agent("1001", "8001", Desk{Answers: time.Second, Talks: time.Minute}, "water")
		time.Sleep(30 * time.Second)
		told(t, h, "c is told: 2 before you", "c is told: 1 before you")
		h.Board.Away(true) // and leave it so: the hall closes all the same
	})
}
