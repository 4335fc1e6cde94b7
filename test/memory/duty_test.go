package memory

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hotline"
	"hotline/ivr"
)

// At night who sits at a desk is called first, though the telephones on duty
// have been idle longer; then these ring in turn; after a minute a message is
// asked for.
func TestAtNightTheDutyTelephonesRingAfterTheDesks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := flow()
		f.Begin = "queue"
		f.Steps["queue"] = ivr.QueueStep{Say: []string{"duty"}, Answered: "talk", After: time.Minute, Else: "message"}
		f.Steps["message"] = ivr.MessageStep{Say: []string{"speak"}, Longest: time.Minute, Next: "end"}
		h := Open(f, rules())
		defer h.Close()
		h.Agent(hotline.DutyAgent("8009"), "8009", Desk{})
		h.Agent(hotline.DutyAgent("8008"), "8008", Desk{})
		time.Sleep(time.Hour)
		h.Agent("1001", "8001", Desk{Answers: 5 * time.Second, Declines: true})
		h.Call("a", Caller{})
		time.Sleep(2 * time.Minute)
		told(t, h, "3600.00  1001 rings for a", "1001 declines", "duty.8008 rings for a", "duty.8009 rings for a", "1001 rings for a",
			"3660.00  a hears speak", "a ended: message by system")
		if o, _ := h.Outcome("a"); o.End != hotline.EndMessage || o.Offers < 4 {
			t.Errorf("%s after %d offers", o.End, o.Offers)
		}
		if strings.Contains(h.States(), "offered") {
			t.Errorf("it rings on: %s", h.States())
		}
	})
}
