package routing

import (
	"strconv"

	"hotline"
)

// Name names what the change is about, as Truth.Missing does: "agent 1001",
// "place <call>", "note <call>".
func (c Change) Name() string {
	switch {
	case c.Agent != nil:
		return "agent " + string(c.Agent.ID)
	case c.Place != nil:
		return "place " + string(c.Place.Call)
	case c.Note != nil:
		return "note " + string(c.Note.Call)
	}
	return ""
}

// subjects counts what the change is about; it should be one.
func (c Change) subjects() (n int) {
	for _, there := range [...]bool{c.Agent != nil, c.Place != nil, c.Note != nil} {
		if there {
			n++
		}
	}
	return n
}

// CheckChanges says what is wrong with the changes themselves, whatever is on
// the board; every Store asks it before it commits. Its errors are Invalid.
func CheckChanges(changes []Change) error {
	seen := make(map[string]bool, len(changes))
	for i, c := range changes {
		if c.subjects() != 1 {
			return hotline.Errorf(hotline.Invalid, "change %d must name an agent, a place or a note, exactly one of the three", i)
		}
		name := c.Name()
		if seen[name] {
			return hotline.Errorf(hotline.Invalid, "%s is changed twice in one commit; once would be right", name)
		}
		seen[name] = true
		if v := c.version(); v < 0 || v == 0 && c.Gone {
			return hotline.Errorf(hotline.Invalid, "%s has version %d; only what is new on the board has version 0, anything else is changed from a version of the board", name, v)
		}
	}
	return nil
}

func (c Change) version() int64 {
	switch {
	case c.Agent != nil:
		return c.Agent.Version
	case c.Place != nil:
		return c.Place.Version
	}
	return 0
}

// Version gives the version the change was made from, as text.
func (c Change) Version() string { return strconv.FormatInt(c.version(), 10) }

// Done gives the truth after the changes were committed at now: what was
// changed with its new Version, Since and Deadline; what is gone is left out.
// joined are the numbers that the board gave to those who asked for one, in the
// order of the changes. It is the one place where these are reckoned, so a Store
// needs to bring back nothing else.
func Done(now hotline.Millis, changes []Change, joined []int64) Truth {
	t := Truth{Now: now}
	for _, c := range changes {
		switch {
		case c.Gone || c.Note != nil:
		case c.Agent != nil:
			t.Agents = append(t.Agents, c.agentAt(now))
		default:
			p := *c.Place
			p.Version++
			if p.Seq == 0 && len(joined) > 0 {
				p.Seq, joined = joined[0], joined[1:]
			}
			if p.Since == 0 {
				p.Since = now
			}
			t.Places = append(t.Places, p)
		}
	}
	return t
}

func (c Change) agentAt(now hotline.Millis) Agent {
	a := *c.Agent
	a.Version++
	a.Deadline = 0
	if c.Within > 0 {
		a.Deadline = now.Add(c.Within)
	}
	if c.Since {
		a.Since = now
	}
	return a
}

// HighestOffer gives the highest offer named in the changes; the board keeps
// the highest ever, so that numbers never go back.
func HighestOffer(changes []Change) hotline.OfferID {
	var high hotline.OfferID
	for _, c := range changes {
		switch {
		case c.Agent != nil:
			high = max(high, c.Agent.Offer)
		case c.Place != nil:
			high = max(high, c.Place.Offer)
		}
	}
	return high
}
