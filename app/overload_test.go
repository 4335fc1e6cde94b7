package app

import (
	"testing"
	"time"
)

// As many calls as fit, by the ports for sound and by the memory, whichever is
// less.
func TestCallsThatFit(t *testing.T) {
	for _, c := range []struct {
		what             string
		ports, asterisks int
		bytes            uint64
		want             int
	}{
		{"the demo's 400 ports", 400, 1, 16 << 30, 160},
		{"a city's ports", 10000, 1, 64 << 30, 4000},
		{"two Asterisks", 10000, 2, 64 << 30, 8000},
		{"a small machine", 10000, 1, 1 << 30, 256},
		{"nothing is known of the ports", 1, 1, 1 << 30, 256},
		{"nothing is known", 1, 1, 0, 0},
	} {
		if got := callsOf(c.ports, c.asterisks, c.bytes); got != c.want {
			t.Errorf("%s: %d calls; %d fit", c.what, got, c.want)
		}
	}
	if memory() < 64<<20 {
		t.Errorf("this machine is said to have %d bytes", memory())
	}
}

// A hotline that was full takes callers again only when a twentieth has left, so
// that the dialplan is not told at every call.
func TestFullUntilSomeHaveLeft(t *testing.T) {
	var d doors
	d.init(Limits{Calls: 100})
	for _, c := range []struct {
		calls int
		full  bool
	}{{99, false}, {100, true}, {99, true}, {96, true}, {95, false}, {99, false}, {100, true}, {0, false}} {
		if got := d.crowded(c.calls); got != c.full {
			t.Errorf("with %d calls: full is %v", c.calls, got)
		}
	}
	d.init(Limits{Calls: 1})
	if !d.crowded(1) || d.crowded(0) {
		t.Error("a hotline of one call is full with one, and not with none")
	}
}

// The mean of this second and the last one decides; what was slow is slow until it
// takes half of the limit, and nothing is concluded right after connecting.
func TestSlowUntilItIsQuickAgain(t *testing.T) {
	const limit = time.Second
	var l load
	at := time.Unix(1_000_000, 0)
	l.connected(at)
	l.took(at, time.Minute)
	if l.slow(at, limit) {
		t.Error("it is slow while everything is taken up")
	}
	at = at.Add(settle + time.Second)
	for _, c := range []struct {
		took time.Duration
		slow bool
	}{{100 * time.Millisecond, false}, {2 * time.Second, true}, {200 * time.Millisecond, true}, {200 * time.Millisecond, false}, {time.Second, false}} {
		l.took(at, c.took)
		if got := l.slow(at, limit); got != c.slow {
			t.Errorf("with a mean of %v: slow is %v", l.mean(at), got)
		}
		at = at.Add(time.Second)
	}
	l.took(at, time.Minute)
	if !l.slow(at, limit) || l.slow(at, 0) {
		t.Error("a minute is slow, and without a limit nothing is")
	}
	done := l.asking(at.Add(3 * time.Second))
	if at = at.Add(4*time.Second + 1); !l.slow(at, limit) {
		t.Error("an answer owed for longer than the limit does not count")
	}
	done()
	if l.mean(at) != 0 || l.slow(at, limit) {
		t.Error("what was three seconds ago counts")
	}
}
