package memory

import (
	"testing"
	"time"
)

// The parts of a talk that the agent leaves out of its recording are told: each
// with its end, also where the talk ended before, and not without bound.
func TestGapsOfARecording(t *testing.T) {
	for name, c := range map[string]struct {
		pauses, gaps int
		last         time.Duration
	}{
		"none":                  {0, 0, 0},
		"one, ended":            {2, 1, time.Second},
		"the talk ends in it":   {3, 2, 27 * time.Second},
		"more than can be kept": {150, 50, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(t *testing.T, h *Hall) {
				talk := max(30*time.Second, time.Duration(c.pauses+1)*time.Second)
				h.Agent("1001", "8001", Desk{Answers: time.Second, Talks: talk})
				h.Call("a", Caller{Keys: "0", Pauses: c.pauses})
				time.Sleep(time.Hour)
				o, _ := h.Outcome("a")
				if len(o.Gaps) != c.gaps {
					t.Fatalf("%d gaps; %d is right\n%s", len(o.Gaps), c.gaps, h.Story())
				}
				for i, g := range o.Gaps {
					if long := g.To.Sub(g.From); i == c.gaps-1 && long != c.last || i < c.gaps-1 && long != time.Second {
						t.Errorf("gap %d lasts %v", i, long)
					}
				}
			})
		})
	}
}
