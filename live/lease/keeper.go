package lease

import (
	"context"
	"slices"
	"sync"
	"time"

	"hotline"
)

// again is how soon a lease that could not be had is asked for anew.
const again = 50 * time.Millisecond

// Keeper holds the leases of one holder and renews them, all in one step, until they
// are released or one of them is lost.
type Keeper struct {
	book      Book
	holder    Holder
	ttl       time.Duration
	lost      chan struct{}
	forgotten chan struct{}
	life      context.Context
	stop      context.CancelFunc
	done      sync.WaitGroup
	gone      Holder // who lost a lease to us by not renewing it

	mu   sync.Mutex
	held []kept
}

// kept is one lease that is held.
type kept struct {
	name  string
	token hotline.Token
	until time.Time // on this process's clock: confirmed till then
}

// NewKeeper makes a keeper that holds nothing yet. ttl is how long its leases stand
// without being renewed (0: TTL); it renews them a third of that, Every at most.
func NewKeeper(book Book, holder Holder, ttl time.Duration) *Keeper {
	if ttl == 0 {
		ttl = TTL
	}
	k := &Keeper{book: book, holder: holder, ttl: ttl, lost: make(chan struct{}), forgotten: make(chan struct{}, 1)}
	k.life, k.stop = context.WithCancel(context.Background())
	return k
}

// Take waits until the lease is free, takes it and keeps it. A holder of whom
// dead says that he runs no more is not waited for; dead may be nil. behind, unless nil,
// is told first of another who holds the lease, or held it last, and may be alive. A book
// that was emptied or away while somebody held the lease leaves him its TTL to say so; so
// does a lease that had run out before it was ever looked at, for whoever held it may have
// been kept from renewing it by what keeps everybody waiting (a full machine). While the
// book is away Take goes on trying; its error is ctx's only. One Take at a time.
func (k *Keeper) Take(ctx context.Context, name string, dead func(Holder) bool, behind func(Lease)) (hotline.Token, error) {
	c := Claim{Name: name, Holder: k.holder, TTL: k.ttl}
	before := k.gone
	if err := k.look(ctx, &c, dead, behind); err != nil {
		return 0, err
	}
	var patient time.Time // until when the holder may renew what the book forgot, or let run out while it was away
	for {
		asked := time.Now()
		held, err := k.book.TakeLease(ctx, c)
		if err == nil {
			k.gone = before
			k.keep(kept{name, held.Token, asked.Add(k.ttl)})
			return held.Token, nil
		}
		if hotline.KindOf(err) == hotline.Conflict {
			before = held.Holder
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
		if err := k.pause(ctx, name); err != nil {
			return 0, err
		}
	}
}

// look notes whether the lease was ever held by another who may be alive, and tells
// behind; who has lost another one just now had his time.
func (k *Keeper) look(ctx context.Context, c *Claim, dead func(Holder) bool, behind func(Lease)) error {
	for {
		held, err := k.book.ReadLease(ctx, c.Name)
		switch {
		case err == nil:
			if held.Holder != (Holder{}) && held.Holder != k.holder && held.Holder != k.gone && (dead == nil || !dead(held.Holder)) {
				c.Seen = 1 // long ago
				if behind != nil {
					behind(held)
				}
			}
			return nil
		case hotline.KindOf(err) == hotline.NotFound:
			return nil
		}
		if err := k.pause(ctx, c.Name); err != nil {
			return err
		}
	}
}

// pause is between two questions.
func (k *Keeper) pause(ctx context.Context, name string) error {
	select {
	case <-ctx.Done():
		return hotline.Errorf(hotline.Unavailable, "the lease %s was not free in time: %w", name, context.Cause(ctx))
	case <-time.After(again):
		return nil
	}
}

// keep renews the lease from now on. It outlives the waiting for it: it ends with
// Release.
func (k *Keeper) keep(l kept) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held = append(k.held, l)
	if len(k.held) == 1 {
		k.done.Go(k.renew)
	}
}

func (k *Keeper) renew() {
	every := time.NewTicker(min(Every, k.ttl/3))
	defer every.Stop()
	for {
		select {
		case <-k.life.Done():
			return
		case <-every.C:
		}
		asked := time.Now()
		r := Renewal{Holder: k.holder, TTL: k.ttl, Leases: k.leases()}
		found, err := k.book.RenewLeases(k.life, r)
		switch {
		case err != nil:
			continue
		case slices.Contains(found, Lost):
			k.confirm(r.Leases, time.Time{})
			close(k.lost)
			return
		case slices.Contains(found, Forgotten):
			select {
			case k.forgotten <- struct{}{}:
			default:
			}
		}
		k.confirm(r.Leases, asked.Add(k.ttl))
	}
}

// leases are those that are held now.
func (k *Keeper) leases() (all []Lease) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, l := range k.held {
		all = append(all, Lease{Name: l.name, Token: l.token, Holder: k.holder})
	}
	return all
}

// confirm notes until when these leases are ours for certain: counted from before the
// question was sent, so this process never believes in them longer than the book does.
func (k *Keeper) confirm(these []Lease, until time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, l := range k.held {
		if slices.ContainsFunc(these, func(t Lease) bool { return t.Name == l.name }) {
			k.held[i].until = until
		}
	}
}

// Token gives the fencing token of a lease; 0 while it is not held.
func (k *Keeper) Token(name string) hotline.Token {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, l := range k.held {
		if l.name == name {
			return l.token
		}
	}
	return 0
}

// Lost is closed when another has taken one of the leases. A book that is away is not
// a loss.
func (k *Keeper) Lost() <-chan struct{} { return k.lost }

// Forgotten tells each time that the book was found emptied, or back from a crash, perhaps
// without its last steps: whatever is only there must be written again.
func (k *Keeper) Forgotten() <-chan struct{} { return k.forgotten }

// Confirmed tells whether the lease is ours for certain: it was renewed within
// its time. While it is not, the board is left alone (design: two leases).
func (k *Keeper) Confirmed(name string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.IndexFunc(k.held, func(l kept) bool { return l.name == name })
	return i >= 0 && time.Now().Before(k.held[i].until)
}

// Release stops renewing and gives the leases back, so that the next holder
// need not wait. An error means only that he will have to.
func (k *Keeper) Release(ctx context.Context) error {
	k.stop()
	k.done.Wait()
	k.confirm(k.leases(), time.Time{})
	var failed error
	for _, l := range k.leases() {
		if err := k.book.FreeLease(ctx, l.Name, l.Token); err != nil {
			failed = err
		}
	}
	return failed
}
