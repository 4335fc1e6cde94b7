// Package fact holds what is told about calls and agents while it happens, for
// walls and desks. The board's own changes are told by the step that makes
// them, so a follower who has loaded the board and follows from the id he read
// before loading misses nothing.
package fact

import (
	"hotline"
	"hotline/routing"
)

// Commit is the kind that the board tells by itself: agents and places changed
// together (Agents, Places, SignedOut, Left). Every other kind is told by a caller of
// Tell, who chooses its name.
const Commit = "commit"

// Version is the form in which facts are written; each says its own. A newer one
// adds to it in one release, and takes away in the next at the earliest.
const Version = 1

// Start is the id before every fact: following from it tells all that is kept.
const Start = "0-0"

// Fact is one thing that happened.
type Fact struct {
	ID   string         // its place in the stream; follow from it to go on after it
	At   hotline.Millis // when, on the board's clock
	Kind string

	Fields map[string]string // what was told, for kinds that are not the board's

	Agents    []routing.Agent // as they are now
	SignedOut []routing.Agent // as they were when they signed out
	Places    []hotline.Place // as they are now
	Left      []hotline.Place // as they were when the caller left the queue, or was joined with an agent
}
