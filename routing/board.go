package routing

import (
	"context"
	"time"

	"hotline"
)

// Wish is what a caller joins a queue with.
type Wish = hotline.Wish

// Snapshot is the whole board at one moment.
type Snapshot struct {
	Now    hotline.Millis
	Places []hotline.Place
	Agents []Agent
	Offer  hotline.OfferID // the highest offer that was numbered, as far as the board knows; 0 none
	// Above it the next offers are numbered: the board's clock, in milliseconds, where
	// that is higher than Offer, so that no number comes twice though the board may have
	// lost some.
	Above hotline.OfferID
}

// Change is one new value for an agent, a place or a call's record (exactly one of
// the three is set). Version in it is the version it was made from, 0 for what is new
// on the board; the board refuses the commit when another change came between.
type Change struct {
	Agent *Agent
	// Place: without Seq it stands behind everybody, without Since it begins now.
	Place *hotline.Place
	Note  *Note
	// Since: the agent's state is new, so its Since becomes the board's now.
	Since bool
	// Within is how long from the board's now the agent's Deadline is; 0 keeps
	// no deadline.
	Within time.Duration
	// Gone removes the agent (he signed out) or the place (joined: the caller
	// talks, and waits no more).
	Gone bool
}

// Note is the record of a call, opaque here, which is kept in the same step as what
// the call does at the board. The zero Note keeps nothing.
type Note struct {
	Call   hotline.CallID
	Record []byte
}

// Truth is the board's answer to a commit.
type Truth struct {
	Now hotline.Millis
	// Refused: nothing was changed, because something was not as the change
	// thought; Agents and Places then hold what they really are, and Missing
	// what is no longer there.
	Refused bool
	Agents  []Agent         // as they are now (committed: with new Version, Since, Deadline)
	Places  []hotline.Place // likewise
	Missing []string        // "agent 1001", "place <call>": asked for and not there
}

// Store is the board where it is kept: Redis, or plain memory in fast stories.
// Every method is one atomic step there. Errors are of kind Unavailable when
// it cannot be reached in time and Forbidden when the token is not the newest.
type Store interface {
	// Load reads the whole board.
	Load(ctx context.Context) (Snapshot, error)
	// Commit makes all changes or none.
	Commit(ctx context.Context, t hotline.Token, changes []Change) (Truth, error)
}
