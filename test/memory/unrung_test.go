package memory

import (
	"strings"
	"testing"
	"time"

	"hotline"
)

// An Asterisk that is too slow to ring an agent's telephone is no fault of his: he
// rests a moment, so that it is not asked for ever more, and however often that
// happens he is free again by himself.
func TestAnAgentWhoWasNotRungHasMissedNothing(t *testing.T) {
	story(t, func(t *testing.T, h *Hall) {
		h.Agent("1001", "8001", Desk{Answers: 2 * time.Second, Unrung: true})
		h.Call("anna", Caller{Keys: "0"})
		time.Sleep(time.Minute)
		rang := strings.Count(h.Story(), "1001 rings for anna")
		if rang < 6 || rang > 9 {
			t.Errorf("within a minute he was rung %d times; each takes two seconds and a rest of five: %s\n%s", rang, h.States(), h.Story())
		}
		h.phones.put("8001", Desk{Answers: time.Second, Talks: 5 * time.Second})
		time.Sleep(30 * time.Second)
		if o, ok := h.Outcome("anna"); !ok || o.End != hotline.EndAnswered {
			t.Errorf("anna: %+v\n%s", o, h.Story())
		}
	})
}
