package phone

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"
)

// Kind says what happened in a call.
type Kind int

// What can happen in a call.
const (
	Dialled    Kind = iota + 1 // our INVITE left
	Offered                    // an INVITE came in
	Ringing                    // 180 received, or sent
	EarlyMedia                 // 183 with media: sound before the answer
	Answered                   // the call stands
	Sound                      // something is heard
	Silence                    // nothing is heard any more (At: since when)
	KeySent                    // a key's last packet left
	KeyHeard                   // the other side pressed a key
	Ended                      // over; Ending tells by whom
)

// String gives the kind in plain English.
func (k Kind) String() string {
	names := [...]string{"?", "dialled", "offered", "ringing", "early media", "answered", "sound", "silence", "key sent", "key heard", "ended"}
	if k < 0 || int(k) >= len(names) {
		return fmt.Sprintf("kind %d", int(k))
	}
	return names[k]
}

// Event is one thing that happened in a call.
type Event struct {
	Kind Kind
	// At is when, counted from the INVITE.
	At time.Duration
	// Key is the key of KeySent and KeyHeard.
	Key rune
	// Code is the SIP code of Ringing, EarlyMedia, Answered.
	Code int
	// Number is who was dialled (Dialled) or who calls (Offered).
	Number string
}

// diary keeps a call's events in order; readers read it from the beginning and
// wait for more. Nothing is dropped: a call has few events.
type diary struct {
	mu     sync.Mutex
	events []Event
	more   chan struct{} // closed and renewed at every event
}

func (d *diary) add(e Event) {
	d.mu.Lock()
	d.events = append(d.events, e)
	if d.more != nil {
		close(d.more)
		d.more = nil
	}
	d.mu.Unlock()
}

// from gives the events after the first n, or a channel closed at the next.
func (d *diary) from(n int) ([]Event, <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n < len(d.events) {
		return d.events[n:len(d.events):len(d.events)], nil
	}
	if d.more == nil {
		d.more = make(chan struct{})
	}
	return nil, d.more
}

// Events gives the call's events from its beginning and waits for more; it ends
// after Ended, or when ctx ends. Any number of readers may read.
func (c *Call) Events(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for n := 0; ; {
			events, more := c.diary.from(n)
			for _, e := range events {
				if !yield(e) || e.Kind == Ended {
					return
				}
			}
			n += len(events)
			if more == nil {
				continue
			}
			select {
			case <-more:
			case <-ctx.Done():
				return
			}
		}
	}
}

// Wait gives the first event of this kind, past or to come. It fails when the
// call ends without one, or when ctx ends.
func (c *Call) Wait(ctx context.Context, kind Kind) (Event, error) {
	return c.WaitAfter(ctx, kind, -1)
}

// WaitAfter is Wait for an event later than at (counted from the INVITE).
func (c *Call) WaitAfter(ctx context.Context, kind Kind, at time.Duration) (Event, error) {
	for e := range c.Events(ctx) {
		if e.Kind == kind && e.At > at {
			return e, nil
		}
		if e.Kind == Ended {
			return Event{}, fmt.Errorf("the call ended without %q: %s", kind, c.Ending())
		}
	}
	return Event{}, fmt.Errorf("waiting for %q: %w", kind, context.Cause(ctx))
}

func (c *Call) emit(e Event) {
	if e.At == 0 {
		e.At = time.Since(c.began)
	}
	c.diary.add(e)
}
