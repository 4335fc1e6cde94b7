// Package hotline holds the words that cross the borders of the house: names
// of calls, agents, phones and tickets as types, the moments of the board's
// clock, and the few structs that travel between the script of a call, the
// routing, the telephone exchange and the books.
//
// It imports the standard library only and knows no technology.
package hotline

import (
	"strings"
	"time"
)

// CallID names one call from its first ring to its ticket. It is the unique id
// of the caller's channel in Asterisk (systemname-epoch.n), so pairing a call
// with its channel after a restart needs no look-up, and it is the call's
// unique key in SQL, so a call can never be written twice.
type CallID string

// AgentID is an agent's staff number (工号), for example "1001"; or it stands for
// a telephone on duty, see DutyAgent.
type AgentID string

const duty = "duty."

// DutyAgent is the agent who answers a telephone on duty (setting duty.phones) when
// nobody signed in there: the number of the telephone stands for him.
func DutyAgent(p PhoneID) AgentID { return AgentID(duty + string(p)) }

// OnDuty tells whether a stands for a telephone on duty.
func (a AgentID) OnDuty() bool { return strings.HasPrefix(string(a), duty) }

// PhoneID names a telephone an agent can sign in at: the name of its SIP
// account, for example "8001".
type PhoneID string

// TicketNo is a ticket's number: CZ, the day as yyyymmdd, five digits and a
// check digit.
type TicketNo string

// HotlineKey names one of the former hotlines (configs/hotlines.yaml), for
// example "zilaishui". Empty means: not known.
type HotlineKey string

// QueueKey names a queue of waiting callers (one for each group of hotlines).
type QueueKey string

// Skill is something an agent can do and a caller can need: the matters of a
// queue, a language, patience with the elderly. Yes or no, no levels yet.
type Skill string

// OfferID numbers the offers of one board; it never goes back and travels to
// the agent's channel in a variable, so that events of another offer can be
// told apart.
type OfferID int64

// Token is a fencing token: who holds a lease with a higher token is newer.
type Token int64

// Millis is a moment on the board's clock: milliseconds since 1970, read from
// Redis TIME. No other clock enters the board.
type Millis int64

// MillisOf gives the moment t in milliseconds.
func MillisOf(t time.Time) Millis { return Millis(t.UnixMilli()) }

// Time gives the moment as a time in UTC; the zero moment gives the zero time.
func (m Millis) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

// Add gives the moment d later.
func (m Millis) Add(d time.Duration) Millis { return m + Millis(d.Milliseconds()) }

// Reason says in one word why routing did what it did.
type Reason string

// Place is where a caller stands in a queue.
type Place struct {
	Call     CallID   `json:"call"`
	Queue    QueueKey `json:"queue"`
	Needs    []Skill  `json:"needs,omitempty"`    // every one must be among the agent's skills
	Priority int      `json:"priority,omitempty"` // higher overtakes, but ages: see routing
	Seq      int64    `json:"seq"`                // the order, given by the board when the caller joined
	Since    Millis   `json:"since"`              // when the caller joined
	Offer    OfferID  `json:"offer,omitempty"`    // the offer that holds this caller; 0 while he only waits
	Version  int64    `json:"version"`            // grows with every change
	// Answered is the offer of the agent who has the caller already, when he is taken up;
	// told to who joins, not kept.
	Answered Offer `json:"-"`
}

// Wish is what a caller joins a queue with.
type Wish struct {
	Call     CallID
	Queue    QueueKey
	Needs    []Skill
	Priority int
	// Seq and Since are set when the caller had a place before (the board was
	// lost, or a talk failed to begin); zero, and the board gives new ones.
	Seq   int64
	Since Millis
}

// Offer is one caller offered to one agent at one telephone.
type Offer struct {
	ID     OfferID  `json:"id"`
	Call   CallID   `json:"call"`
	Queue  QueueKey `json:"queue"`
	Agent  AgentID  `json:"agent"`
	Phone  PhoneID  `json:"phone"`
	Reason Reason   `json:"reason"`       // why this agent and this caller
	At     Millis   `json:"at,omitempty"` // when it was reserved
}

