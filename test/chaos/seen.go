package chaos

import "time"

// Seen is what was seen of a run from outside. A caller and a leg are known by
// their places in these lists; a time that is zero did not happen.
type Seen struct {
	Callers []Caller
	Legs    []Leg
	Offers  []Offer
	Tickets []Ticket
}

// Caller is the log of a citizen's telephone.
type Caller struct {
	ID     string // the Call-ID
	Number string
	Asked  time.Time   // he pressed the key that leads to the queue, for the first time
	Queued time.Time   // he heard the queue's first words: he surely has a place
	Menus  []time.Time // he heard the menu begin
	Hung   time.Time   // he hung up
	Ended  time.Time
	// ByThem: the hotline's BYE, or its refusal, ended it.
	ByThem bool
	Err    string
	Heard  map[int]Span // the legs of agents whose voice he heard
}

// Leg is the log of an agent's telephone for one INVITE to it.
type Leg struct {
	ID       string // the Call-ID
	Agent    string
	Invited  time.Time
	Answered time.Time
	Declined bool
	Hung     time.Time // the agent hung up
	Ended    time.Time
	ByThem   bool         // CANCEL or BYE of the hotline ended it
	Heard    map[int]Span // the callers whose voice was heard
}

// Span is how long a voice was heard.
type Span struct {
	First, Last time.Time
	Pause       time.Duration // the longest time between two packets of it
}

// Offer is what the hotline itself tells walls: that it has chosen an agent for a
// call. It says for whom a telephone rang that nobody talked at.
type Offer struct {
	Agent, Call string
	ID          int64
	At          time.Time
	Until       time.Time // it was undone, or another offer came
}

// Ticket is a row of the SQL file.
type Ticket struct {
	Number, Call, Caller, Agent string
	Answered                    bool
	Joined                      time.Time
	How                         string // how it ended, for people
}

// over is when the caller was there no more; a time far off while he is.
func (c Caller) over() time.Time { return first(c.Hung, c.Ended) }

// over is when the agent's telephone was free again.
func (l Leg) over() time.Time { return first(l.Hung, l.Ended) }

// end says who ended it.
func (l Leg) end() string {
	switch {
	case l.Ended.IsZero():
		return "it lasts"
	case l.Declined:
		return "declined"
	case !l.Hung.IsZero():
		return "he hung up"
	case l.Answered.IsZero():
		return "it stopped ringing"
	}
	return "they hung up"
}

// first is the earliest of the times that happened.
func first(times ...time.Time) time.Time {
	var e time.Time
	for _, t := range times {
		if !t.IsZero() && (e.IsZero() || t.Before(e)) {
			e = t
		}
	}
	if e.IsZero() {
		return never
	}
	return e
}

// never is later than any run.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
