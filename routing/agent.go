// Package routing decides who answers whom. It knows agents, places in queues
// and offers; of telephones it knows only their names, of Redis nothing.
package routing

import (
	"slices"

	"hotline"
)

// State is what an agent is doing.
type State string

// The states of an agent. An agent who is not on the board is offline.
const (
	Offline State = "offline" // not signed in at any phone
	Free    State = "free"    // can be offered a caller
	Offered State = "offered" // his phone rings, or is about to
	Talking State = "talking" // joined with a caller
	WrapUp  State = "wrap-up" // writing the ticket after the talk
	Paused  State = "paused"  // signed in, takes no callers, with a reason
)

// Agent is one signed-in agent as the board knows him.
type Agent struct {
	ID       hotline.AgentID `json:"id"`
	Phone    hotline.PhoneID `json:"phone"`
	Skills   []hotline.Skill `json:"skills"`
	State    State           `json:"state"`
	Reason   hotline.Reason  `json:"reason,omitempty"`   // why paused
	Then     hotline.Reason  `json:"then,omitempty"`     // pause with this reason after the talk
	Call     hotline.CallID  `json:"call,omitempty"`     // offered or talking: with whom
	Offer    hotline.OfferID `json:"offer,omitempty"`    // offered or talking: by which offer
	Misses   int             `json:"misses,omitempty"`   // offers not answered in a row
	Since    hotline.Millis  `json:"since"`              // in this state since
	Deadline hotline.Millis  `json:"deadline,omitempty"` // when the state ends by itself; 0 never
	Version  int64           `json:"version"`            // grows with every change
}

// Verb is what can happen to an agent.
type Verb string

// The verbs.
const (
	SignIn    Verb = "sign-in"    // at a phone: free
	SignOut   Verb = "sign-out"   // offline
	Reserve   Verb = "reserve"    // an offer holds him
	Join      Verb = "join"       // he answered and talks with the caller
	Release   Verb = "release"    // the offer ended through no fault of his (the caller left)
	Decline   Verb = "decline"    // he refused the offer
	NoAnswer  Verb = "no-answer"  // he did not answer in time
	HangUp    Verb = "hang-up"    // the talk is over and his phone is on the hook
	Ready     Verb = "ready"      // wrap-up or pause is over
	Pause     Verb = "pause"      // with a reason
	LosePhone Verb = "lose-phone" // his phone unregistered or is gone
	Recovered Verb = "recover"    // the board had lost him
)

// table says which verb leads from which state to which. What is not in it
// cannot happen; screens ask it which buttons to show.
var table = map[State]map[Verb]State{
	Offline: {SignIn: Free, Recovered: Paused},
	Free:    {SignIn: Free, SignOut: Offline, Reserve: Offered, Pause: Paused, LosePhone: Paused},
	Offered: {SignOut: Offline, Join: Talking, Release: Free, Decline: Paused, NoAnswer: Paused, Pause: Offered, LosePhone: Paused},
	Talking: {SignOut: Talking, HangUp: WrapUp, Pause: Talking, Ready: Talking},
	WrapUp:  {SignIn: Free, SignOut: Offline, Ready: Free, Pause: Paused, LosePhone: Paused},
	Paused:  {SignIn: Free, SignOut: Offline, Ready: Free, Pause: Paused, LosePhone: Paused},
}

// Next gives the state that verb leads to from s, and whether it can happen.
func (s State) Next(v Verb) (State, bool) {
	to, ok := table[s][v]
	return to, ok
}

// Verbs lists what can happen in state s, in a fixed order.
func (s State) Verbs() []Verb {
	var vs []Verb
	for v := range table[s] {
		vs = append(vs, v)
	}
	slices.Sort(vs)
	return vs
}

// Found tells of an agent whom the board had lost, and of whom his leg was found: what
// he can do is known when he is recovered.
func (a Agent) Found() bool {
	return len(a.Skills) == 0 && (a.Then == PauseRecovered || a.State == Paused && a.Reason == PauseRecovered)
}

// Can tells whether the agent has every skill that is needed.
func (a Agent) Can(needs []hotline.Skill) bool {
	for _, n := range needs {
		if !slices.Contains(a.Skills, n) {
			return false
		}
	}
	return true
}