// Keyed says how a call came to be keyed to a former hotline, strongest first.
type Keyed string

// How a call can be keyed (domain.md §4).
const (
	KeyedOldNumber Keyed = "old_number" // the old number it came through
	KeyedKey       Keyed = "key"        // the key the caller pressed
	KeyedAgent     Keyed = "agent"      // the agent chose
	KeyedNone      Keyed = ""           // not keyed
)

// End says how a call ended; one for every ticket.
type End string

// The ways a call can end. Every call leaves a ticket record, whichever it is.
const (
	EndAnswered           End = "answered"           // a person answered and the talk is over
	EndAbandonedGreeting  End = "abandoned_greeting" // the caller hung up before the menu
	EndAbandonedMenu      End = "abandoned_menu"     // … in the menu
	EndAbandonedQueue     End = "abandoned_queue"    // … while waiting
	EndAbandonedRinging   End = "abandoned_ringing"  // … while an agent's phone rang
	EndMessage            End = "message"            // a message was left
	EndSelfService        End = "self_service"       // answered by the machine, e.g. progress told
	EndLost               End = "lost"               // the line was lost (Asterisk died, network)
	EndRefused            End = "refused"            // could not be taken (overload, no codec)
	EndAbandonedMessage   End = "abandoned_message"  // … while being asked for a message
	EndAbandonedFarewell  End = "abandoned_farewell" // … during the last words, without a talk before
	EndUnfinishedByServer End = "unfinished"         // we hung up without a person: no agent, no duty phone
)

// Side names who ended something.
type Side string

// Who can end a call or a talk.
const (
	SideCaller Side = "caller"
	SideAgent  Side = "agent"
	SideSystem Side = "system"
)

// Visit is one step of a call's path, as the ticket tells it.
type Visit struct {
	Step string    `json:"step"`
	At   time.Time `json:"at"`
	Keys string    `json:"keys,omitempty"` // what the caller pressed there
}

// Gap is a part of a talk that the agent left out of its recording: both sides
// are silent there.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"` // zero while it lasts
}

// Outcome is a finished call: what the journal keeps and SQL is written from.
// Times are UTC; a zero time means that it did not happen.
type Outcome struct {
	Call      CallID     `json:"call"`
	Ticket    TicketNo   `json:"ticket"`
	QueryCode string     `json:"query_code"` // six digits the caller can ask with
	Hotline   HotlineKey `json:"hotline,omitempty"`
	Keyed     Keyed      `json:"keyed,omitempty"`
	Caller    Phone      `json:"caller"`
	Dialled   string     `json:"dialled"`
	Flow      string     `json:"flow"`
	Queue     QueueKey   `json:"queue,omitempty"`
	Agent     AgentID    `json:"agent,omitempty"`
	Phone     PhoneID    `json:"phone,omitempty"`
	Arrived   time.Time  `json:"arrived"`         // INVITE reached us
	Chosen    time.Time  `json:"chosen,omitzero"` // the caller's choice ended: the service level counts from here
	Rang      time.Time  `json:"rang,omitzero"`   // the agent's phone first rang
	Joined    time.Time  `json:"joined,omitzero"` // the caller talks with a person
	TalkEnded time.Time  `json:"talk_ended,omitzero"`
	Ended     time.Time  `json:"ended"`
	End       End        `json:"end"`
	EndedBy   Side       `json:"ended_by"`
	Path      []Visit    `json:"path"`
	Offers    int        `json:"offers,omitempty"`    // how many phones were rung for this call
	Recording string     `json:"recording,omitempty"` // file name below the recordings folder
	Gaps      []Gap      `json:"gaps,omitempty"`      // what the agent left out of the recording
	Message   string     `json:"message,omitempty"`   // file name of a message left
	Note      string     `json:"note,omitempty"`      // what the books should know, e.g. why it was not recorded
}
