package routing

import (
	"strconv"

	"hotline"
)

// Name names what the change is about, as Truth.Missing does: "agent 1001",
// "place <call>".
func (c Change) Name() string {
	if c.Agent != nil {
		return "agent " + string(c.Agent.ID)
	}
	if c.Place != nil {
		return "place " + string(c.Place.Call)
	}
	return ""
}

// CheckChanges says what is wrong with the changes themselves, whatever is on
// the board; every Store asks it before it commits. Its errors are Invalid.
func CheckChanges(changes []Change) error {
	seen := make(map[string]bool, len(changes))
	for i, c := range changes {
		if (c.Agent == nil) == (c.Place == nil) {
			return hotline.Errorf(hotline.Invalid, "change %d must name an agent or a place, exactly one of the two", i)
		}
		name := c.Name()
		if seen[name] {
			return hotline.Errorf(hotline.Invalid, "%s is changed twice in one commit; once would be right", name)
		}
		seen[name] = true
		if v := c.version(); v < 0 || v == 0 && (c.Place != nil || c.Gone) {
			return hotline.Errorf(hotline.Invalid, "%s has version %d; only a new agent has version 0, anything else is changed from a version of the board", name, v)
		}
	}
	return nil
}

func (c Change) version() int64 {
	if c.Agent != nil {
		return c.Agent.Version
	}
	return c.Place.Version
}

// Version gives the version the change was made from, as text.
func (c Change) Version() string { return strconv.FormatInt(c.version(), 10) }

// Done gives the truth after the changes were committed at now: what was
// changed with its new Version, Since and Deadline; what is gone is left out.
// It is the one place where these are reckoned, so a Store needs to bring back
// nothing but the moment.
func Done(now hotline.Millis, changes []Change) Truth {
	t := Truth{Now: now}
	for _, c := range changes {
		switch {
		case c.Gone:
		case c.Agent != nil:
			t.Agents = append(t.Agents, c.agentAt(now))
		default:
			p := *c.Place
			p.Version++
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
		if c.Agent != nil {
			high = max(high, c.Agent.Offer)
		} else {
			high = max(high, c.Place.Offer)
		}
	}
	return high
}
