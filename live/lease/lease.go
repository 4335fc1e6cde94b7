// Package lease decides which controller may act: one holds the socket of an
// Asterisk, one holds the board. A lease is kept where the board is kept; its
// token only grows, so whatever is done in its name can be fenced.
package lease

import (
	"context"
	"time"

	"hotline"
)

// TTL is how long a lease stands without being renewed, and Every how often it
// is renewed. A controller whose host died is followed after TTL at most; two
// renewals can fail before it is lost. A holder who died on the same host is
// followed at once (Dead), so a restart never waits for it.
const (
	TTL   = time.Second
	Every = 300 * time.Millisecond
)

// Board is the name of the lease that a board's commits are fenced with.
const Board = "board"

// Socket names the lease of an Asterisk's event socket.
func Socket(asterisk string) string { return "socket/" + asterisk }

// Claim is a wish for a lease.
type Claim struct {
	Name   string
	Holder Holder
	Floor  hotline.Token // the highest token known elsewhere, e.g. to Asterisk; the new one is above it
	TTL    time.Duration
	// From takes the lease from this holder though its time is not over, and
	// from nobody else: for a holder known to be dead. The zero holder: none.
	From Holder
	// Seen is when, on the book's clock, somebody else was last seen to hold it; 0:
	// never. Where the book has no holder since, it was emptied; where it is asked
	// only after half a TTL, it was away, and the lease ran out because nobody could
	// renew it. Both are a Conflict with nothing left: the holder is given time.
	Seen hotline.Millis
}

// Lease is who holds what.
type Lease struct {
	Name   string
	Token  hotline.Token
	Holder Holder
	Left   time.Duration  // how long it still stands; 0 when it is free
	Now    hotline.Millis // the book's clock, in answers of TakeLease
}

// Renewal lets the leases of one holder stand longer.
type Renewal struct {
	Holder Holder
	TTL    time.Duration
	Leases []Lease // of which the names and tokens count
}

// Found is how a renewal found a lease.
type Found string

// How a lease can be found.
const (
	Kept      Found = "kept"      // as it was left
	Forgotten Found = "forgotten" // the book had no holder, or came back from a crash: steps of it may be lost
	Lost      Found = "lost"      // another holds it, who is newer
)

// Book is where leases are kept.
type Book interface {
	// TakeLease takes the lease when it is free, is already the claimant's, or
	// is held by Claim.From. The token is the highest of the time in
	// milliseconds, the last token + 1 and the floor + 1. When another holds
	// it, the error is of kind Conflict and the lease is the other's.
	TakeLease(ctx context.Context, c Claim) (Lease, error)
	// RenewLeases lets leases stand for their holder's TTL from now, in one step, and
	// tells how each was found. One that the book has lost is written anew.
	RenewLeases(ctx context.Context, r Renewal) ([]Found, error)
	// FreeLease gives the lease back; one that another took is left alone.
	FreeLease(ctx context.Context, name string, t hotline.Token) error
	// ReadLease tells who holds the lease, or held it last; NotFound when
	// nobody ever did.
	ReadLease(ctx context.Context, name string) (Lease, error)
}
