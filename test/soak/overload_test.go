package soak

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"hotline/app"
)

// overload is how long the flood lasts; longer than the short form's, the capacity
// is looked for first: go test ./test/soak -run TestOverload -overload 1m.
var overload = flag.Duration("overload", 6*time.Second, "how long TestOverload floods")

// known is the capacity where it need not be looked for: -capacity 50.
var known = flag.Int("capacity", 0, "calls a second to take as the capacity in TestOverload; 0 looks for it")

const (
	// asked: at capacity so many are answered so soon; of the talks at capacity so
	// many are completed in a flood of so many times as many callers.
	answered, within = .99, 200 * time.Millisecond
	kept, times      = .9, 5
	backWithin       = 30 * time.Second

	shortRate = 10 // calls a second that any machine can take
)

// What this machine can take: the highest steady rate at which nearly everybody is
// answered at once. Then five times as many call: as many talks are completed as
// before, everybody else is told that he cannot be taken, and soon after everything
// is as it was.
func TestOverload(t *testing.T) {
	const talk = 2 * time.Second
	long := *overload > 10*time.Second
	seats, base := 2*shortRate*int(talk/time.Second), 3*time.Second
	if long {
		seats, base = 260, 20*time.Second
	}
	limit := seats + seats/4
	h := open(t, seats, limit, talk, app.Limits{Calls: limit, Answer: 500 * time.Millisecond})
	rate := shortRate
	if long {
		if rate = *known; rate == 0 {
			rate = h.capacity()
		}
	}
	before := h.call(float64(rate), base)
	before.wait(base + 30*time.Second)
	for long && *known == 0 && share(before.answers()) < answered && rate > shortRate { // not a steady one, after all
		rate -= 10
		before = h.call(float64(rate), base)
		before.wait(base + 30*time.Second)
	}
	steady := float64(rate) // talks a second, when all who call are served
	a := before.answers()
	t.Logf("at %d calls a second: p50 %v, p99 %v", rate, quantile(a, .5), quantile(a, .99))

	flood := h.call(float64(times*rate), *overload)
	time.Sleep(*overload)
	began := flood.began.Add(talk) // until then those of before talk
	over := time.Now()
	flood.wait(60 * time.Second)
	n := flood.count()
	time.Sleep(2 * time.Second) // tickets are written
	got := float64(h.talks(began, over)) / over.Sub(began).Seconds()

	if long { // such that the calls that prove it end within what is asked
		time.Sleep(time.Until(over.Add(backWithin - base)))
	}
	after := h.call(float64(rate), base)
	after.wait(base + 30*time.Second)
	b := after.answers()
	fmt.Fprintf(os.Stdout, "OVERLOAD seats=%d rate=%d answer_p50_ms=%d answer_p99_ms=%d flood=%d seconds=%.0f served=%d refused=%d failed=%d talks_per_min=%.0f at_capacity=%.0f flood_answer_p99_ms=%d back_p99_ms=%d back_refused=%d\n",
		seats, rate, quantile(a, .5).Milliseconds(), quantile(a, .99).Milliseconds(), times*rate, overload.Seconds(), n.well, n.refused, n.failed,
		60*got, 60*steady, quantile(flood.answers(), .99).Milliseconds(), quantile(b, .99).Milliseconds(), after.count().refused)
	if got < kept*steady {
		t.Errorf("%.1f talks a second in the flood; at capacity %.1f", got, steady)
	}
	if n.well+n.refused+n.failed != flood.planned || n.failed > flood.planned/100 || n.refused == 0 {
		t.Errorf("of %d who called %d were served, %d refused and %d not told:%s", flood.planned, n.well, n.refused, n.failed, n.why)
	}
	if soon := share(b); soon < answered || after.count().refused > 0 {
		t.Errorf("after the flood %.1f %% are answered within %v, and %d are refused", 100*soon, within, after.count().refused)
	}
}

// share is the part of the calls that were answered in time.
func share(sorted []time.Duration) float64 {
	n := 0
	for _, d := range sorted {
		if d <= within {
			n++
		}
	}
	return float64(n) / float64(max(len(sorted), 1))
}

// capacity looks for the highest steady rate at which nearly everybody is answered
// soon.
func (h *hall) capacity() (best int) {
	const step, each = 10, 12 * time.Second
	for rate := 20; ; rate += step {
		c := h.call(float64(rate), each)
		c.wait(each + time.Minute)
		a, n := c.answers(), c.count()
		h.t.Logf("%d a second: %d answered, %d refused, %d failed%s, %.2f %% within %v, p99 %v",
			rate, n.well, n.refused, n.failed, n.why, 100*share(a), within, quantile(a, .99))
		if share(a) < answered || n.refused+n.failed > 0 {
			return max(best, shortRate)
		}
		best = rate
		time.Sleep(3 * time.Second)
	}
}
