package livetest

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"hotline"
	"hotline/live/lease"
)

func claim(name string, pid int) lease.Claim {
	return lease.Claim{Name: name, Holder: lease.Holder{Host: "h", PID: pid, Started: 1}, TTL: 300 * time.Millisecond}
}

func take(t *testing.T, s Store, c lease.Claim) lease.Lease {
	t.Helper()
	l, err := s.TakeLease(t.Context(), c)
	must(t, err)
	return l
}

func leases(t *testing.T, s Store) {
	ctx := t.Context()
	name := lease.Socket("pbx1")
	_, err := s.ReadLease(ctx, name)
	kind(t, err, hotline.NotFound)

	one, two := claim(name, 1), claim(name, 2)
	mine := take(t, s, one)
	if mine.Token <= 0 || mine.Holder != one.Holder || mine.Left <= 0 || mine.Left > one.TTL {
		t.Fatalf("taken: %+v", mine)
	}
	other, err := s.TakeLease(ctx, two)
	kind(t, err, hotline.Conflict)
	if other.Holder != one.Holder || other.Token != mine.Token {
		t.Fatalf("it is held by %+v, but said was %+v", mine, other)
	}
	must(t, s.FreeLease(ctx, name, mine.Token))
	two.Floor = mine.Token + 1_000_000
	next := take(t, s, two)
	if next.Token <= two.Floor {
		t.Fatalf("token %d is not above the floor %d", next.Token, two.Floor)
	}
	must(t, s.FreeLease(ctx, name, mine.Token)) // no longer ours: left alone
	kind(t, s.RenewLease(ctx, one, mine.Token), hotline.Forbidden)
	must(t, s.RenewLease(ctx, two, next.Token))

	time.Sleep(two.TTL + 20*time.Millisecond)
	again := take(t, s, one)
	if again.Token <= next.Token {
		t.Fatalf("tokens went back: %d after %d", again.Token, next.Token)
	}
	read, err := s.ReadLease(ctx, name)
	must(t, err)
	if read.Holder != one.Holder || read.Token != again.Token {
		t.Fatalf("read %+v, taken was %+v", read, again)
	}
}

func seized(t *testing.T, s Store) {
	one, two, three := claim(lease.Board, 1), claim(lease.Board, 2), claim(lease.Board, 3)
	first := take(t, s, one)
	three.From = two.Holder
	_, err := s.TakeLease(t.Context(), three)
	kind(t, err, hotline.Conflict)
	two.From = one.Holder
	if second := take(t, s, two); second.Token <= first.Token {
		t.Fatalf("seized with token %d, not above %d", second.Token, first.Token)
	}
	signIn(t, s, first.Token+1_000_000, "1001") // a commit with the newest token known stands
	_, err = s.Commit(t.Context(), first.Token, nil)
	kind(t, err, hotline.Forbidden)
}

func forgotten(t *testing.T, s Store) {
	c := claim(lease.Board, 1)
	must(t, s.RenewLease(t.Context(), c, 1_000))
	read, err := s.ReadLease(t.Context(), lease.Board)
	must(t, err)
	if read.Token != 1_000 || read.Holder != c.Holder || read.Left == 0 {
		t.Fatalf("written anew as %+v", read)
	}
}

func emptied(t *testing.T, s Store) {
	holder, next := claim(lease.Board, 1), claim(lease.Board, 2)
	held := take(t, s, claim("another", 1)) // tells the book's clock
	next.Seen = held.Now
	l, err := s.TakeLease(t.Context(), next)
	kind(t, err, hotline.Conflict)
	if l.Holder != (lease.Holder{}) || l.Left != 0 {
		t.Fatalf("nobody holds it, and it reads %+v", l)
	}
	must(t, s.RenewLease(t.Context(), holder, 1_000))
	l, err = s.TakeLease(t.Context(), next)
	kind(t, err, hotline.Conflict)
	if l.Holder != holder.Holder {
		t.Fatalf("written anew by %v, it is held by %v", holder.Holder, l.Holder)
	}
	other := lease.Claim{Name: "other", Holder: next.Holder, TTL: next.TTL, Seen: held.Now}
	began := time.Now()
	k, err := lease.Take(t.Context(), s, other, nil) // its holder is dead: nobody writes it anew
	must(t, err)
	if d := time.Since(began); d < next.TTL {
		t.Fatalf("taken after %v; its holder is given %v", d, next.TTL)
	}
	must(t, k.Release(t.Context()))
}

