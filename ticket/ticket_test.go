package ticket

import (
	"testing"
	"time"

	"hotline"
)

func TestInWhichStateACallLeavesItsTicket(t *testing.T) {
	talked := time.Date(2026, 5, 1, 1, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		story string
		o     hotline.Outcome
		want  State
	}{
		{"a person answered", hotline.Outcome{End: hotline.EndAnswered, Joined: talked}, Draft},
		{"the line was lost in the talk", hotline.Outcome{End: hotline.EndLost, Joined: talked}, Draft},
		{"a message at night", hotline.Outcome{End: hotline.EndMessage, Message: "m.wav"}, Draft},
		{"hung up in the middle of a message", hotline.Outcome{End: hotline.EndAbandonedMessage, Message: "m.wav"}, Draft},
		{"hung up before the message", hotline.Outcome{End: hotline.EndAbandonedMessage}, Archived},
		{"the machine told the progress", hotline.Outcome{End: hotline.EndSelfService}, Answered},
		{"in the greeting", hotline.Outcome{End: hotline.EndAbandonedGreeting}, Archived},
		{"in the menu", hotline.Outcome{End: hotline.EndAbandonedMenu}, Archived},
		{"in the queue", hotline.Outcome{End: hotline.EndAbandonedQueue}, Archived},
		{"while ringing", hotline.Outcome{End: hotline.EndAbandonedRinging, Rang: talked}, Archived},
		{"during the last words", hotline.Outcome{End: hotline.EndAbandonedFarewell}, Archived},
		{"the line was lost while waiting", hotline.Outcome{End: hotline.EndLost}, Archived},
		{"refused", hotline.Outcome{End: hotline.EndRefused}, Archived},
		{"nobody there", hotline.Outcome{End: hotline.EndUnfinishedByServer}, Archived},
	} {
		if got := FromOutcome(c.o); got.State != c.want || got.End != c.o.End || got.Source != SourceTelephone {
			t.Errorf("%s: %s, want %s", c.story, got.State, c.want)
		}
	}
}
