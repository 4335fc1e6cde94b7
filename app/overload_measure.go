package app

import (
	"sync"
	"time"

	"hotline/pbx/ari"
)

// load is how long one Asterisk takes to do what it is told at once. The answers
// come behind all events on the same socket, so a controller that falls behind
// shows there, too.
type load struct {
	mu     sync.Mutex
	second int64 // which second now is
	now    sum
	before sum // of the second before
	shut   bool
	since  time.Time // when it was connected
	asked  time.Time // since when it owes an answer to prove; zero: it owes none
}

type sum struct {
	took time.Duration
	n    int
}

// settle is how long after connecting nothing is concluded: all calls that are
// there are being taken up.
const settle = 5 * time.Second

func (l *load) connected(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now, l.before, l.shut, l.since, l.asked = sum{}, sum{}, false, at, time.Time{}
}

func (l *load) took(at time.Time, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn(at)
	l.now.took += d
	l.now.n++
}

// asking notes that an answer is owed from now on, and gives what notes that it
// came: what never comes is known before the time of a request is over.
func (l *load) asking(at time.Time) (done func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = at
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.asked = time.Time{}
	}
}

func (l *load) turn(at time.Time) {
	switch s := at.Unix(); {
	case s == l.second:
	case s == l.second+1:
		l.before, l.now, l.second = l.now, sum{}, s
	default:
		l.before, l.now, l.second = sum{}, sum{}, s
	}
}

// mean is the mean of this second and the one before; 0 when nothing was asked.
func (l *load) mean(at time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn(at)
	return l.average()
}

func (l *load) average() time.Duration {
	n := l.now.n + l.before.n
	if n == 0 {
		return 0
	}
	return (l.now.took + l.before.took) / time.Duration(n)
}

// slow tells whether it takes longer than limit; once it did, until it takes half
// of that.
func (l *load) slow(at time.Time, limit time.Duration) bool {
	if limit <= 0 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn(at)
	switch mean := l.average(); {
	case at.Sub(l.since) < settle:
		l.shut = false
	case mean > limit, !l.asked.IsZero() && at.Sub(l.asked) > limit:
		l.shut = true
	case mean < limit/2:
		l.shut = false
	}
	return l.shut
}

// timed is a Meter that measures the load besides.
type timed struct {
	Meter
	load *load
}

// Request measures what must be done at once: to answer, to ring an agent, and to set
// a variable, by which it is asked while nobody is answered.
func (t timed) Request(verb string, status int, took time.Duration) {
	switch verb {
	case "channel.answer", "channel.ring", "channel.create", "channel.dial", "asterisk.set":
		t.load.took(time.Now(), took)
	}
	t.Meter.Request(verb, status, took)
}

var _ ari.Meter = timed{}
