package rig

import (
	"net/rpc"
	"net/rpc/jsonrpc"
	"sync"
	"testing"
)

// tapsOrder tells a test binary that it is a rig's taps. They are in a process of
// their own because the one of the stories is busy: it has hundreds of telephones to
// talk with, and no controller may wait for Redis while it does.
const tapsOrder = "taps"

func serveTaps() {
	s := rpc.NewServer()
	if err := s.RegisterName("Taps", &Taps{open: map[string]*tap{}}); err != nil {
		panic(err)
	}
	s.ServeCodec(jsonrpc.NewServerCodec(stdio{})) // until the parent closes it
}

// Taps is what a rig asks of the process that its taps are in; for net/rpc.
type Taps struct {
	mu   sync.Mutex
	open map[string]*tap // by address
	aims []*aim          // all so far
}

// TapArgs are what a tap leads to, and whether websockets may go through it.
type TapArgs struct {
	To      string
	Sockets bool
}

// AimArgs are a moment that a tap waits for.
type AimArgs struct {
	At     string // the tap's address
	Moment Moment
}

// GoArgs say what becomes of the message that waits.
type GoArgs struct {
	Aim int
	On  bool
}

// Open opens a tap and gives its address.
func (s *Taps) Open(a TapArgs, at *string) error {
	t, err := newTap(a.To, a.Sockets)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	*at = t.addr
	s.open[t.addr] = t
	return nil
}

// Aim has a tap wait for a moment and gives the aim's number; Wait says when it came.
func (s *Taps) Aim(a AimArgs, n *int) error {
	waits := newAim(a.Moment)
	s.mu.Lock()
	*n = len(s.aims)
	s.aims = append(s.aims, waits)
	s.mu.Unlock()
	s.tap(a.At).set(waits)
	return nil
}

// Wait waits until a moment comes, whose message then waits for Go, or is given up.
func (s *Taps) Wait(n int, came *bool) error {
	a := s.aim(n)
	<-a.met
	*came = !a.missed
	return nil
}

// Go says what becomes of the message that waits.
func (s *Taps) Go(a GoArgs, _ *bool) error {
	s.aim(a.Aim).on <- a.On
	return nil
}

// Forget gives the moment up that a tap waits for.
func (s *Taps) Forget(at string, _ *bool) error {
	s.tap(at).set(nil)
	return nil
}

// Keep has a tap keep what comes back from now on; Kept gives it.
func (s *Taps) Keep(at string, _ *bool) error {
	s.tap(at).keep()
	return nil
}

// Kept gives what came back since Keep.
func (s *Taps) Kept(at string, messages *[]string) error {
	*messages = append([]string{}, s.tap(at).kept()...) // none are no null, which net/rpc takes for an error
	return nil
}

func (s *Taps) tap(at string) *tap {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[at]
}

func (s *Taps) aim(n int) *aim {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.aims[n]
}

// taps is the process of a rig's taps, seen from the stories.
type taps struct {
	t testing.TB
	c *child
}

// startTaps starts the process; it ends with the test, and all taps with it.
func startTaps(t testing.TB) (taps, error) {
	c, err := startChild(t, tapsOrder)
	if err != nil {
		return taps{}, err
	}
	t.Cleanup(c.kill)
	return taps{t, c}, nil
}

// ask asks the process. It may be gone only when the test ends.
func (p taps) ask(method string, args, reply any) {
	if err := p.c.desk.Call("Taps."+method, args, reply); err != nil && p.t.Context().Err() == nil {
		p.t.Errorf("taps: %s: %v", method, err)
	}
}

// tapAt is one tap of it.
type tapAt struct {
	taps
	addr string
}

// open opens a tap to an address.
func (p taps) open(to string, sockets bool) tapAt {
	at := tapAt{taps: p}
	p.ask("Open", TapArgs{to, sockets}, &at.addr)
	return at
}

// aim does something at a moment to come, while the message waits; do tells whether
// it goes on. The channel is closed when it is done.
func (t tapAt) aim(m Moment, do func() (on bool)) (hit <-chan struct{}) {
	var n int
	t.ask("Aim", AimArgs{t.addr, m}, &n)
	done := make(chan struct{})
	go func() {
		var came bool
		if t.ask("Wait", n, &came); !came {
			return
		}
		t.ask("Go", GoArgs{n, do()}, new(bool))
		close(done)
	}()
	return done
}

func (t tapAt) forget() { t.ask("Forget", t.addr, new(bool)) }
func (t tapAt) keep()   { t.ask("Keep", t.addr, new(bool)) }

func (t tapAt) kept() (messages []string) {
	t.ask("Kept", t.addr, &messages)
	return messages
}
