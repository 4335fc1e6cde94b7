package soak

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"hotline"
	"hotline/app"
	"hotline/site"
)

// day is how long TestDay runs, ten times as fast as a real day; 2h24m is a whole
// one: go test ./test/soak -run TestDay -day 2h24m -timeout 0.
var day = flag.Duration("day", 0, "how long TestDay runs; 0 is a pulse and what is around it")

// A city's day: 33 seats, 2,740 calls, three minutes each with what follows; for
// five minutes twelve times as many call. Time runs ten times as fast.
const (
	faster    = 10
	seats33   = 33
	callsADay = 2740
	dayTalk   = 3 * time.Minute / faster
	pulse     = 5 * time.Minute / faster
	fold      = 12
)

// Every call of the day is answered and talked with, or its caller was told that he
// cannot be taken; each has its ticket, and none is lost.
func TestDay(t *testing.T) {
	rate := float64(callsADay) / (24 * time.Hour).Seconds() * faster
	length, surge, talk := *day, pulse, dayTalk
	if length == 0 {
		length, surge, talk = 9*time.Second, 5*time.Second, 2*time.Second
	}
	h := open(t, seats33, 300, talk, app.Limits{Calls: 300, Answer: time.Second}, site.Gate{})
	before, after := (length-surge)/2, (length-surge)/2
	var crowds []*crowd
	for _, part := range []struct {
		rate float64
		d    time.Duration
	}{{rate, before}, {rate * fold, surge}, {rate, after}} {
		c := h.call(part.rate, part.d)
		crowds = append(crowds, c)
		time.Sleep(time.Until(c.last))
	}
	planned, n := 0, counted{}
	var worst time.Duration
	for _, c := range crowds {
		c.wait(10 * time.Minute)
		planned += c.planned
		got := c.count()
		n.well, n.failed, n.refused = n.well+got.well, n.failed+got.failed, n.refused+got.refused
		worst = max(worst, quantile(c.answers(), .99))
	}
	h.Clean()
	ends := h.ends(n.well)
	fmt.Fprintf(os.Stdout, "DAY seats=%d minutes=%.1f faster=%d calls=%d served=%d refused=%d failed=%d tickets_answered=%d tickets_lost=%d answer_p99_ms=%d\n",
		seats33, length.Minutes(), faster, planned, n.well, n.refused, n.failed, ends[hotline.EndAnswered], ends[hotline.EndLost]+ends[hotline.EndUnfinishedByServer], worst.Milliseconds())
	if n.failed > 0 || n.well+n.refused != planned {
		t.Errorf("of %d calls %d were served, %d refused and %d failed: %s", planned, n.well, n.refused, n.failed, crowds[1].complaints())
	}
	if ends[hotline.EndAnswered] != n.well {
		t.Errorf("%d calls were served, and %d tickets say so: %v", n.well, ends[hotline.EndAnswered], ends)
	}
}

// ends counts the tickets by their end, when so many say that a person answered.
func (h *hall) ends(answered int) map[hotline.End]int {
	h.t.Helper()
	var ends map[hotline.End]int
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		ends = map[hotline.End]int{}
		for k := range h.Newest() {
			ends[k.End]++
		}
		if ends[hotline.EndAnswered] >= answered || time.Now().After(end) {
			return ends
		}
	}
}
