package ari_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hotline/pbx/ari"
)

func replaced(t *testing.T, x *exchange) {
	cfg := x.take(t)
	older, _ := hears(t, cfg, ignore)
	box := ari.NewMailbox(1)
	older.Watch(box, "some-call")
	newer, err := ari.Connect(t.Context(), cfg, ignore)
	must(t, err)
	defer newer.Close()
	within(t, older.Done())
	if !errors.Is(older.Err(), ari.ErrReplaced) {
		t.Errorf("the older connection ends because it was replaced, got %v", older.Err())
	}
	if _, more := next(t, box); more || !errors.Is(box.Err(), ari.ErrReplaced) {
		t.Errorf("and so do its calls, got %v", box.Err())
	}
	if err := older.Do(t.Context(), ari.Ping()); !errors.Is(err, ari.ErrReplaced) {
		t.Errorf("it sends nothing any more, got %v", err)
	}
	if err := older.Do(t.Context(), ari.AddToBridge("b", "c")); !errors.Is(err, ari.ErrReplaced) {
		t.Errorf("apart neither, got %v", err)
	}
	must(t, newer.Do(t.Context(), ari.Ping()))
}

// asOlderGoes connects just as the connection before is put away. Asterisk then
// may leave the new one without events, which must never pass for one that hears.
func asOlderGoes(t *testing.T, x *exchange) {
	var cfg ari.Config
	older, a := x.connect(t, func(c *ari.Config) { c.Timeout = 500 * time.Millisecond; cfg = *c })
	call := x.call(t, older, a) // without a call Asterisk forgets the application, and says so
	deaf := 0
	for n := range 100 {
		gone := make(chan struct{})
		go func() {
			older.Close()
			close(gone)
		}()
		newer, tried := hears(t, cfg, ignore)
		deaf += tried
		<-gone
		box := ari.NewMailbox(16)
		newer.Watch(box, call.id)
		must(t, newer.Do(t.Context(), renamed(call, fmt.Sprint("citizen ", n))))
		await(t, box.Events(), ari.ChannelCallerID)
		older = newer
	}
	older.Close()
	t.Logf("100 connections, and %d that were deaf", deaf)
}

func fenced(t *testing.T, x *exchange) {
	add := ari.AddToBridge("b", "some-call")
	do := func(r ari.Request) func(*ari.Conn) error {
		return func(c *ari.Conn) error { return c.Do(t.Context(), r) }
	}
	for name, way := range map[string]struct {
		before *ari.Request
		act    func(*ari.Conn) error
	}{
		"over the socket":           {nil, do(ari.StopMOH("some-call"))},
		"over a lane":               {nil, do(add)},
		"over a lane that was open": {&add, do(add)},
		"over HTTP":                 {nil, func(c *ari.Conn) error { _, err := ari.Channels(t.Context(), c); return err }},
	} {
		t.Run(name, func(t *testing.T) {
			old := x.take(t)
			c, _ := hears(t, old, ignore)
			defer c.Close()
			if way.before != nil {
				if err := c.Do(t.Context(), *way.before); !ari.IsNotFound(err) {
					t.Fatalf("before, its commands are carried out, got %v", err)
				}
			}
			x.take(t)
			if err := way.act(c); !errors.Is(err, ari.ErrUnauthorized) {
				t.Fatalf("the fenced holder's command is refused, got %v", err)
			}
			within(t, c.Done())
			if !errors.Is(c.Err(), ari.ErrUnauthorized) {
				t.Errorf("and its connection ends, got %v", c.Err())
			}
			if _, err := ari.Connect(t.Context(), old, ignore); !errors.Is(err, ari.ErrUnauthorized) {
				t.Errorf("it cannot come back, got %v", err)
			}
		})
	}
	c, _ := x.connect(t)
	must(t, x.boot.Do(t.Context(), ari.DeleteUser("ctl")))
	if err := c.Do(t.Context(), ari.Ping()); !errors.Is(err, ari.ErrUnauthorized) {
		t.Errorf("a deleted user is refused, got %v", err)
	}
}

