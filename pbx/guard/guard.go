// Package guard follows what Asterisk writes about whom it refused, counts it, and
// has an address shut out for a while that guesses passwords.
//
// It believes only what an address cannot forge: a wrong answer to a challenge,
// which nobody can give who did not receive that challenge at that address. An
// unknown name or a stranger's call, whose sender's address may be another's, is
// counted and nothing more.
package guard

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Why something was refused.
const (
	Password = "password" // a wrong answer to a challenge
	Account  = "account"  // no such telephone, or a stranger's call
	ShutOut  = "shut_out" // from an address that is shut out
	Outside  = "outside"  // a telephone dialled a number that it may not call
	Forged   = "forged"   // a request so written that its sender cannot be told
)

// Options say how patient the guard is.
type Options struct {
	Log      string        // Asterisk's security.log
	State    string        // file in which those are kept who are shut out; "" forgets them
	Attempts int           // so many wrong passwords …
	Within   time.Duration // … in this time, and the address is shut out …
	For      time.Duration // … for so long
	Spared   []netip.Prefix
	Now      func() time.Time // nil: time.Now
}

// Ears are told what happens, on the guard's own goroutine.
type Ears struct {
	// Refused is called for everything that was refused. line is what Asterisk
	// wrote, without its time; it may hold whatever a stranger sent.
	Refused func(why, line string)
	// Shut makes Asterisk refuse all that comes from the address; Open ends it. An
	// error is tried again.
	Shut, Open func(ctx context.Context, address netip.Addr) error
	// Trouble is told what went wrong.
	Trouble func(doing string, err error)
	// Changed is told that an address was shut out (until then) or opened (zero).
	Changed func(address netip.Addr, until time.Time)
}

// Known is how long an address is spared on which a telephone has shown the right
// password: twice the longest registration.
const Known = 20 * time.Minute

// mostSources bounds what is remembered; beyond it those counts that are over go,
// and then all of them.
const mostSources = 10_000

// Guard counts and shuts out. Run must run.
type Guard struct {
	o    Options
	ears Ears

	mu    sync.Mutex
	wrong map[netip.Addr]tally
	known map[netip.Addr]time.Time // the right password was shown then
	shut  map[netip.Addr]time.Time // until then
	done  map[netip.Addr]bool      // Asterisk knows of it
}

type tally struct {
	count int
	since time.Time
}

// New makes a guard that remembers whom an earlier one shut out.
func New(o Options, ears Ears) (*Guard, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	g := &Guard{o: o, ears: ears, wrong: map[netip.Addr]tally{}, known: map[netip.Addr]time.Time{}, done: map[netip.Addr]bool{}}
	var err error
	g.shut, err = readState(o.State)
	return g, err
}

// ShutOut are the addresses that are shut out now, in order.
func (g *Guard) ShutOut() []netip.Addr {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]netip.Addr, 0, len(g.shut))
	for a := range g.shut {
		all = append(all, a)
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return all
}

// Again has Asterisk told once more whom it shuts out: it was restarted.
func (g *Guard) Again() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.done)
}

// lookEvery is how often the log is looked at although nothing was heard of it: it
// may be on a file system that tells nobody, or have been put aside. It is also how
// late an address is let in again.
const lookEvery = time.Second

// Run follows the log until ctx ends.
func (g *Guard) Run(ctx context.Context) {
	tail, err := newTail(g.o.Log)
	if err != nil {
		g.ears.Trouble("be told when Asterisk's security log grows", fmt.Errorf("%w; it is looked at each %v instead", err, lookEvery))
	}
	defer tail.end()
	if !tail.skip() {
		g.ears.Trouble("follow Asterisk's security log", fmt.Errorf("%s is not there yet: until it is, nobody is counted or shut out", g.o.Log))
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := tail.lines(g.line); err != nil {
			g.ears.Trouble("read Asterisk's security log", err)
		}
		g.act(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tail.grown():
		case <-tick.C:
		}
	}
}

// line counts one line of the log.
func (g *Guard) line(text string) {
	e, ok := parse(text)
	if !ok {
		return
	}
	if e.nobody && g.refusesUnseen(e.from) {
		return
	}
	if e.why != "" {
		g.ears.Refused(e.why, e.text)
	}
	switch {
	case e.right:
		g.right(e.from)
	case e.why == Password && e.from.IsValid():
		g.guessed(e.from)
	}
}

// refusesUnseen tells whether Asterisk refuses all that comes from the address: it
// then writes of a wrong password all the same, but looked at none.
func (g *Guard) refusesUnseen(from netip.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.done[from]
}

func (g *Guard) right(from netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.known) >= mostSources {
		clear(g.known)
	}
	g.known[from] = g.o.Now()
	delete(g.wrong, from)
}

// guessed counts a wrong password and shuts its address out when they are too many.
func (g *Guard) guessed(from netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.o.Now()
	if len(g.wrong) >= mostSources {
		g.tidy(now)
	}
	t := g.wrong[from]
	if now.Sub(t.since) > g.o.Within {
		t = tally{since: now}
	}
	t.count++
	g.wrong[from] = t
	if t.count < g.o.Attempts || g.spared(from, now) {
		return
	}
	if _, already := g.shut[from]; !already {
		g.shut[from] = now.Add(g.o.For)
		g.save()
		g.ears.Changed(from, g.shut[from])
	}
}

// tidy forgets counts that are over, and where that is not enough all of them.
func (g *Guard) tidy(now time.Time) {
	for a, t := range g.wrong {
		if now.Sub(t.since) > g.o.Within {
			delete(g.wrong, a)
		}
	}
	if len(g.wrong) >= mostSources {
		clear(g.wrong)
	}
}

// spared tells whether an address is never shut out: the trunk's and the city's
// own, and those where telephones of ours are.
func (g *Guard) spared(a netip.Addr, now time.Time) bool {
	if at, ok := g.known[a]; ok && now.Sub(at) < Known {
		return true
	}
	return slices.ContainsFunc(g.o.Spared, func(p netip.Prefix) bool { return p.Contains(a) })
}

// act tells Asterisk what changed.
func (g *Guard) act(ctx context.Context) {
	shut, open := g.due()
	for _, a := range shut {
		if err := g.ears.Shut(ctx, a); err != nil {
			g.ears.Trouble("shut out "+a.String(), err)
			continue
		}
		g.mu.Lock()
		g.done[a] = true
		g.mu.Unlock()
	}
	for _, a := range open {
		if err := g.ears.Open(ctx, a); err != nil {
			g.ears.Trouble("open to "+a.String(), err)
			continue
		}
		g.mu.Lock()
		delete(g.shut, a)
		delete(g.done, a)
		delete(g.wrong, a)
		g.save()
		g.mu.Unlock()
		g.ears.Changed(a, time.Time{})
	}
}

func (g *Guard) due() (shut, open []netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.o.Now()
	for a, until := range g.shut {
		switch {
		case now.After(until):
			open = append(open, a)
		case !g.done[a]:
			shut = append(shut, a)
		}
	}
	return shut, open
}

// save keeps who is shut out, so that the next controller opens to them in time.
func (g *Guard) save() {
	if err := writeState(g.o.State, g.shut); err != nil {
		g.ears.Trouble("keep who is shut out", err)
	}
}
