package test

import (
	"context"
	"slices"
	"testing"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/phone"
	"hotline/test/rig"
	"hotline/ticket"
)

// story has every kind of step. 2 in the menu leads to the queue, 1 to a second
// menu, 9 to a message.
func story() *ivr.Flow {
	queue := ivr.Choice{Next: "queue"}
	return &ivr.Flow{
		Name: "story", Hash: "story", Begin: "greeting", Keyed: "queue", Sorry: "sorry",
		Places: map[hotline.HotlineKey]ivr.Place{"": {Queue: "general"}},
		Steps: map[string]ivr.Step{
			"greeting": ivr.SayStep{Say: []string{"greeting.1s"}, Next: "menu"},
			"menu": ivr.MenuStep{Say: []string{"menu.1s"}, Wait: 5 * time.Second, Tries: 2, Wrong: []string{"wrong"}, Silence: queue,
				Choices: map[string]ivr.Choice{"1": {Next: "submenu"}, "2": queue, "9": {Next: "message"}}},
			"submenu": ivr.MenuStep{Say: []string{"submenu.1s"}, Wait: 5 * time.Second, Tries: 2, Silence: queue, Back: "menu",
				Choices: map[string]ivr.Choice{"1": queue}},
			"queue":   ivr.QueueStep{Say: []string{"wait"}, Answered: "talk", Position: "before", Unit: "people", Every: 2 * time.Second},
			"talk":    ivr.TalkStep{Notice: []string{"serving"}, Next: "goodbye", Queue: "queue"},
			"message": ivr.MessageStep{Say: []string{"speak.1s"}, Longest: 10 * time.Second, Next: "goodbye"},
			"goodbye": ivr.SayStep{Say: []string{"goodbye.1s"}, Next: "end", Farewell: true},
			"sorry":   ivr.SayStep{Say: []string{"sorry"}, Next: "queue"},
			"end":     ivr.EndStep{},
		},
	}
}

// citizen is a caller in a story.
type citizen struct {
	*rig.Rig
	*phone.Call
	number string
	close  func() error // the telephone
}

// dial calls 12345 and waits for the answer.
func dial(r *rig.Rig, number string, changes ...func(*phone.Options)) citizen {
	r.T.Helper()
	p := r.Citizen(number, changes...)
	call, err := p.Dial(r.T.Context(), "12345", phone.DialOptions{})
	must(r.T, err)
	c := citizen{r, call, number, p.Close}
	c.event(phone.Answered)
	return c
}

// waiting calls 12345 and goes through the menu to the queue.
func waiting(r *rig.Rig, number string) citizen {
	r.T.Helper()
	c := dial(r, number)
	c.press("2")
	c.waits()
	return c
}

func (c citizen) press(keys string) {
	c.T.Helper()
	must(c.T, c.Press(c.T.Context(), keys))
}

func (c citizen) event(k phone.Kind) {
	c.T.Helper()
	_, err := c.Wait(soon(c.T), k)
	must(c.T, err)
}

// waits returns when the citizen has a place on the board.
func (c citizen) waits() hotline.Place {
	c.T.Helper()
	var at hotline.Place
	c.Within(5*time.Second, c.number+" has a place", func() bool {
		for _, p := range c.places() {
			if id, ok := c.callID(); ok && p.Call == id {
				at = p
				return true
			}
		}
		return false
	})
	return at
}

func (c citizen) places() []hotline.Place {
	s, err := c.Live.Load(c.T.Context())
	must(c.T, err)
	return s.Places
}

// callID is the call's name in Asterisk, found by who calls.
func (c citizen) callID() (hotline.CallID, bool) { return c.ChannelOf(c.number) }

// heard names the prompts heard after a moment.
func (c citizen) heard(after time.Duration) []string {
	var names []string
	for _, m := range c.Prompts().Identify(c.HeardSince(after).Samples) {
		names = append(names, m.Name)
	}
	return slices.Compact(names)
}

// hears waits until this prompt is heard after a moment.
func (c citizen) hears(prompt string, after time.Duration) {
	c.T.Helper()
	for end := time.Now().Add(8 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		heard := c.heard(after)
		if slices.Contains(heard, prompt) {
			return
		}
		if time.Now().After(end) {
			c.T.Fatalf("%s does not hear %s but %v", c.number, prompt, heard)
		}
	}
}

// now is the moment, as the call counts.
func (c citizen) now() time.Duration { return time.Since(c.Began()) }

// heardMusic is that there was no silence since a moment.
func (c citizen) heardMusic(since time.Duration) {
	c.T.Helper()
	const most = 700 * time.Millisecond
	h := c.HeardSince(since)
	if quiet := max(h.Silence(), c.now()-h.Time(len(h.Samples))); quiet > most {
		c.T.Errorf("%s heard nothing for %v; the music is to play on", c.number, quiet)
	}
}

func (c citizen) hangup() {
	c.T.Helper()
	must(c.T, c.Hangup(soon(c.T)))
}

// over waits until the other side has ended the call.
func (c citizen) over() {
	c.T.Helper()
	select {
	case <-c.Done():
	case <-soon(c.T).Done():
		c.T.Fatalf("the call of %s did not end", c.number)
	}
	if e := c.Ending(); e.By != phone.Them || e.Err != nil {
		c.T.Errorf("the call of %s: %v", c.number, e)
	}
}

// up fails when the call has ended.
func (c citizen) up() {
	c.T.Helper()
	select {
	case <-c.Done():
		c.T.Fatalf("the call of %s was lost: %v", c.number, c.Ending())
	default:
	}
}

// ticket is the citizen's only one; it has this end, by this side.
func (c citizen) ticket(end hotline.End, by hotline.Side) ticket.Ticket {
	c.T.Helper()
	k := c.TicketOf(c.number)
	if k.End != end || k.EndedBy != by {
		c.T.Errorf("the ticket of %s says %s by %s; %s by %s is right", c.number, k.End, k.EndedBy, end, by)
	}
	return k
}

// talk proves that the two hear each other from now on.
func talk(t testing.TB, c, agent *phone.Call) {
	t.Helper()
	c.Tone(500)
	agent.Tone(400)
	_, err := agent.HearTone(soon(t), 500)
	must(t, err)
	_, err = c.HearTone(soon(t), 400)
	must(t, err)
}

// next is the agent's next call.
func next(t testing.TB, desk *phone.Phone) *phone.Call {
	t.Helper()
	c, err := desk.NextCall(soon(t))
	must(t, err)
	return c
}

// soon is the time anything may take in a story.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func meets(p phone.Policy) func(*phone.Call) phone.Policy {
	return func(*phone.Call) phone.Policy { return p }
}