func stale(t *testing.T, x *exchange) {
	x.take(t)
	held, err := ari.Holder(t.Context(), x.boot, "ctl")
	must(t, err)
	if held != x.token {
		t.Errorf("the holder's token is known to Asterisk: %d, want %d", held, x.token)
	}
	if _, err := ari.Take(t.Context(), x.boot, "ctl", x.token-1); !errors.Is(err, ari.ErrStale) {
		t.Errorf("an older token is refused, got %v", err)
	}
	if held, err := ari.Holder(t.Context(), x.boot, "nobody-yet"); held != 0 || err != nil {
		t.Errorf("nobody holds it: %d %v", held, err)
	}
}

func TestFrozenAsteriskIsNoticed(t *testing.T) {
	x := newExchange(t)
	quiet(t, x)
	c, _ := x.connect(t, func(cfg *ari.Config) { cfg.Ping = time.Second })
	box := ari.NewMailbox(1)
	c.Watch(box, "a-call")
	defer freeze(t, x.site.AsteriskPID())()
	began := time.Now()
	p, err := c.Start(ari.Ping())
	must(t, err)
	for err == nil {
		_, err = c.Start(ari.Ping())
	}
	if !errors.Is(err, ari.ErrBusy) {
		t.Errorf("the requests under way are bounded, got %v", err)
	}
	if err := p.Wait(t.Context()); !errors.Is(err, ari.ErrLost) {
		t.Errorf("a request under way fails with the connection, got %v", err)
	}
	within(t, c.Done())
	if took := time.Since(began); took > 1300*time.Millisecond {
		t.Errorf("the frozen Asterisk was noticed after %v", took)
	}
	ended(t, box)
	if !errors.Is(box.Err(), ari.ErrLost) {
		t.Errorf("its calls are told, got %v", box.Err())
	}
}

// freeze stops every thread of a process and gives what lets it go on.
func freeze(t *testing.T, pid int) (thaw func()) {
	t.Helper()
	must(t, syscall.Kill(pid, syscall.SIGSTOP))
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	must(t, err)
	for _, path := range threads {
		for stopped := false; !stopped; {
			stat, err := os.ReadFile(path)
			stopped = err != nil || bytes.Contains(stat, []byte(") T "))
		}
	}
	return func() { _ = syscall.Kill(pid, syscall.SIGCONT) }
}

func TestKilledAsteriskAndTheNext(t *testing.T) {
	x := newExchange(t)
	c, _ := x.connect(t)
	x.site.KillAsterisk()
	within(t, c.Done())
	if !errors.Is(c.Err(), ari.ErrLost) {
		t.Errorf("got %v", c.Err())
	}
	must(t, x.site.StartAsterisk(t.Context()))
	quiet(t, x)
	if held, err := ari.Holder(t.Context(), x.boot, "ctl"); held != 0 || err != nil {
		t.Errorf("a new Asterisk is held by nobody: %d %v", held, err)
	}
	again, _ := x.connect(t)
	must(t, again.Do(t.Context(), ari.Ping()))
}

// TestManyOwnersAtOnce is for the race detector: events, Watch, Release and
// requests from many goroutines while the connection ends.
func TestManyOwnersAtOnce(t *testing.T) {
	x := newExchange(t)
	quiet(t, x)
	c, a := x.connect(t)
	call := x.call(t, c, a)
	var heard atomic.Int64
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			for n := 0; c.Err() == nil; n++ {
				box := ari.NewMailbox(4)
				c.Watch(box, call.id, fmt.Sprint(i, n))
				if c.Do(context.Background(), renamed(call, fmt.Sprint(i, n))) == nil {
					select {
					case <-box.Events():
						heard.Add(1)
					case <-time.After(time.Millisecond):
					}
				}
				box.Release()
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	c.Close()
	all.Wait()
	if heard.Load() == 0 {
		t.Error("nobody heard anything")
	}
}
