package livetest

import (
	"context"
	"os"
	"os/exec"
	"slices"
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

// renewed lets a lease stand longer and wants it found so; another of the same holder,
// renewed in the same step, is not disturbed.
func renewed(t *testing.T, s Store, c lease.Claim, token hotline.Token, want lease.Found) {
	t.Helper()
	beside := lease.Claim{Name: "beside/" + c.Holder.String(), Holder: c.Holder, TTL: c.TTL}
	l := take(t, s, beside)
	found, err := s.RenewLeases(t.Context(), lease.Renewal{Holder: c.Holder, TTL: c.TTL,
		Leases: []lease.Lease{{Name: c.Name, Token: token}, {Name: beside.Name, Token: l.Token}}})
	must(t, err)
	if !slices.Equal(found, []lease.Found{want, lease.Kept}) {
		t.Fatalf("found as %v, want %s and one that was kept", found, want)
	}
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
	renewed(t, s, one, mine.Token, lease.Lost)
	renewed(t, s, two, next.Token, lease.Kept)

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

	// The version before gave itself longer; it is not robbed by the next one.
	before, after := claim(lease.Socket("pbx2"), 3), claim(lease.Socket("pbx2"), 4)
	before.TTL, after.TTL = 1500*time.Millisecond, time.Second
	take(t, s, before)
	_, err = s.TakeLease(ctx, after)
	kind(t, err, hotline.Conflict)
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
	renewed(t, s, c, 1_000, lease.Forgotten)
	renewed(t, s, c, 1_000, lease.Kept)
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
	renewed(t, s, holder, 1_000, lease.Forgotten)
	l, err = s.TakeLease(t.Context(), next)
	kind(t, err, hotline.Conflict)
	if l.Holder != holder.Holder {
		t.Fatalf("written anew by %v, it is held by %v", holder.Holder, l.Holder)
	}
	// Its holder is dead: nobody writes it anew.
	before := &emptiedSince{Book: s, held: lease.Lease{Holder: holder.Holder, Left: next.TTL, Now: held.Now}}
	began := time.Now()
	k := lease.NewKeeper(before, next.Holder, next.TTL)
	_, err = k.Take(t.Context(), "other", nil, nil)
	must(t, err)
	if d := time.Since(began); d < next.TTL {
		t.Fatalf("taken after %v; its holder is given %v", d, next.TTL)
	}
	must(t, k.Release(t.Context()))
}

// emptiedSince is a book that somebody held a lease of when it was first asked, and
// that was emptied right after.
type emptiedSince struct {
	lease.Book
	held  lease.Lease
	asked bool
}

func (b *emptiedSince) TakeLease(ctx context.Context, c lease.Claim) (lease.Lease, error) {
	if b.asked {
		return b.Book.TakeLease(ctx, c)
	}
	b.asked = true
	return b.held, hotline.Errorf(hotline.Conflict, "the lease %s is held by %v", c.Name, b.held.Holder)
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
	renewed(t, s, holder, l.Token, lease.Kept)
	_, err = s.TakeLease(t.Context(), next)
	kind(t, err, hotline.Conflict)
	must(t, s.FreeLease(t.Context(), lease.Board, l.Token)) // handed over: at once
	if got := take(t, s, next); got.Token <= l.Token {
		t.Fatalf("taken with token %d, not above %d", got.Token, l.Token)
	}
}

// late plays a newcomer who finds a lease that has just run out: whoever held it is
// given its time, and keeps it if he uses that.
func late(t *testing.T, s Store) {
	holder, next := claim(lease.Board, 1), claim(lease.Board, 2)
	l := take(t, s, holder)
	time.Sleep(holder.TTL + 50*time.Millisecond)
	k := lease.NewKeeper(s, next.Holder, next.TTL)
	ctx, cancel := context.WithTimeout(t.Context(), next.TTL*3/4)
	defer cancel()
	var behind lease.Holder
	_, err := k.Take(ctx, lease.Board, nil, func(l lease.Lease) { behind = l.Holder })
	kind(t, err, hotline.Unavailable)
	if behind != holder.Holder {
		t.Fatalf("it stands behind %v, and is told %v", holder.Holder, behind)
	}
	renewed(t, s, holder, l.Token, lease.Kept)
	began := time.Now()
	_, err = k.Take(t.Context(), lease.Board, nil, nil) // now he is dead
	must(t, err)
	if d := time.Since(began); d < holder.TTL/2 {
		t.Fatalf("taken after %v; its holder has %v", d, holder.TTL)
	}
	must(t, k.Release(t.Context()))
}

func lost(t *testing.T, s Store) {
	c := claim(lease.Board, 1)
	k := lease.NewKeeper(s, c.Holder, c.TTL)
	token, err := k.Take(t.Context(), lease.Board, nil, nil)
	must(t, err)
	_, err = k.Take(t.Context(), lease.Socket("pbx1"), nil, nil)
	must(t, err)
	defer k.Release(context.WithoutCancel(t.Context()))
	time.Sleep(700 * time.Millisecond) // more than twice its time: both are renewed
	if !k.Confirmed(lease.Board) || !k.Confirmed(lease.Socket("pbx1")) {
		t.Fatal("the keeper does not renew its leases")
	}
	if k.Token(lease.Board) != token || k.Token("other") != 0 || k.Confirmed("other") {
		t.Fatalf("it holds the board with token %d and nothing else, and says %d and %d", token, k.Token(lease.Board), k.Token("other"))
	}
	thief := claim(lease.Board, 2)
	thief.From = c.Holder
	if l := take(t, s, thief); l.Token <= token {
		t.Fatalf("the newer token %d is not above %d", l.Token, token)
	}
	select {
	case <-k.Lost():
	case <-time.After(2 * time.Second):
		t.Fatal("the keeper never learnt that the lease was taken")
	}
	if k.Confirmed(lease.Board) {
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
	next := lease.NewKeeper(s, self, time.Minute)
	brief, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = next.Take(brief, lease.Board, lease.Dead, nil)
	kind(t, err, hotline.Unavailable)

	must(t, child.Process.Kill())
	child.Wait()
	if !lease.Dead(dead) {
		t.Fatal("a killed process is said to run")
	}
	began := time.Now()
	token, err := next.Take(t.Context(), lease.Board, lease.Dead, nil)
	must(t, err)
	if d := time.Since(began); d > 500*time.Millisecond || token <= first.Token {
		t.Fatalf("taken from the dead after %v with token %d (was %d)", d, token, first.Token)
	}
	must(t, next.Release(t.Context()))
	if read, err := s.ReadLease(t.Context(), lease.Board); err != nil || read.Left != 0 || read.Holder.PID != os.Getpid() {
		t.Fatalf("given back, it reads %+v, %v", read, err)
	}
}
