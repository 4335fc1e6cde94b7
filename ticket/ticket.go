package ticket

import (
	"time"

	"hotline"
)

// Source says through which door a matter came.
type Source string

// The doors. The telephone is the only one yet.
const SourceTelephone Source = "telephone"

// State is where a ticket stands (domain.md §5).
type State string

// The states a finished call can leave its ticket in; the workflow adds more.
const (
	Draft    State = "draft"    // somebody has to write down, or listen to, what was asked
	Answered State = "answered" // settled on the line, nothing is left to do
	Archived State = "archived" // a record only: the citizen gave us nothing to work on
)

// Ticket is a matter as far as a call alone tells it. Times are UTC; a zero
// time means that it did not happen.
type Ticket struct {
	Number    hotline.TicketNo   `json:"number"`
	QueryCode string             `json:"query_code,omitempty"` // six digits
	Source    Source             `json:"source"`
	State     State              `json:"state"`
	Hotline   hotline.HotlineKey `json:"hotline,omitempty"`
	Keyed     hotline.Keyed      `json:"keyed,omitempty"` // how the hotline is known
	Agent     hotline.AgentID    `json:"agent,omitempty"`
	Caller    hotline.Phone      `json:"caller"`
	Created   time.Time          `json:"created"` // when the call arrived

	Call      hotline.CallID   `json:"call,omitempty"`
	Dialled   string           `json:"dialled,omitempty"`
	Flow      string           `json:"flow,omitempty"`
	Queue     hotline.QueueKey `json:"queue,omitempty"`
	Phone     hotline.PhoneID  `json:"phone,omitempty"`
	Chosen    time.Time        `json:"chosen,omitzero"`
	Rang      time.Time        `json:"rang,omitzero"`
	Joined    time.Time        `json:"joined,omitzero"`
	TalkEnded time.Time        `json:"talk_ended,omitzero"`
	Ended     time.Time        `json:"ended,omitzero"`
	End       hotline.End      `json:"end,omitempty"`
	EndedBy   hotline.Side     `json:"ended_by,omitempty"`
	Path      []hotline.Visit  `json:"path,omitempty"`
	Offers    int              `json:"offers,omitempty"`
	Recording string           `json:"recording,omitempty"` // file name below the recordings folder
	Gaps      []hotline.Gap    `json:"gaps,omitempty"`      // what the agent left out of the recording
	Message   string           `json:"message,omitempty"`   // file name of a message left
	Note      string           `json:"note,omitempty"`
}

// FromOutcome makes the ticket of a finished call. Every call gets one,
// however it ended; StateOf says in which state.
func FromOutcome(o hotline.Outcome) Ticket {
	return Ticket{
		Number: o.Ticket, QueryCode: o.QueryCode, Source: SourceTelephone, State: StateOf(o),
		Hotline: o.Hotline, Keyed: o.Keyed, Agent: o.Agent, Caller: o.Caller, Created: o.Arrived,
		Call: o.Call, Dialled: o.Dialled, Flow: o.Flow, Queue: o.Queue, Phone: o.Phone,
		Chosen: o.Chosen, Rang: o.Rang, Joined: o.Joined, TalkEnded: o.TalkEnded,
		Ended: o.Ended, End: o.End, EndedBy: o.EndedBy, Path: o.Path, Offers: o.Offers,
		Recording: o.Recording, Gaps: o.Gaps, Message: o.Message, Note: o.Note,
	}
}

// StateOf gives the state in which a finished call leaves its ticket.
//
//	a person talked with the citizen, however the line ended → draft:
//	    the matter is known to the agent only, whose text makes it accepted
//	a message was left, even a cut-off one                   → draft:
//	    somebody has to listen to it
//	the machine told what was asked (progress)               → answered
//	abandoned, lost, refused or unfinished without a talk    → archived:
//	    a record that counts in the reports, with nothing to work on
func StateOf(o hotline.Outcome) State {
	switch {
	case !o.Joined.IsZero(), o.Message != "":
		return Draft
	case o.End == hotline.EndAnswered, o.End == hotline.EndMessage:
		return Draft
	case o.End == hotline.EndSelfService:
		return Answered
	}
	return Archived
}
