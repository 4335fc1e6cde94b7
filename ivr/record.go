package ivr

import (
	"context"
	"time"

	"hotline"
)

// Phase is which part of a call the caller is in; it decides how a call that
// ends there is booked.
type Phase string

// The phases of a call.
const (
	InGreeting Phase = "greeting"
	InMenu     Phase = "menu"
	InQueue    Phase = "queue"
	InTalk     Phase = "talk"
	InMessage  Phase = "message"
	InFarewell Phase = "farewell"
)

// RecordVersion is the version of the record's form. It is a wire format: a
// controller that takes over reads what its predecessor wrote.
const RecordVersion = 1

// Record is all of a call that must outlive the process: where it stands, and
// the facts so far. It is saved between steps.
type Record struct {
	Version  int             `json:"v"`
	Hash     string          `json:"hash"` // of the flow it began with
	At       string          `json:"at"`   // the step it is in; "" is over
	N        int             `json:"n"`    // attempts of steps so far
	Phase    Phase           `json:"phase"`
	Faults   int             `json:"faults,omitempty"` // steps that failed
	Needs    []hotline.Skill `json:"needs,omitempty"`
	Priority int             `json:"priority,omitempty"`
	Group    Place           `json:"group,omitzero"`  // the group whose person was asked for; no hotline is known then
	Place    hotline.Place   `json:"place,omitzero"`  // where it waits; kept until it talked
	Offer    hotline.Offer   `json:"offer,omitzero"`  // the offer that an agent answered
	Heard    bool            `json:"heard,omitempty"` // the first words of the queue, to their end
	Muted    bool            `json:"muted,omitempty"` // the recording is paused, not only to be
	Unsaved  bool            `json:"-"`               // the last save did not get through
	Facts    hotline.Outcome `json:"facts"`
}

// Tag names the step and the attempt.
func (r *Record) Tag() string { return r.At + "." + itoa(r.N) }

// Close says how the call ended, as the books want it: by whom, and in which
// phase. ringing tells that an agent's phone rang for it at that moment.
func (r *Record) Close(now time.Time, by hotline.Side, ringing bool) hotline.Outcome {
	o := r.Facts
	o.Ended = now
	o.EndedBy = by
	if !o.Joined.IsZero() && o.TalkEnded.IsZero() {
		o.TalkEnded = now
	}
	o.Gaps = closed(o.Gaps, o.TalkEnded)
	if o.End == "" {
		o.End = r.end(by, ringing)
	}
	return o
}

// Rang notes an offer whose phone rang, under or the one that was answered, when
// only a controller before has seen it: it rings moments after it was reserved.
func (r *Record) Rang(under hotline.Offer) {
	if under.ID == 0 {
		under = r.Offer
	}
	if under.ID == 0 {
		return
	}
	r.Facts.Offers = max(r.Facts.Offers, 1)
	if r.Facts.Rang.IsZero() {
		r.Facts.Rang = under.At.Time()
	}
}

func (r *Record) end(by hotline.Side, ringing bool) hotline.End {
	switch {
	case !r.Facts.Joined.IsZero():
		return hotline.EndAnswered
	case r.Facts.Message != "":
		return hotline.EndMessage
	case by == hotline.SideSystem:
		return hotline.EndUnfinishedByServer
	case ringing:
		return hotline.EndAbandonedRinging
	}
	switch r.Phase {
	case InMenu:
		return hotline.EndAbandonedMenu
	case InQueue, InTalk:
		return hotline.EndAbandonedQueue
	case InMessage:
		return hotline.EndAbandonedMessage
	case InFarewell:
		return hotline.EndAbandonedFarewell
	default:
		return hotline.EndAbandonedGreeting
	}
}

// Call is one call while it is played.
type Call struct {
	*Record
	Line    Line
	Machine Machine
	Queue   Queue
	// Now tells the time; an argument, so that stories run in no time.
	Now func() time.Time
	// Save writes the record; it waits at most 200 ms and reports whether it
	// got through. A call goes on either way.
	Save func(ctx context.Context, r *Record) bool

	again bool // the step was begun before, by a controller that is no more
}

func (c *Call) id() hotline.CallID { return c.Facts.Call }

// enter goes to step at: one more attempt, one more visit, saved once. The last
// step of all is not saved: it is over in a moment, and done again does no harm.
// Those that begin at the queue are saved there, in the same step.
func (c *Call) enter(ctx context.Context, at string, step Step) {
	c.again = c.At == at && len(c.Facts.Path) > 0 && c.N > 0
	c.At = at
	c.N++
	if !c.again {
		c.Facts.Path = append(c.Facts.Path, hotline.Visit{Step: at, At: c.Now().UTC()})
	}
	if b, ok := step.(beginner); ok {
		b.begin(c)
	}
	switch step.(type) {
	case EndStep, QueueStep, TalkStep:
	default:
		c.save(ctx)
	}
}

func (c *Call) save(ctx context.Context) { c.Unsaved = !c.Save(ctx, c.Record) }

// pressed notes the keys of this visit.
func (c *Call) pressed(keys string) {
	v := &c.Facts.Path[len(c.Facts.Path)-1]
	if len(v.Keys)+len(keys) <= longestKeys {
		v.Keys += keys
	}
}

// longestKeys bounds what a path keeps of a caller who leans on his keys.
const longestKeys = 64

func (c *Call) speech(keys []string) Speech { return Speech{Tag: c.Tag(), Parts: prompts(keys)} }
