package ivr

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"hotline"
)

// QueueStep is where the caller waits for an agent.
type QueueStep struct {
	Say      []string      // said on joining, while an agent is sought already
	Position string        // prompt before the position ("您前面还有"); "" tells none
	Unit     string        // prompt after it ("位")
	Every    time.Duration // between positions; said only when it got better
	Answered string        // the step when an agent has answered
	After    time.Duration // how long to wait at most; 0: without end
	Else     string        // the step then
	// Keys are codes that work while he waits, without a word: they key the call,
	// and have it wait where its agents are. nil: keys mean nothing.
	Keys map[string]Choice

	flow *Flow // which knows where a call waits; it fills itself in
}

// Play waits until an agent answers. An announcement stops the instant one is
// found.
func (s QueueStep) Play(ctx context.Context, c *Call) (string, error) {
	var err error
	if c.Place, err = c.Queue.Join(ctx, s.wish(c), c.Record); err != nil {
		return "", err
	}
	offer, err := c.Place.Answered, error(nil) // of who is taken up, and may talk already: he is let alone
	if offer.ID == 0 {
		offer, err = s.wait(ctx, c)
	}
	switch {
	case err == nil:
		c.Offer = offer
		return s.Answered, nil
	case ctx.Err() != nil:
		return "", err
	case err == errWaited:
		_, c.Facts.Offers = c.Queue.Leave(ctx, c.id())
		return s.Else, nil
	default: // the apology follows, and he keeps his place meanwhile
		return "", err
	}
}

// wish is what the caller waits for; one who had a place keeps it.
func (s QueueStep) wish(c *Call) hotline.Wish {
	place := s.flow.place(c)
	return hotline.Wish{
		Call: c.id(), Queue: place.Queue, Priority: c.Priority,
		Needs: slices.Concat(place.Needs, c.Needs),
		Seq:   c.Place.Seq, Since: c.Place.Since,
	}
}

// begin notes where the choice ended: the service level counts from here.
func (s QueueStep) begin(c *Call) {
	c.Phase = InQueue
	c.Facts.Queue = s.flow.place(c).Queue
	if c.Facts.Chosen.IsZero() {
		c.Facts.Chosen = c.Now().UTC()
		if c.Place.Since != 0 { // all that is left of the call is its place
			c.Facts.Chosen = c.Place.Since.Time().UTC()
		}
	}
}

var errWaited = hotline.Errorf(hotline.Unavailable, "nobody answered in time")

// wait lets the caller hear music while an agent is sought.
func (s QueueStep) wait(ctx context.Context, c *Call) (hotline.Offer, error) {
	seek, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if s.After > 0 {
		left := s.After - c.Now().Sub(c.Facts.Chosen)
		timer := time.AfterFunc(max(left, 0), func() { stop(errWaited) })
		defer timer.Stop()
	}
	waiting, quiet := context.WithCancel(ctx)
	defer quiet()
	type found struct {
		offer hotline.Offer
		err   error
	}
	answered := make(chan found, 1)
	go func() {
		o, err := c.Queue.Await(seek, c.id())
		answered <- found{o, err}
		quiet()
	}()
	err := c.Line.Wait(waiting, Waiting{Tag: c.Tag(), First: s.first(c), Every: s.Every, Next: s.positions(c),
		Heard: func() { c.Heard = true; c.save(ctx) }, Pressed: s.codes(ctx, c)})
	if err != nil { // the line failed: nobody is to be found for it
		stop(err)
	}
	f := <-answered
	if f.err != nil {
		return hotline.Offer{}, cmp.Or(context.Cause(seek), f.err)
	}
	return f.offer, nil // whatever failed of the music: he has his agent
}

// first is what is said on joining. Whoever has heard it, and waits on at another
// controller, hears the music play on.
func (s QueueStep) first(c *Call) []Part {
	if c.again && c.Heard {
		return nil
	}
	return prompts(s.Say)
}

// positions gives the words for the caller's position, only when it got better
// than what he was told.
func (s QueueStep) positions(c *Call) func() []Part {
	if s.Position == "" {
		return nil
	}
	told := -1
	return func() []Part {
		n := c.Queue.Position(c.id())
		if n <= 0 || told >= 0 && n >= told {
			return nil
		}
		told = n
		return []Part{{Prompt: s.Position}, {Number: n}, {Prompt: s.Unit}}
	}
}

// Exits is the answer, and the end of patience where there is one.
func (s QueueStep) Exits() []Exit {
	exits := []Exit{{To: s.Answered}}
	if s.After > 0 {
		exits = append(exits, Exit{To: s.Else})
	}
	return exits
}

// Prompts is what is said while waiting.
func (s QueueStep) Prompts() []string {
	keys := slices.Clone(s.Say)
	if s.Position != "" {
		keys = append(keys, s.Position, s.Unit)
	}
	return keys
}

