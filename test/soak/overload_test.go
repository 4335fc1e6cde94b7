package soak

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hotline/app"
	"hotline/site"
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

	gateHost = "127.0.0.4" // an address of its own
)

// What this machine can take: the highest steady rate at which nearly everybody is
// answered at once. Then five times as many call: as many talks are completed as
// before, everybody else is told that he cannot be taken, and soon after everything
// is as it was. Once refused by the gate, and, beside it, by Asterisk alone.
func TestOverload(t *testing.T) {
	long := *overload > 10*time.Second
	rate := shortRate
	if long {
		if rate = *known; rate == 0 {
			t.Run("capacity", func(t *testing.T) { rate = openFor(t, long, site.Gate{Host: gateHost}).capacity() })
		}
	}
	t.Run("gate", func(t *testing.T) { openFor(t, long, site.Gate{Host: gateHost, Rate: rate}).flood(long, rate, true) })
	t.Run("none", func(t *testing.T) { openFor(t, long, site.Gate{}).flood(long, rate, !long) })
}

// overloadTalk is how long each talk is.
const overloadTalk = 2 * time.Second

// openFor is a hotline with agents enough, and room for a few callers who wait.
func openFor(t *testing.T, long bool, gate site.Gate) *hall {
	seats := 2 * shortRate * int(overloadTalk/time.Second)
	if long {
		seats = 260
	}
	limit := seats + seats/4
	return open(t, seats, limit, overloadTalk, app.Limits{Calls: limit, Answer: 500 * time.Millisecond}, gate)
}

// flood has as many call as the machine can take, then times as many, then as many
// as before. What is asked is asked of it only if it must.
func (h *hall) flood(long bool, rate int, must bool) {
	t := h.t
	base := 3 * time.Second
	if long {
		base = 20 * time.Second
	}
	before := h.call(float64(rate), base)
	before.wait(base + 30*time.Second)
	a := before.answers()
	steady := float64(rate) // talks a second, when all who call are served

	flood := h.call(float64(times*rate), *overload)
	time.Sleep(*overload)
	began := flood.began.Add(overloadTalk) // until then those of before talk
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
	fmt.Fprintf(os.Stdout, "OVERLOAD refused_by=%s rate=%d answer_p50_ms=%d answer_p99_ms=%d flood=%d seconds=%.0f served=%d refused=%d failed=%d talks_per_min=%.0f at_capacity=%.0f flood_answer_p50_ms=%d flood_answer_p99_ms=%d back_p99_ms=%d back_refused=%d\n",
		filepath.Base(t.Name()), rate, quantile(a, .5).Milliseconds(), quantile(a, .99).Milliseconds(), times*rate, overload.Seconds(), n.well, n.refused, n.failed,
		60*got, 60*steady, quantile(flood.answers(), .5).Milliseconds(), quantile(flood.answers(), .99).Milliseconds(), quantile(b, .99).Milliseconds(), after.count().refused)
	if !must {
		return
	}
	if c := before.count(); c.refused+c.failed > 0 || share(a) < answered {
		t.Errorf("at %d a second %d of %d are refused, %d fail, and %.1f %% are answered within %v", rate, c.refused, before.planned, c.failed, 100*share(a), within)
	}
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
// soon: quickly upwards, and then downwards with each rate as long as the flood, for
// what Asterisk keeps of a call it keeps for half a minute.
func (h *hall) capacity() (rate int) {
	const step, quick = 10, 12 * time.Second
	for rate = 2 * shortRate; h.takes(rate, quick); rate += step {
	}
	for rate -= step; rate > shortRate && !h.takes(rate, *overload); rate -= step {
	}
	return max(rate, shortRate)
}

// takes tells whether nearly everybody of so many a second is answered soon.
func (h *hall) takes(rate int, d time.Duration) bool {
	c := h.call(float64(rate), d)
	c.wait(d + time.Minute)
	a, n := c.answers(), c.count()
	h.t.Logf("%d a second for %v: %d answered, %d refused, %d failed%s, %.2f %% within %v, p99 %v",
		rate, d, n.well, n.refused, n.failed, n.why, 100*share(a), within, quantile(a, .99))
	time.Sleep(3 * time.Second)
	return share(a) >= answered && n.refused+n.failed == 0
}
