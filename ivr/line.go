package ivr

import (
	"context"
	"time"

	"hotline"
)

// Part is a piece of what is said: a prompt by its key (configs/prompts), or
// figures read aloud. Exactly one of the fields is set.
type Part struct {
	Prompt string // key of a prompt
	Digits string // read digit by digit: 1001 is 幺零零幺
	Number int    // read as a number, 0 to 9999: 12 is 十二
}

// Speech is something said to the caller in one go.
type Speech struct {
	// Tag names the step and the attempt, so that what a controller that died
	// was saying can be stopped before it is said again.
	Tag   string
	Parts []Part
}

// Entry says when a caller's keys are complete.
type Entry struct {
	Length  int           // complete at so many keys
	Number  bool          // a number is entered: # ends early, * starts over
	Silence time.Duration // after the speech (or the last key), so long without a key is the end
}

// Question is a speech and the keys expected to answer it. A key stops the
// speech; keys pressed earlier and not yet used count.
type Question struct {
	Speech
	Entry
}

// Waiting is how a caller waits: music, and now and then words.
type Waiting struct {
	Tag   string
	First []Part        // said at once
	Heard func()        // called when First was said to its end; may be nil
	Every time.Duration // between announcements; 0: none
	// Next gives what is to be said now; nil says nothing. It is called by the
	// line, one call at a time.
	Next func() []Part
	// Pressed is called with each key, by the line; nil: keys are left alone.
	Pressed func(key byte)
}

// Talk is a caller and an agent joined.
type Talk struct {
	Tag    string
	Offer  hotline.Offer
	Again  bool   // a controller before may have joined them
	Notice []Part // first words to both, e.g. the agent's number
	Record string // name of the recording, without extension; "" records nothing
	Paused bool   // its recording was to be paused by a controller before
	Muted  bool   // … and was
	// Mark is called before the recording is paused, or goes on; its error refuses
	// that. It is called again, done, when it is paused.
	Mark func(paused, done bool) error
}

// TalkEnd is how a talk ended.
type TalkEnd struct {
	By   hotline.Side
	Note string // why it was not recorded although it should be
	// Unjoined: the agent's phone was gone before the two were joined, or its
	// Asterisk died in the talk: the caller waits again.
	Unjoined bool
}

// Line is the caller's line. Every verb means "make it so": it may have been
// so already. Say and Ask stop what sounds before them. Each returns early with
// the context's cause when the caller hangs up or the controller hands over.
type Line interface {
	// Say returns when all has been said.
	Say(ctx context.Context, s Speech) error
	// Ask says the question and returns the keys; "" is silence.
	Ask(ctx context.Context, q Question) (string, error)
	// Wait plays music with announcements until ctx ends; then it is quiet at
	// once. It returns nil when ctx ended.
	Wait(ctx context.Context, w Waiting) error
	// Talk joins caller and agent and returns when either leaves.
	Talk(ctx context.Context, t Talk) (TalkEnd, error)
	// End hangs up.
	End(ctx context.Context) error
}

// Machine takes a message from the caller.
type Machine interface {
	// Take says s, records until the caller presses a key, is silent for
	// several seconds or longest has passed, and returns the file's name; "" when
	// nothing was said.
	Take(ctx context.Context, s Speech, name string, longest time.Duration) (string, error)
}

// Queue is where callers wait for an agent; the routing behind it is not the
// script's business.
type Queue interface {
	// Join takes a place; a call that has one keeps it and its order. While no
	// phone rings for it, it waits in the queue named now. One that was taken up while an
	// agent had it gets his offer (Place.Answered). The record, where one is
	// given, is saved in the same step; its Unsaved tells whether that failed.
	Join(ctx context.Context, w hotline.Wish, r *Record) (hotline.Place, error)
	// Await returns when an agent has answered for this call.
	Await(ctx context.Context, call hotline.CallID) (hotline.Offer, error)
	// Position is how many callers stand before this one in its queue.
	Position(call hotline.CallID) int
	// Joined tells that caller and agent talk now; the place is given up, and the
	// record saved in the same step. It is a Conflict when the offer has ended, and
	// then nothing is saved.
	Joined(ctx context.Context, o hotline.Offer, r *Record) error
	// Leave gives up the place and any offer under way. It returns that offer
	// (ID 0: none) and how many there were in all.
	Leave(ctx context.Context, call hotline.CallID) (hotline.Offer, int)
}
