package lease

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"hotline"
)

// again is how soon a lease that could not be had is asked for anew.
const again = 50 * time.Millisecond

// Keeper holds a lease and renews it until it is released or lost.
type Keeper struct {
	book  Book
	claim Claim
	token hotline.Token
	until atomic.Pointer[time.Time] // on this process's clock: confirmed till then
	lost  chan struct{}
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// Take waits until the lease is free, takes it and keeps it. A holder of whom
// dead says that he runs no more is not waited for; dead may be nil. A book that
// was emptied or away while somebody held the lease leaves him its TTL to say so. While the
// book is away Take goes on trying; its error is ctx's only.
func Take(ctx context.Context, book Book, c Claim, dead func(Holder) bool) (*Keeper, error) {
	if c.TTL == 0 {
		c.TTL = TTL
	}
	var patient time.Time // until when the holder may renew what the book forgot, or let run out while it was away
	for {
		asked := time.Now()
		held, err := book.TakeLease(ctx, c)
		if err == nil {
			c.From, c.Seen = Holder{}, 0
			return keep(ctx, book, c, held.Token, asked), nil
		}
		if hotline.KindOf(err) == hotline.Conflict && dead != nil && c.From != held.Holder && dead(held.Holder) {
			c.From = held.Holder
			continue
		}
		switch {
		case hotline.KindOf(err) != hotline.Conflict:
		case held.Left > 0:
			c.Seen, patient = held.Now, time.Time{}
		case patient.IsZero():
			patient = asked.Add(c.TTL)
		case asked.After(patient):
			c.Seen = 0
		}
		select {
		case <-ctx.Done():
			return nil, hotline.Errorf(hotline.Unavailable, "the lease %s was not free in time: %w", c.Name, context.Cause(ctx))
		case <-time.After(again):
		}
	}
}

func keep(ctx context.Context, book Book, c Claim, t hotline.Token, asked time.Time) *Keeper {
	// The lease outlives the waiting for it: it ends with Release, not with ctx.
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	k := &Keeper{book: book, claim: c, token: t, lost: make(chan struct{}), stop: stop}
	k.confirm(asked)
	k.done.Go(func() { k.renew(ctx) })
	return k
}

// confirm counts from before the question was sent, so this process never
// believes in the lease longer than the book does.
func (k *Keeper) confirm(asked time.Time) {
	until := asked.Add(k.claim.TTL)
	k.until.Store(&until)
}

func (k *Keeper) renew(ctx context.Context) {
	every := time.NewTicker(min(Every, k.claim.TTL/3))
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		asked := time.Now()
		switch err := k.book.RenewLease(ctx, k.claim, k.token); hotline.KindOf(err) {
		case "":
			k.confirm(asked)
		case hotline.Forbidden:
			k.until.Store(&time.Time{})
			close(k.lost)
			return
		}
	}
}

// Token gives the fencing token.
func (k *Keeper) Token() hotline.Token { return k.token }

// Holder gives who holds it: us.
func (k *Keeper) Holder() Holder { return k.claim.Holder }

// Lost is closed when another has taken the lease. A book that is away is not
// a loss.
func (k *Keeper) Lost() <-chan struct{} { return k.lost }

// Confirmed tells whether the lease is ours for certain: it was renewed within
// its time. While it is not, the board is left alone (design: two leases).
func (k *Keeper) Confirmed() bool { return time.Now().Before(*k.until.Load()) }

// Release stops renewing and gives the lease back, so that the next holder
// need not wait. An error means only that he will have to.
func (k *Keeper) Release(ctx context.Context) error {
	k.stop()
	k.done.Wait()
	k.until.Store(&time.Time{})
	return k.book.FreeLease(ctx, k.claim.Name, k.token)
}
