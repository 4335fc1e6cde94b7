package ivr

import (
	"context"
	"maps"
	"slices"
	"time"

	"hotline"
)

// Choice is what a key of a menu means.
type Choice struct {
	Next     string
	Hotline  hotline.HotlineKey // keys the call to this hotline
	Place    Place              // where it waits though no hotline is chosen: a group's queue; zero leaves that open
	Needs    []hotline.Skill    // what the agent must be able to do besides
	Priority int                // added to the call's priority
}

// MenuStep says a few choices and follows one key. Silence after it leads to a
// person, not to a repetition; so does the second wrong key.
type MenuStep struct {
	Say     []string
	Choices map[string]Choice // by key, 0–9
	Silence Choice            // after Wait without a key
	Wait    time.Duration
	Back    string   // the step that # goes back to; "" says this one again
	Wrong   []string // said after a key that is no choice
	Tries   int      // wrong keys until Silence is followed; at least 1
}

func (s MenuStep) begin(c *Call) { c.Phase = InMenu }

// Play asks until there is a choice.
func (s MenuStep) Play(ctx context.Context, c *Call) (string, error) {
	if len(c.Facts.Path) > mostVisits {
		return s.follow(c, s.Silence), nil
	}
	say := s.Say
	for wrong, again := 0, 0; wrong < s.Tries && again <= mostAgain; {
		key, err := c.Line.Ask(ctx, Question{c.speech(say), Entry{Length: 1, Silence: s.Wait}})
		if err != nil {
			return "", err
		}
		c.pressed(key)
		choice, ok := s.Choices[key]
		switch {
		case ok:
			return s.follow(c, choice), nil
		case key == "":
			return s.follow(c, s.Silence), nil
		case key == string(KeyBack) && s.Back != "":
			return s.Back, nil
		case key == string(KeyAgain), key == string(KeyBack):
			say = s.Say
			again++
		default:
			say = slices.Concat(s.Wrong, s.Say)
			wrong++
		}
	}
	return s.follow(c, s.Silence), nil
}

// mostAgain is how often a menu is said again on request: someone who only
// presses * reaches a person too.
const mostAgain = 3

// mostVisits is how many steps a call may have been in before a menu leads to a
// person at once: someone who wanders from menu to menu reaches one too, and the
// path of a call stays short.
const mostVisits = 40

func (s MenuStep) follow(c *Call, choice Choice) string {
	c.choose(choice)
	return choice.Next
}

// choose notes what a choice says of the call. A hotline decides where it waits;
// who only came as far as its group waits there, for what he chose on his way
// was said to be heard.
func (c *Call) choose(choice Choice) {
	if choice.Hotline != "" {
		c.Facts.Hotline, c.Facts.Keyed, c.Group = choice.Hotline, hotline.KeyedKey, Place{}
	}
	if choice.Place.Queue != "" {
		c.Group = choice.Place
	}
	for _, n := range choice.Needs {
		if !slices.Contains(c.Needs, n) {
			c.Needs = append(c.Needs, n)
		}
	}
	c.Priority += choice.Priority
}

// Exits is every choice, silence, and the way back.
func (s MenuStep) Exits() []Exit {
	var exits []Exit
	for _, key := range slices.Sorted(maps.Keys(s.Choices)) {
		ch := s.Choices[key]
		exits = append(exits, Exit{Key: key, To: ch.Next, Hotline: ch.Hotline})
	}
	exits = append(exits, Exit{To: s.Silence.Next, Hotline: s.Silence.Hotline})
	if s.Back != "" {
		exits = append(exits, Exit{Key: string(KeyBack), To: s.Back})
	}
	return exits
}

// Prompts is the choices and the words for a wrong key.
func (s MenuStep) Prompts() []string { return slices.Concat(s.Say, s.Wrong) }
