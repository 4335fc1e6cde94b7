package web

import (
	"net/http"
	"slices"
)

// Role is what a user of the API is.
type Role string

// The roles. Agents are not users: they prove themselves by their PIN.
const (
	Viewer        Role = "viewer"        // sees queues, states and figures; no names, no callers' numbers
	Supervisor    Role = "supervisor"    // the shift: also sees callers, and acts for agents
	Administrator Role = "administrator" // also people, phones, users and settings
)

// Roles lists every role.
func Roles() []Role { return []Role{Viewer, Supervisor, Administrator} }

// operation is one line of the API's table of contents: what it is called,
// where it is, who may do it and what it does.
type operation struct {
	id, method, path string
	roles            string // v, s, a: viewer, supervisor, administrator; "*" anybody; "+p" also an agent with his PIN
	tag, summary     string
}

// operations is the whole API. Two lines without a path are rights that cut
// across: what may be seen.
var operations = []operation{
	{"see-callers", "", "", "sa", "", "see callers' numbers, the keys they pressed, query codes and recordings' names"},
	{"see-names", "", "", "sa", "", "see agents' names beside their staff numbers"},

	{"sign-in", http.MethodPost, "/session", "*", "session", "Begin a browser's session with a token; sets a cookie that scripts cannot read"},
	{"sign-off", http.MethodDelete, "/session", "*", "session", "End the browser's session"},
	{"me", http.MethodGet, "/me", "vsa", "session", "Who I am and what I may do"},

	{"board", http.MethodGet, "/board", "vsa", "live", "Queues with who waits how long, agents with what they do"},
	{"live", http.MethodGet, "/live", "vsa", "live", "Follow the board and the facts as server-sent events"},
	{"calls", http.MethodGet, "/calls", "vsa", "live", "Calls that are played now"},
	{"today", http.MethodGet, "/today", "vsa", "live", "Today's counts and both answer rates"},

	{"list-tickets", http.MethodGet, "/tickets", "vsa", "tickets", "Tickets, the newest call first"},
	{"ticket", http.MethodGet, "/tickets/{no}", "vsa", "tickets", "One ticket with the call's path"},

	{"hotlines", http.MethodGet, "/hotlines", "vsa", "city", "The former hotlines a call can be keyed to"},
	{"flows", http.MethodGet, "/flows", "vsa", "city", "The scripts of calls, and which is played now"},
	{"reload", http.MethodPost, "/reload", "a", "city", "Read all settings anew; refused as a whole on any fault"},

	{"list-agents", http.MethodGet, "/agents", "vsa", "agents", "Everybody who takes calls, with what he does now"},
	{"put-agent", http.MethodPut, "/agents/{id}", "a", "agents", "Add a person or change him"},
	{"set-pin", http.MethodPut, "/agents/{id}/pin", "a", "agents", "Set the PIN an agent signs in with"},
	{"agent-sign-in", http.MethodPost, "/agents/{id}/sign-in", "sa+p", "agents", "Sign an agent in at a phone"},
	{"agent-sign-out", http.MethodPost, "/agents/{id}/sign-out", "sa+p", "agents", "Sign an agent out; after his call when he is in one"},
	{"agent-pause", http.MethodPost, "/agents/{id}/pause", "sa+p", "agents", "Take an agent out of routing, with a reason"},
	{"agent-recording-pause", http.MethodPost, "/agents/{id}/recording/pause", "sa+p", "agents", "Leave what is said from now on out of the recording of the agent's talk, such as the number of a bank card; when the answer comes it is so"},
	{"agent-recording-resume", http.MethodPost, "/agents/{id}/recording/resume", "sa+p", "agents", "Record the agent's talk again; the ticket tells the gap"},
	{"agent-ready", http.MethodPost, "/agents/{id}/ready", "sa+p", "agents", "End an agent's pause or wrap-up"},

	{"list-phones", http.MethodGet, "/phones", "vsa", "phones", "The accounts of telephones"},
	{"add-phone", http.MethodPost, "/phones", "a", "phones", "Make a phone's account, or a new password for it; the password is shown this once"},
	{"remove-phone", http.MethodDelete, "/phones/{id}", "a", "phones", "Remove a phone's account"},

	{"list-users", http.MethodGet, "/users", "a", "users", "Who may use the API"},
	{"put-user", http.MethodPut, "/users/{name}", "a", "users", "Add a user or change him"},
	{"new-token", http.MethodPost, "/users/{name}/tokens", "a", "users", "Make a token; it is shown this once"},
	{"revoke-tokens", http.MethodDelete, "/users/{name}/tokens", "a", "users", "End all tokens of a user"},
}

// find gives the operation called id.
func find(id string) operation {
	i := slices.IndexFunc(operations, func(o operation) bool { return o.id == id })
	if i < 0 {
		panic("web: no operation " + id)
	}
	return operations[i]
}

// Can tells whether the role may do the operation (or has the right) called id.
func (r Role) Can(id string) bool {
	o := find(id)
	if o.roles == "*" {
		return true
	}
	letter := map[Role]byte{Viewer: 'v', Supervisor: 's', Administrator: 'a'}[r]
	for _, l := range []byte(o.roles) {
		if l == '+' {
			break
		}
		if l == letter {
			return true
		}
	}
	return false
}

// open tells whether the operation begins without a token: anybody may, or an
// agent with his PIN.
func (o operation) open() bool { return o.roles == "*" || o.pin() }

func (o operation) pin() bool { return len(o.roles) > 2 && o.roles[len(o.roles)-2:] == "+p" }

// Operations names what the role may do, in the table's order.
func (r Role) Operations() []string {
	var ids []string
	for _, o := range operations {
		if r.Can(o.id) {
			ids = append(ids, o.id)
		}
	}
	return ids
}
