package live_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"hotline"
	"hotline/live"
	"hotline/live/fact"
	"hotline/live/lease"
	"hotline/live/livetest"
	"hotline/routing"
)

// bound is what a step may take when Redis does not answer: its timeout and a
// little for a busy machine.
const bound = 350 * time.Millisecond

// join gives a caller a place.
func join(ctx context.Context, s *live.Store, token hotline.Token, p hotline.Place) (hotline.Place, error) {
	truth, err := s.Commit(ctx, token, []routing.Change{{Place: &p}})
	if err == nil && truth.Refused {
		err = errors.New("refused")
	}
	if err != nil {
		return p, err
	}
	return truth.Places[0], nil
}

// away asks that every step fails as Unavailable, in time.
func away(t *testing.T, s *live.Store) {
	t.Helper()
	ctx := t.Context()
	a := routing.Agent{ID: "1001", Version: 1}
	for name, step := range map[string]func() error{
		"save":   func() error { return s.SaveCall(ctx, "c1", []byte("x")) },
		"drop":   func() error { return s.DropCall(ctx, "c9") },
		"calls":  func() error { _, err := s.Calls(ctx); return err },
		"load":   func() error { _, err := s.Load(ctx); return err },
		"join":   func() error { _, err := join(ctx, s, 1, hotline.Place{Call: "c1"}); return err },
		"commit": func() error { _, err := s.Commit(ctx, 1, []routing.Change{{Agent: &a}}); return err },
		"tell":   func() error { return s.Tell(ctx, "rang") },
		"read":   func() error { _, err := s.ReadLease(ctx, lease.Board); return err },
		"ping":   func() error { return s.Ping(ctx) },
	} {
		began := time.Now()
		err := step()
		if d := time.Since(began); d > bound || hotline.KindOf(err) != hotline.Unavailable {
			t.Errorf("%s ended after %v with %v (%s)", name, d, err, hotline.KindOf(err))
		}
	}
}

