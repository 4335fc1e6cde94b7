// Package ivr is the script of a call: a flow of named steps. Inside a step it
// is plain sequential code; between steps one saved line says where the call
// stands, so that another process can play on from there.
//
// It knows no Asterisk: a Line says, asks, waits and talks; a Queue finds the
// agent. It neither logs nor counts.
package ivr

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"

	"hotline"
)

// Step is one step of a flow: data the city wrote, and what it does.
type Step interface {
	// Play does the step and names the next; "" is the end of the call.
	Play(ctx context.Context, c *Call) (next string, err error)
	// Exits lists every step it can lead to; "" is the end.
	Exits() []Exit
	// Prompts lists every prompt it can say.
	Prompts() []string
}

// beginner is a step that notes facts before the record is saved on entering it.
type beginner interface{ begin(c *Call) }

// Exit is one way out of a step.
type Exit struct {
	Key     string             // the key pressed; "" for the way on without a key
	To      string             // the next step; "" ends the call
	Hotline hotline.HotlineKey // the hotline this choice is keyed to, if any
}

// Place is which queue a call for a hotline waits in, and what its agent must
// be able to do.
type Place struct {
	Queue hotline.QueueKey `json:"queue,omitempty"`
	Needs []hotline.Skill  `json:"needs,omitempty"`
}

// Flow is a whole script.
type Flow struct {
	Name  string
	Hash  string // of all that was written; a record remembers it
	Begin string // the first step
	Keyed string // the first step of a call that came through an old number
	Sorry string // where a step that fails leads: an apology and a person
	// OnAgent: the call is answered only when an agent is found; until then the
	// caller hears ringing (answering starts charging).
	OnAgent bool
	// Duty: while this flow is in force the telephones on duty ring as well.
	Duty  bool
	Steps map[string]Step
	// Places by hotline; "" is the place of a call that is not keyed.
	Places map[hotline.HotlineKey]Place
}

// Causes a call's context can end with.
var (
	// ErrHungUp: the caller hung up; the call is to be closed.
	ErrHungUp = errors.New("the caller hung up")
	// ErrHandOver: this controller stops; the record stands and another plays on.
	ErrHandOver = errors.New("the controller hands over")
	// ErrLost: the line was lost with its Asterisk.
	ErrLost = errors.New("the line was lost")
	// ErrResync: the line missed events; the call starts again where it stands.
	ErrResync = errors.New("the line fell behind")
)

// PlaysOn tells of a cause that the call goes on: somebody plays it on, and nothing is
// known of its end.
func PlaysOn(cause error) bool {
	return errors.Is(cause, ErrHandOver) || errors.Is(cause, ErrResync)
}

// mostFaults is how many failed steps a call survives; then it is ended with
// what was reached, rather than apologising for ever.
const mostFaults = 3

// Start begins a call that has no record yet.
func (f *Flow) Start(c *Call) {
	c.Version, c.Hash, c.Phase = RecordVersion, f.Hash, InGreeting
	c.Facts.Flow = f.Name
	c.At = f.Begin
	if c.Facts.Keyed == hotline.KeyedOldNumber {
		c.At = f.Keyed
	}
}

// Resume has a call whose record does not know that it waits, but that brings a place or
// is served by an agent, wait on and hear no menu again: its record was lost, or what
// Redis still has is older.
func (f *Flow) Resume(c *Call, served bool) {
	if c.Place.Queue == "" && !served {
		return
	}
	if at, ok := f.waiting(); ok { // all that is left of it is its place
		c.At, c.Group = at, Place{Queue: c.Place.Queue, Needs: c.Place.Needs}
	}
}

// waiting names the step where callers wait; of several the first by name.
func (f *Flow) waiting() (string, bool) {
	for _, name := range slices.Sorted(maps.Keys(f.Steps)) {
		if _, ok := f.Steps[name].(QueueStep); ok {
			return name, true
		}
	}
	return "", false
}

// Play plays the call from where its record stands to its end. It returns nil
// when the script is over, else the cause that the context ended with; a step's
// own failure leads to Sorry and is given to failed.
func (f *Flow) Play(ctx context.Context, c *Call, failed func(step string, err error)) error {
	for at := c.At; at != ""; {
		next, err := f.step(ctx, c, at)
		if err == nil && next == "" {
			break // the line's end is ours, whatever was heard of it meanwhile
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			failed(at, err)
			c.Faults++
			next = f.Sorry
			if c.Faults > mostFaults {
				next = ""
			}
		}
		at = next
	}
	c.At = ""
	return nil
}

func (f *Flow) step(ctx context.Context, c *Call, at string) (string, error) {
	step, ok := f.Steps[at]
	if !ok {
		return "", hotline.Errorf(hotline.NotFound, "flow %s has no step %q", f.Name, at)
	}
	if q, ok := step.(QueueStep); ok {
		q.flow = f
		step = q
	}
	c.enter(ctx, at, step)
	return step.Play(ctx, c)
}

// place is where the call waits: by its hotline, or the group it came as far as.
func (f *Flow) place(c *Call) Place {
	if c.Group.Queue != "" {
		return c.Group
	}
	p, ok := f.Places[c.Facts.Hotline]
	if !ok {
		p = f.Places[""]
	}
	return p
}

func itoa(n int) string { return strconv.Itoa(n) }

func prompts(keys []string) []Part {
	parts := make([]Part, len(keys))
	for i, k := range keys {
		parts[i] = Part{Prompt: k}
	}
	return parts
}
