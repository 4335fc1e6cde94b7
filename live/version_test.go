package live_test

import (
	"context"
	"errors"
	"testing"

	"hotline"
	"hotline/live/fact"
	"hotline/live/livetest"
)

// Given facts of a newer version, when a wall of this one follows, then it reads
// those that only have more in them, and loads the board again where it cannot.
func TestFactsOfANewerVersion(t *testing.T) {
	r := livetest.StartRedis(t)
	s := open(t, r, "hl")
	if _, err := join(t.Context(), s, 1, hotline.Place{Call: "c1", Queue: "water"}); err != nil {
		t.Fatal(err)
	}
	r.Do(t, `XADD {hl}:facts * v 2 kind leave at 5 board "p1 0 1 2 {\"call\":\"c1\",\"mood\":\"good\"}" weather fine`)
	r.Do(t, `XADD {hl}:facts * v 2 kind leave at 6 board "?what"`)
	var seen []fact.Fact
	follow := func(from string) error {
		return s.Follow(t.Context(), from, func(f fact.Fact) error { seen = append(seen, f); return nil })
	}
	err := follow(fact.Start)
	if hotline.KindOf(err) != hotline.Conflict {
		t.Fatalf("following ended with %v", err)
	}
	last, err := s.LastFact(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Tell(t.Context(), "rang"); err != nil {
		t.Fatal(err)
	}
	done := errors.New("seen")
	err = s.Follow(t.Context(), last, func(f fact.Fact) error { seen = append(seen, f); return done })
	if !errors.Is(err, done) && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if n := len(seen); n != 3 || seen[1].Kind != "leave" || len(seen[1].Left) != 1 || seen[1].Left[0].Call != "c1" || seen[2].Kind != "rang" {
		t.Fatalf("seen: %+v", seen)
	}
}
