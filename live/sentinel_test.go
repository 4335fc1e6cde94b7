package live_test

import (
	"testing"
	"time"

	"hotline"
	"hotline/live"
	"hotline/live/lease"
	"hotline/live/livetest"
	"hotline/routing"
)

// mostFailOver is how long nothing can be committed when the master dies: half a
// second until it counts as dead, and the Sentinels' vote.
const mostFailOver = 10 * time.Second

// Given a board on a master that three Sentinels watch, when the master is killed,
// then each step meanwhile ends in its time, commits work again on the replica
// within a bounded time and by themselves, what it was told is there, and the
// keeper of the board's lease keeps it.
func TestFailOver(t *testing.T) {
	se := livetest.StartSentinels(t, "of-the-test")
	s := openWith(t, live.Options{Sentinels: se.Addresses, Master: livetest.Master, Password: se.Password})
	ctx := t.Context()
	k := lease.NewKeeper(s, lease.Holder{Host: "h", PID: 1}, 0)
	token, err := k.Take(ctx, lease.Board, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := join(ctx, s, token, hotline.Place{Call: "c1", Queue: "water"})
	if err != nil {
		t.Fatal(err)
	}
	a := routing.Agent{ID: "1001", State: routing.Free}
	truth, err := s.Commit(ctx, token, []routing.Change{{Agent: &a, Since: true}})
	if err != nil || truth.Refused {
		t.Fatalf("%+v, %v", truth, err)
	}
	time.Sleep(100 * time.Millisecond) // copied
	began := time.Now()
	se.Master.Kill()
	away(t, s)
	for {
		asked := time.Now()
		again, err := s.Commit(ctx, token, []routing.Change{{Agent: &truth.Agents[0], Since: true}})
		if err == nil {
			truth = again
			break
		}
		if d := time.Since(asked); d > bound || hotline.KindOf(err) != hotline.Unavailable {
			t.Errorf("after %v: %v", d, err)
		}
		if time.Since(began) > mostFailOver {
			t.Fatalf("no commit works: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Logf("committed again %v after the master died", time.Since(began).Round(time.Millisecond))
	if truth.Refused || !se.Promoted() {
		t.Fatalf("%+v; the replica is the master: %v", truth, se.Promoted())
	}
	if snap, err := s.Load(ctx); err != nil || len(snap.Places) != 1 || snap.Places[0].Seq != p.Seq {
		t.Fatalf("the board is %+v, %v", snap, err)
	}
	time.Sleep(2 * lease.Every)
	if !k.Confirmed(lease.Board) {
		t.Error("the lease is not confirmed by the new master")
	}
	if err := k.Release(ctx); err != nil {
		t.Error(err)
	}
}
