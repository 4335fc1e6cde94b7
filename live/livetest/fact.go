package livetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"hotline"
	"hotline/live/fact"
	"hotline/routing"
)

var errEnough = errors.New("enough")

// follow gives the next n facts after from.
func follow(t *testing.T, s Store, from string, n int) []fact.Fact {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var got []fact.Fact
	err := s.Follow(ctx, from, func(f fact.Fact) error {
		if got = append(got, f); len(got) == n {
			return errEnough
		}
		return nil
	})
	if err != errEnough {
		t.Fatalf("%d of %d facts came: %+v, %v", len(got), n, got, err)
	}
	return got
}

func facts(t *testing.T, s Store) {
	ctx := t.Context()
	if id, err := s.LastFact(ctx); err != nil || id != fact.Start {
		t.Fatalf("the last fact of an empty stream is %q, %v", id, err)
	}
	a := signIn(t, s, 1, "1001", "water")
	p := join(t, s, 1, hotline.Place{Call: "c1", Queue: "water"})
	half, err := s.LastFact(ctx)
	must(t, err)
	leave(t, s, 1, "c1")
	commit(t, s, 1, routing.Change{Note: &routing.Note{Call: "c1", Record: []byte("x")}}) // nothing for walls, so nothing is told
	must(t, s.Tell(ctx, "arrived", "call", "c2", "kind", "old number", "line", "a\nb"))
	commit(t, s, 1, routing.Change{Agent: &a, Gone: true})

	all := follow(t, s, fact.Start, 5)
	for i, want := range []string{fact.Commit, fact.Commit, fact.Commit, "arrived", fact.Commit} {
		if all[i].Kind != want || all[i].At == 0 || i > 0 && all[i].At < all[i-1].At {
			t.Fatalf("fact %d is %+v, want kind %s", i, all[i], want)
		}
	}
	if got := all[0].Agents; len(got) != 1 || got[0].ID != "1001" || got[0].Version != 1 || got[0].Since != a.Since {
		t.Fatalf("signed in: %+v", all[0])
	}
	if all[1].Places[0].Seq != p.Seq || all[2].Left[0].Queue != "water" || all[4].SignedOut[0].ID != "1001" {
		t.Fatalf("the facts are %+v", all)
	}
	if f := all[3].Fields; f["call"] != "c2" || f["kind"] != "old number" || f["line"] != "a\nb" {
		t.Fatalf("told: %q", f)
	}
	if rest := follow(t, s, half, 3); rest[0].ID != all[2].ID || rest[2].ID != all[4].ID {
		t.Fatalf("resumed with %+v", rest)
	}
	live(t, s, all[4].ID)
}

// live waits for a fact that comes while a wall follows, then stops it.
func live(t *testing.T, s Store, from string) {
	t.Helper()
	ctx, stop := context.WithCancelCause(t.Context())
	came, ended := make(chan fact.Fact, 1), make(chan error, 1)
	go func() {
		ended <- s.Follow(ctx, from, func(f fact.Fact) error { came <- f; return nil })
	}()
	time.Sleep(50 * time.Millisecond)
	told := time.Now()
	must(t, s.Tell(t.Context(), "rang", "call", "c3"))
	select {
	case f := <-came:
		if f.Kind != "rang" || time.Since(told) > 100*time.Millisecond {
			t.Fatalf("after %v came %+v", time.Since(told), f)
		}
	case <-time.After(3 * time.Second):
		t.Fatal("the fact never came")
	}
	stop(errEnough)
	if err := <-ended; err != errEnough {
		t.Fatalf("following ended with %v", err)
	}
}

func gap(t *testing.T, s Store) {
	err := s.Follow(t.Context(), "1-0", func(fact.Fact) error { return nil })
	kind(t, err, hotline.Conflict)
	must(t, s.Tell(t.Context(), "rang"))
	err = s.Follow(t.Context(), "1-0", func(fact.Fact) error { return nil })
	kind(t, err, hotline.Conflict)
}