// back waits until a save works again by itself and says how long that took.
func back(t *testing.T, s *live.Store) {
	t.Helper()
	began := time.Now()
	for s.SaveCall(t.Context(), "c1", []byte("again")) != nil {
		if time.Since(began) > 3*time.Second {
			t.Fatal("saving does not work again though Redis is back")
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Logf("saved again after %v", time.Since(began).Round(time.Millisecond))
}

// Given a Redis that is frozen, when calls are saved, then each hears so within
// its 200 ms, and saving works again once it is thawed.
func TestFrozen(t *testing.T) {
	r := livetest.StartRedis(t)
	s := open(t, r, "hl")
	back(t, s)
	r.Freeze()
	away(t, s)
	r.Thaw()
	back(t, s)
}

// Given a board of two, when Redis is killed and started again, then what was
// there longer than a second is there again, and a wall goes on where it was.
func TestRestarted(t *testing.T) {
	r := livetest.StartRedis(t)
	s := open(t, r, "hl")
	p, err := join(t.Context(), s, 1, hotline.Place{Call: "c1", Queue: "water"})
	if err != nil {
		t.Fatal(err)
	}
	back(t, s)
	seen := make(chan fact.Fact, 10)
	ctx, stop := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- s.Follow(ctx, fact.Start, func(f fact.Fact) error { seen <- f; return nil })
	}()
	if f := <-seen; len(f.Places) != 1 {
		t.Fatalf("first the wall saw %+v", f)
	}
	time.Sleep(1200 * time.Millisecond) // appendfsync everysec

	r.Kill()
	away(t, s)
	var calls sync.WaitGroup
	for range 200 { // more than there are connections
		calls.Go(func() { s.SaveCall(ctx, "c2", []byte("x")) })
	}
	calls.Wait()
	r.Start(t)
	back(t, s)
	snap, err := s.Load(t.Context())
	if err != nil || len(snap.Places) != 1 || snap.Places[0].Seq != p.Seq {
		t.Fatalf("the board is %+v, %v", snap, err)
	}
	if _, err := s.Commit(t.Context(), 1, []routing.Change{{Place: &p, Gone: true}}); err != nil {
		t.Fatal(err)
	}
	select {
	case f := <-seen:
		if len(f.Left) != 1 {
			t.Fatalf("then the wall saw %+v", f)
		}
	case <-time.After(3 * time.Second):
		t.Fatal("the wall saw nothing more")
	}
	stop(errors.New("done"))
	<-ended
}

// Given a lease that is held, when Redis crashes and is back, then its holder learns, once,
// that steps of it may be lost.
func TestACrashIsToldToWhoHoldsALease(t *testing.T) {
	r := livetest.StartRedis(t)
	s := open(t, r, "hl")
	c := lease.Claim{Name: lease.Board, Holder: lease.Holder{Host: "here", PID: 1}, TTL: time.Minute}
	held, err := s.TakeLease(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	renewed := func(want lease.Found) {
		t.Helper()
		found, err := s.RenewLeases(t.Context(), lease.Renewal{Holder: c.Holder, TTL: c.TTL, Leases: []lease.Lease{held}})
		if err != nil || !slices.Equal(found, []lease.Found{want}) {
			t.Fatalf("found as %v, %v; %s is right", found, err, want)
		}
	}
	time.Sleep(1200 * time.Millisecond) // appendfsync everysec
	r.Kill()
	r.Start(t)
	back(t, s)
	renewed(lease.Forgotten)
	renewed(lease.Kept)
}

// Given a board of one caller and one agent, when Redis is emptied, then the
// next commit is refused and names what is missing, the places are rebuilt, a
// newcomer stands behind them, no offer's number comes again, and the keeper
// of the board's lease keeps it.
func TestEmptied(t *testing.T) {
	r := livetest.StartRedis(t)
	s := open(t, r, "hl")
	ctx := t.Context()
	k := lease.NewKeeper(s, lease.Holder{Host: "h", PID: 1}, 0)
	token, err := k.Take(ctx, lease.Board, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	snap, err := s.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p, err := join(ctx, s, token, hotline.Place{Call: "c1", Queue: "water", Needs: []hotline.Skill{"water"}})
	if err != nil {
		t.Fatal(err)
	}
	a := routing.Agent{ID: "1001", State: routing.Offered, Offer: snap.Above + 1}
	p.Offer = snap.Above + 1
	truth, err := s.Commit(ctx, token, []routing.Change{{Agent: &a, Since: true}, {Place: &p}})
	if err != nil || truth.Refused {
		t.Fatalf("%+v, %v", truth, err)
	}

	r.Empty(t)
	p, a = truth.Places[0], truth.Agents[0]
	truth, err = s.Commit(ctx, token, []routing.Change{{Agent: &a}, {Place: &p}})
	if err != nil || !truth.Refused || len(truth.Missing) != 2 {
		t.Fatalf("on an emptied board: %+v, %v", truth, err)
	}
	p.Version = 0
	again, err := join(ctx, s, token, p)
	if err != nil || again.Seq != p.Seq || again.Since != p.Since {
		t.Fatalf("rebuilt as %+v, %v", again, err)
	}
	next, err := join(ctx, s, token, hotline.Place{Call: "c2", Queue: "water"})
	if err != nil || next.Seq <= p.Seq {
		t.Fatalf("the newcomer is %+v, %v", next, err)
	}
	if snap, err = s.Load(ctx); err != nil || snap.Above < a.Offer {
		t.Fatalf("the highest offer is %d, it was %d; %v", snap.Above, a.Offer, err)
	}
	time.Sleep(2 * lease.Every)
	if l, err := s.ReadLease(ctx, lease.Board); err != nil || l.Token != token || !k.Confirmed(lease.Board) {
		t.Fatalf("the lease is %+v, %v", l, err)
	}
	if err := k.Release(ctx); err != nil {
		t.Fatal(err)
	}
}

// Given a keeper, when Redis is frozen for longer than a lease stands, then he
// does not believe in it meanwhile, and has it again afterwards.
func TestLeaseThroughOutage(t *testing.T) {
	r := livetest.StartRedis(t)
	s := open(t, r, "hl")
	k := lease.NewKeeper(s, lease.Holder{Host: "h", PID: 1}, 0)
	_, err := k.Take(t.Context(), lease.Board, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Freeze()
	time.Sleep(lease.TTL + 50*time.Millisecond)
	if k.Confirmed(lease.Board) {
		t.Error("believed in though nobody confirms it")
	}
	r.Thaw()
	time.Sleep(lease.TTL)
	if !k.Confirmed(lease.Board) {
		t.Error("not taken up again")
	}
	if err := k.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

// Given no Redis, when the store is opened, then it says so quickly.
func TestOpenWithoutRedis(t *testing.T) {
	began := time.Now()
	_, err := live.Open(t.Context(), live.Options{Address: "127.0.0.1:1"})
	if hotline.KindOf(err) != hotline.Unavailable || time.Since(began) > bound {
		t.Fatalf("after %v: %v", time.Since(began), err)
	}
	_, err = live.Open(t.Context(), live.Options{Address: "127.0.0.1:1", PasswordFile: filepath.Join(t.TempDir(), "none")})
	if hotline.KindOf(err) != hotline.Invalid || !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("without its password file: %v", err)
	}
}
