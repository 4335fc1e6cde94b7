package rig

import (
	"context"
	"time"
)

// Spawn starts a controller in a process of its own, and gives the time from
// the process's start until it serves with all that was there taken up.
func (r *Rig) Spawn() time.Duration {
	r.T.Helper()
	order, err := r.order()
	r.must(err)
	began := time.Now()
	c, err := startChild(r.now.root, order)
	r.must(err)
	ctx, cancel := context.WithTimeout(r.T.Context(), 15*time.Second)
	defer cancel()
	_, err = c.saw(ctx, "msg", serving)
	took := time.Since(began)
	if err != nil {
		c.kill()
		r.T.Fatal(err)
	}
	r.now.Lock()
	r.now.child = c
	r.now.Unlock()
	r.serve(c)
	return took
}

// Kill kills the controller as kill -9 does.
func (r *Rig) Kill() {
	r.now.Lock()
	c := r.now.child
	r.now.controller, r.now.child = nil, nil
	r.now.Unlock()
	if c != nil {
		c.kill()
	}
}

// Saw waits until the controller has logged a line with these attributes.
func (r *Rig) Saw(attrs ...string) Line {
	r.T.Helper()
	ctx, cancel := context.WithTimeout(r.T.Context(), 10*time.Second)
	defer cancel()
	l, err := r.now.child.saw(ctx, attrs...)
	r.must(err)
	return l
}

// A Moment is one message of a controller, before which something happens.
type Moment struct {
	Redis bool // between it and Redis, else Asterisk
	Back  bool // from there, rather than to there
	// Done: the message goes through and is answered; it is the answer that waits.
	Done  bool
	Words []string // all of which are in it
}

// tap is the one that the message goes through.
func (m Moment) tap(redis, asterisk tapAt) tapAt {
	if m.Redis {
		return redis
	}
	return asterisk
}

// ToRedis is the moment before a command with these words reaches Redis.
func ToRedis(words ...string) Moment { return Moment{Redis: true, Words: words} }

// InRedis is the moment after Redis did a command with these words, before the
// controller learns of it.
func InRedis(words ...string) Moment { return Moment{Redis: true, Done: true, Words: words} }

// ToAsterisk is the moment before a request with these words reaches Asterisk.
func ToAsterisk(words ...string) Moment { return Moment{Words: words} }

// FromAsterisk is the moment before the controller hears an event with these
// words.
func FromAsterisk(words ...string) Moment { return Moment{Back: true, Words: words} }

// KillAt kills the controller at a moment to come; the channel is closed when it
// is dead.
func (r *Rig) KillAt(m Moment) <-chan struct{} {
	return r.arm(m, func() bool { r.Kill(); return false })
}

// At does something at a moment to come, while the message waits; the channel is
// closed when it is done.
func (r *Rig) At(m Moment, do func()) <-chan struct{} {
	return r.arm(m, func() bool { do(); return true })
}

func (r *Rig) arm(m Moment, act func() bool) <-chan struct{} {
	at := m.tap(r.redis, r.asterisk)
	hit := at.aim(m, act)
	r.T.Cleanup(at.forget)
	return hit
}

// Happened waits for what was armed.
func (r *Rig) Happened(hit <-chan struct{}) {
	r.T.Helper()
	select {
	case <-hit:
	case <-time.After(10 * time.Second):
		r.T.Fatal("the moment did not come within 10 s")
	}
}
