package web

import (
	"context"
	"time"

	"hotline"
	"hotline/routing"
	"hotline/ticket"
)

// Board shows who waits and what each agent does.
type Board interface {
	// View reads the board; Unavailable when the routing has stopped.
	View(ctx context.Context) (routing.View, error)
}

// Desk does what an agent, or a supervisor for him, asks. The errors say why
// it is not possible now: NotFound (not signed in), Conflict (in a call).
type Desk interface {
	SignIn(ctx context.Context, id hotline.AgentID, phone hotline.PhoneID, skills []hotline.Skill) error
	SignOut(ctx context.Context, id hotline.AgentID) error
	Pause(ctx context.Context, id hotline.AgentID, reason hotline.Reason) error
	Ready(ctx context.Context, id hotline.AgentID) error
	// Record pauses the recording of his talk (on false) or has it go on; it is so
	// when Record returns. Conflict: he does not talk, or the talk is not recorded.
	Record(ctx context.Context, id hotline.AgentID, on bool) error
}

// People keeps the agents.
type People interface {
	// Agents gives everybody, by staff number.
	Agents(ctx context.Context) ([]Agent, error)
	// AddAgent adds a person or changes the one who is there; his PIN stays.
	AddAgent(ctx context.Context, a Agent) error
	SetPIN(ctx context.Context, id hotline.AgentID, pin string) error
	// CheckPIN gives the agent when the PIN is his and he is enabled, else
	// Forbidden; Unavailable for a while after too many wrong ones.
	CheckPIN(ctx context.Context, id hotline.AgentID, pin string) (Agent, error)
}

// Phones keeps the accounts of telephones and tells Asterisk of them.
type Phones interface {
	Phones(ctx context.Context) ([]Phone, error)
	// AddPhone adds an account or gives the one that is there a new password.
	AddPhone(ctx context.Context, id hotline.PhoneID, display, password string) error
	RemovePhone(ctx context.Context, id hotline.PhoneID) error
}

// Users keeps who may use the API, and their tokens.
type Users interface {
	// UserByToken gives the user whose token it is; Forbidden when it is not in
	// force.
	UserByToken(ctx context.Context, token string) (User, error)
	Users(ctx context.Context) ([]User, error)
	AddUser(ctx context.Context, u User) error
	NewToken(ctx context.Context, user string) (string, error)
	RevokeTokens(ctx context.Context, user string) (int, error)
}

// Books are the tickets.
type Books interface {
	// ListTickets gives tickets, the newest call first, at most 1,000.
	ListTickets(ctx context.Context, f Filter) ([]ticket.Ticket, error)
	Ticket(ctx context.Context, no hotline.TicketNo) (ticket.Ticket, error)
}

// Facts is the stream of what happens to calls and agents.
type Facts interface {
	// Follow tells every fact after from ("0-0": all that is kept) and each new
	// one until ctx ends. Conflict: facts after from are no longer kept.
	Follow(ctx context.Context, from string, do func(Fact) error) error
	// LastFact gives the id of the newest fact.
	LastFact(ctx context.Context) (string, error)
}

// City is what the city wrote. Its methods answer from memory.
type City interface {
	Hotlines() []Hotline
	Queues() []Queue
	Flows(now time.Time) []Flow
	// Reload reads everything anew. On any fault nothing changes and the error
	// is Invalid; joined errors (errors.Join) are shown one by one.
	Reload(ctx context.Context) error
}

// Meter counts what this package does; package metrics implements it.
type Meter interface {
	// Served is called after each request, with its operation's name.
	Served(operation string, status int, took time.Duration)
	// CutOff is called when a watcher of the live events was too slow.
	CutOff()
}

// Agent is a person who takes calls.
type Agent struct {
	ID      hotline.AgentID
	Name    string
	Skills  []hotline.Skill
	Enabled bool
}

// Phone is a telephone's account.
type Phone struct {
	ID      hotline.PhoneID
	Display string
	State   string // "online", "offline", or "" when nobody knows
}

// User is somebody who uses the API or the page.
type User struct {
	Name    string
	Role    string // one of Roles
	Enabled bool
}

// Filter says which tickets are wanted; an empty field leaves it open.
type Filter struct {
	Limit   int
	Before  hotline.TicketNo // only tickets older than this one
	Hotline hotline.HotlineKey
	End     hotline.End
	Agent   hotline.AgentID
	Call    hotline.CallID
}

// Fact is one thing that happened, as package live tells it (live/fact.Fact
// converts to it).
type Fact struct {
	ID   string
	At   hotline.Millis
	Kind string

	Fields map[string]string

	Agents    []routing.Agent
	SignedOut []routing.Agent
	Places    []hotline.Place
	Left      []hotline.Place
}

// Call is a call that is played now.
type Call struct {
	ID      hotline.CallID
	Ticket  hotline.TicketNo
	Caller  hotline.Phone
	Arrived time.Time
	Flow    string
	Step    string
	Hotline hotline.HotlineKey
	Queue   hotline.QueueKey
	Agent   hotline.AgentID
}

// Part is a part the service needs, for /readyz.
type Part struct {
	Name string // one word, for example "redis"
	// Spare: calls are served without it; then readyz says degraded, not unready.
	Spare bool
	// Check returns nil when the part works, and else one sentence. It obeys
	// ctx, which gives it a second.
	Check func(ctx context.Context) error
}
