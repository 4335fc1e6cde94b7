package house

import (
	"fmt"
	"slices"

	"hotline"
	"hotline/routing"
	"hotline/store"
	"hotline/ticket"
)

func (h *house) tickets() []ticket.Ticket {
	ts, err := h.books.ListTickets(h.Context(), store.Filter{Limit: 1000})
	h.must(err)
	return ts
}

// ticket waits for the one ticket of the citizen who calls from this number.
func (h *house) ticket(number string) ticket.Ticket {
	h.Helper()
	var ts []ticket.Ticket
	h.until("the ticket of "+number+" is written", func() bool {
		ts = slices.DeleteFunc(h.tickets(), func(t ticket.Ticket) bool { return t.Caller.Number != number })
		return len(ts) > 0
	})
	if len(ts) != 1 {
		h.Errorf("%s has %d tickets; one is right", number, len(ts))
	}
	return ts[0]
}

// agent is what the board says of him.
func (h *house) agent(id hotline.AgentID) routing.Agent {
	for _, a := range h.board().Agents {
		if a.ID == id {
			return a
		}
	}
	return routing.Agent{ID: id, State: routing.Offline}
}

func (h *house) board() routing.Snapshot {
	h.Helper()
	s, err := h.live.Load(h.Context())
	h.must(err)
	return s
}

// waiting waits until n callers have places.
func (h *house) waiting(n int) []hotline.Place {
	h.Helper()
	var places []hotline.Place
	h.until(fmt.Sprint(n, " wait"), func() bool { places = h.board().Places; return len(places) == n })
	return places
}

// state waits until the agent is in this state, for this reason.
func (h *house) state(id hotline.AgentID, s routing.State, reason hotline.Reason) {
	h.Helper()
	h.until(fmt.Sprintf("%s is %s %s", id, s, reason), func() bool { a := h.agent(id); return a.State == s && a.Reason == reason })
}

// session is the agent's open session in SQL; false: he has none.
func (h *house) session(id hotline.AgentID) (store.Session, bool) {
	all, err := h.books.OpenSessions(h.Context())
	h.must(err)
	for _, s := range all {
		if s.Agent == id {
			return s, true
		}
	}
	return store.Session{}, false
}

// booked waits until SQL has the agent at this phone with this pause.
func (h *house) booked(id hotline.AgentID, at hotline.PhoneID, pause hotline.Reason) {
	h.Helper()
	h.until(fmt.Sprintf("SQL has %s at %s, pause %q", id, at, pause), func() bool {
		s, ok := h.session(id)
		return ok == (at != "") && s.Phone == at && s.Pause == pause
	})
}