// away plays a book that stood still: the question of whoever stands by waited in
// it until the lease had run out.
func away(t *testing.T, s Store) {
	holder, next := claim(lease.Board, 1), claim(lease.Board, 2)
	next.Seen = take(t, s, holder).Now
	time.Sleep(holder.TTL + 50*time.Millisecond)
	l, err := s.TakeLease(t.Context(), next)
	kind(t, err, hotline.Conflict)
	if l.Holder != holder.Holder || l.Left != 0 {
		t.Fatalf("it ran out, and reads %+v", l)
	}
	must(t, s.RenewLease(t.Context(), holder, l.Token))
	_, err = s.TakeLease(t.Context(), next)
	kind(t, err, hotline.Conflict)
	must(t, s.FreeLease(t.Context(), lease.Board, l.Token)) // handed over: at once
	if got := take(t, s, next); got.Token <= l.Token {
		t.Fatalf("taken with token %d, not above %d", got.Token, l.Token)
	}
}

func lost(t *testing.T, s Store) {
	k, err := lease.Take(t.Context(), s, claim(lease.Board, 1), nil)
	must(t, err)
	defer k.Release(context.WithoutCancel(t.Context()))
	time.Sleep(700 * time.Millisecond) // more than twice its time: it is renewed
	if !k.Confirmed() {
		t.Fatal("the keeper does not renew its lease")
	}
	thief := claim(lease.Board, 2)
	thief.From = k.Holder()
	if l := take(t, s, thief); l.Token <= k.Token() {
		t.Fatalf("the newer token %d is not above %d", l.Token, k.Token())
	}
	select {
	case <-k.Lost():
	case <-time.After(2 * time.Second):
		t.Fatal("the keeper never learnt that the lease was taken")
	}
	if k.Confirmed() {
		t.Fatal("a lost lease is still said to be ours")
	}
}

// waits plays a restart: the holder before is dead, on this host, and his
// time is not over.
func waits(t *testing.T, s Store) {
	child := exec.Command("sleep", "60")
	must(t, child.Start())
	self, err := lease.Self()
	must(t, err)
	dead, err := lease.Of(child.Process.Pid)
	must(t, err)
	if lease.Dead(dead) || lease.Dead(self) {
		t.Fatal("a running process is said to be dead")
	}
	old := lease.Claim{Name: lease.Board, Holder: dead, TTL: time.Minute}
	first := take(t, s, old)
	next := lease.Claim{Name: lease.Board, Holder: self, TTL: time.Minute}
	brief, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = lease.Take(brief, s, next, lease.Dead)
	kind(t, err, hotline.Unavailable)

	must(t, child.Process.Kill())
	child.Wait()
	if !lease.Dead(dead) {
		t.Fatal("a killed process is said to run")
	}
	began := time.Now()
	k, err := lease.Take(t.Context(), s, next, lease.Dead)
	must(t, err)
	if d := time.Since(began); d > 500*time.Millisecond || k.Token() <= first.Token {
		t.Fatalf("taken from the dead after %v with token %d (was %d)", d, k.Token(), first.Token)
	}
	must(t, k.Release(t.Context()))
	if read, err := s.ReadLease(t.Context(), lease.Board); err != nil || read.Left != 0 || read.Holder.PID != os.Getpid() {
		t.Fatalf("given back, it reads %+v, %v", read, err)
	}
}
