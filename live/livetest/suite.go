// Package livetest is the one suite that every keeper of the live state must
// pass, Redis and plain memory alike, and the Redis that tests run on.
package livetest

import (
	"context"
	"testing"

	"hotline"
	"hotline/live/fact"
	"hotline/live/lease"
	"hotline/routing"
)

// Store is all that the live state offers.
type Store interface {
	routing.Store
	lease.Book
	SaveCall(ctx context.Context, id hotline.CallID, record []byte) error
	DropCall(ctx context.Context, id hotline.CallID) error
	Calls(ctx context.Context) (map[hotline.CallID][]byte, error)
	Tell(ctx context.Context, kind string, fields ...string) error
	LastFact(ctx context.Context) (string, error)
	Follow(ctx context.Context, from string, do func(fact.Fact) error) error
	Keys(ctx context.Context) ([]string, error)
	Fence(t hotline.Token)
}

// Run plays every story, each on a new and empty store.
func Run(t *testing.T, newStore func(t *testing.T) Store) {
	stories := []struct {
		name string
		play func(*testing.T, Store)
	}{
		{"a caller joins once and leaves", joinOnce},
		{"callers join, move and are offered in one step", together},
		{"a place is rebuilt and the order goes on behind it", rebuild},
		{"an agent signs in, is offered a caller, talks and signs out", oneCall},
		{"a commit made from an old version is refused with the truth", refused},
		{"all changes are made or none", allOrNone},
		{"two dispatchers reserve the same caller and one gets him", race},
		{"an older token is fenced out", fenced},
		{"a controller that was woken writes nothing any more", woken},
		{"a commit that makes no sense is not sent", nonsense},
		{"records are kept as they are", records},
		{"a record is kept in the step that changes the board, or not at all", noted},
		{"a lease is held, given back and taken", leases},
		{"a lease is seized from the dead only", seized},
		{"a lease that was forgotten is written anew", forgotten},
		{"a newcomer gives a lease that has run out its holder's time", late},
		{"whoever stands by does not take what the book forgot before its holder can say so", emptied},
		{"whoever stands by does not take what ran out while the book was away", away},
		{"a keeper loses the lease to a newer holder", lost},
		{"the next keeper waits for the lease", waits},
		{"walls follow the facts and resume", facts},
		{"a wall that was away too long loads again", gap},
		{"nothing is left when all calls have ended", nothingLeft},
	}
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) { s.play(t, newStore(t)) })
	}
}

// must fails the test at once when err is not nil.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// kind fails the test when err is of another kind.
func kind(t *testing.T, err error, want hotline.Kind) {
	t.Helper()
	if hotline.KindOf(err) != want {
		t.Fatalf("the error is %v (%s), want kind %s", err, hotline.KindOf(err), want)
	}
}

// join gives a caller a place.
func join(t *testing.T, s Store, token hotline.Token, p hotline.Place) hotline.Place {
	t.Helper()
	return commit(t, s, token, routing.Change{Place: &p}).Places[0]
}

// leave takes the caller's place away.
func leave(t *testing.T, s Store, token hotline.Token, call hotline.CallID) {
	t.Helper()
	for _, p := range load(t, s).Places {
		if p.Call == call {
			commit(t, s, token, routing.Change{Place: &p, Gone: true})
			return
		}
	}
	t.Fatalf("%s has no place", call)
}

// commit makes changes that must not be refused.
func commit(t *testing.T, s Store, token hotline.Token, changes ...routing.Change) routing.Truth {
	t.Helper()
	truth, err := s.Commit(t.Context(), token, changes)
	must(t, err)
	if truth.Refused {
		t.Fatalf("refused: %+v", truth)
	}
	return truth
}

func load(t *testing.T, s Store) routing.Snapshot {
	t.Helper()
	snap, err := s.Load(t.Context())
	must(t, err)
	return snap
}

// signIn puts a free agent on the board.
func signIn(t *testing.T, s Store, token hotline.Token, id hotline.AgentID, skills ...hotline.Skill) routing.Agent {
	t.Helper()
	a := routing.Agent{ID: id, Phone: "8001", Skills: skills, State: routing.Free}
	return commit(t, s, token, routing.Change{Agent: &a, Since: true}).Agents[0]
}
