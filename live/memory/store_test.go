package memory_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"hotline"
	"hotline/live/fact"
	"hotline/live/lease"
	"hotline/live/livetest"
	"hotline/live/memory"
	"hotline/routing"
)

func TestStore(t *testing.T) {
	livetest.Run(t, func(t *testing.T) livetest.Store { return memory.New() })
}

func join(t *testing.T, s *memory.Store, call hotline.CallID) (hotline.Place, error) {
	t.Helper()
	truth, err := s.Commit(t.Context(), 1, []routing.Change{{Place: &hotline.Place{Call: call}}})
	if err != nil || truth.Refused {
		t.Fatalf("%+v, %v", truth, err)
	}
	return truth.Places[0], nil
}

// Given a clock that is set back, when callers join, then the board's time
// stands still until the clock has caught up.
func TestClockThatGoesBack(t *testing.T) {
	s := memory.New()
	now := time.UnixMilli(10_000)
	s.Now = func() time.Time { return now }
	first, err := join(t, s, "c1")
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(-5 * time.Second)
	second, err := join(t, s, "c2")
	if err != nil || second.Since != first.Since || second.Since != 10_000 {
		t.Fatalf("since %d, then %d, %v", first.Since, second.Since, err)
	}
}

// In a bubble of test time a lease is kept for an hour, Redis is away for a
// minute, and a wall still follows, all in no time.
func TestBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New()
		k := lease.NewKeeper(s, lease.Holder{Host: "h", PID: 1}, 0)
		_, err := k.Take(t.Context(), lease.Board, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var got []fact.Fact
		go s.Follow(ctx, fact.Start, func(f fact.Fact) error { got = append(got, f); return nil })
		time.Sleep(time.Hour)
		if !k.Confirmed(lease.Board) {
			t.Fatal("the lease was not renewed")
		}
		s.Away(true)
		if err := s.SaveCall(ctx, "c1", nil); hotline.KindOf(err) != hotline.Unavailable {
			t.Fatalf("saved while away: %v", err)
		}
		time.Sleep(time.Minute)
		if k.Confirmed(lease.Board) {
			t.Fatal("the lease is believed in while nobody confirms it")
		}
		s.Away(false)
		time.Sleep(time.Second)
		if !k.Confirmed(lease.Board) {
			t.Fatal("the lease was not taken up again")
		}
		if err := s.Tell(ctx, "rang"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(got) != 1 || got[0].Kind != "rang" {
			t.Fatalf("the wall saw %+v", got)
		}
		stop()
		if err := k.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}