// TalkStep is the talk with the agent.
type TalkStep struct {
	Notice []string // first words to both; the agent's number follows NumberAfter
	Number bool     // read the agent's number after the first prompt of Notice
	Once   []string // said after Notice to a caller who did not hear the queue's first words to their end
	Record bool
	Next   string // when the agent left first
	Queue  string // the queue step, when the agent was gone before they were joined
}

// begin notes with whom and since when, before it is so: a record that says more
// than happened is put right by whoever plays on, one that says less would lose
// a talk.
func (s TalkStep) begin(c *Call) {
	c.Phase = InTalk
	c.Facts.Agent, c.Facts.Phone = c.Offer.Agent, c.Offer.Phone
	if c.Facts.Joined.IsZero() {
		c.Facts.Joined = c.Now().UTC()
	}
	s.record(c)
}

// Play joins the two and returns when either leaves.
func (s TalkStep) Play(ctx context.Context, c *Call) (string, error) {
	err := c.Queue.Joined(ctx, c.Offer, c.Record)
	switch {
	case err == nil:
	case c.again && (hotline.KindOf(err) == hotline.Conflict || ctx.Err() != nil):
		// The talk may have been, and be over, while none served: the line knows.
		c.save(ctx)
	case hotline.KindOf(err) != hotline.Conflict:
		c.apart()
		return "", err
	default:
		c.apart()
		return s.Queue, nil // the offer ended meanwhile
	}
	end, err := c.Line.Talk(ctx, Talk{Tag: c.Tag(), Offer: c.Offer, Again: c.again || c.Place.Answered.ID == c.Offer.ID,
		Notice: s.notice(c), Record: s.record(c), Paused: c.paused(), Muted: c.Muted, Mark: c.mark(ctx)})
	return s.ended(ctx, c, end, err)
}

// apart takes back what begin noted: the two never talked.
func (c *Call) apart() {
	f := &c.Facts
	f.Joined, f.Agent, f.Phone, f.Recording, f.Gaps = time.Time{}, "", "", "", nil
	c.Phase = InQueue
}

func (s TalkStep) ended(ctx context.Context, c *Call, end TalkEnd, err error) (string, error) {
	if end.Note != "" {
		c.Facts.Note, c.Facts.Recording, c.Facts.Gaps = end.Note, "", nil
	}
	if end.Unjoined && !PlaysOn(context.Cause(ctx)) {
		c.apart()
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if end.Unjoined {
		return s.Queue, nil
	}
	c.Facts.TalkEnded = c.Now().UTC()
	c.Facts.Gaps = closed(c.Facts.Gaps, c.Facts.TalkEnded)
	c.Facts.End = hotline.EndAnswered
	c.Facts.EndedBy = end.By
	return s.Next, err
}

func (s TalkStep) record(c *Call) string {
	if !s.Record {
		return ""
	}
	c.Facts.Recording = string(c.Facts.Ticket) + ".wav"
	return string(c.Facts.Ticket)
}

func (s TalkStep) notice(c *Call) []Part {
	parts := prompts(s.Notice)
	if s.Number && len(parts) > 0 {
		if number := figures(c.Offer.Agent); number != "" {
			parts = slices.Insert(parts, 1, Part{Digits: number})
		}
	}
	if !c.Heard {
		parts = append(parts, prompts(s.Once)...)
	}
	return parts
}

// figures is what can be read of a staff number; of a telephone on duty, its own.
func figures(a hotline.AgentID) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, string(a))
}

// Exits is the step after the talk, and the queue for a talk that failed to
// begin.
func (s TalkStep) Exits() []Exit { return []Exit{{To: s.Next}, {To: s.Queue}} }

// Prompts is the notice, and what is said once.
func (s TalkStep) Prompts() []string { return slices.Concat(s.Notice, s.Once) }

// MessageStep takes a message; it becomes a draft ticket.
type MessageStep struct {
	Say     []string
	Longest time.Duration
	Next    string
	Empty   string // the step when nothing was said; "" is Next
}

func (s MessageStep) begin(c *Call) { c.Phase = InMessage }

// Play takes it.
func (s MessageStep) Play(ctx context.Context, c *Call) (string, error) {
	file, err := c.Machine.Take(ctx, c.speech(s.Say), string(c.Facts.Ticket)+"-message", s.Longest)
	if file == "" && s.Empty != "" {
		return s.Empty, err
	}
	c.Facts.Message = file
	return s.Next, err
}

// Exits is the next step, and the one after silence.
func (s MessageStep) Exits() []Exit {
	if s.Empty == "" {
		return []Exit{{To: s.Next}}
	}
	return []Exit{{To: s.Next}, {To: s.Empty}}
}

// Prompts is what asks for the message.
func (s MessageStep) Prompts() []string { return s.Say }
