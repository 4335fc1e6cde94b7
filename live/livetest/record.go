package livetest

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"hotline"
	"hotline/live/lease"
	"hotline/routing"
)

func records(t *testing.T, s Store) {
	ctx := t.Context()
	record := []byte("{\"at\":\"menu\"}\x00\xff\n 水")
	must(t, s.SaveCall(ctx, "c1", []byte("first")))
	must(t, s.SaveCall(ctx, "c1", record))
	must(t, s.SaveCall(ctx, "c2", nil))
	calls, err := s.Calls(ctx)
	must(t, err)
	if len(calls) != 2 || !bytes.Equal(calls["c1"], record) || len(calls["c2"]) != 0 {
		t.Fatalf("the records are %q", calls)
	}
	must(t, s.DropCall(ctx, "c1"))
	must(t, s.DropCall(ctx, "c1"))
	if calls, err = s.Calls(ctx); err != nil || len(calls) != 1 {
		t.Fatalf("after c1 was dropped: %q, %v", calls, err)
	}
}

func woken(t *testing.T, s Store) {
	ctx := t.Context()
	old, err := s.TakeLease(ctx, lease.Claim{Name: lease.Board, Holder: lease.Holder{Host: "a", PID: 1}, TTL: time.Millisecond})
	must(t, err)
	s.Fence(old.Token)
	place := join(t, s, old.Token, hotline.Place{Call: "c1", Queue: "water"})
	must(t, s.SaveCall(ctx, "c1", []byte("queue")))
	time.Sleep(5 * time.Millisecond)
	next, err := s.TakeLease(ctx, lease.Claim{Name: lease.Board, Holder: lease.Holder{Host: "b", PID: 2}, TTL: time.Minute})
	must(t, err)

	for _, c := range []routing.Change{
		{Place: &hotline.Place{Call: "c2", Queue: "water"}}, {Place: &place, Gone: true},
		{Note: &routing.Note{Call: "c1", Record: []byte("talk")}},
	} {
		_, err = s.Commit(ctx, old.Token, []routing.Change{c})
		kind(t, err, hotline.Forbidden)
	}
	kind(t, s.SaveCall(ctx, "c1", []byte("talk")), hotline.Forbidden)
	kind(t, s.DropCall(ctx, "c1"), hotline.Forbidden)

	s.Fence(next.Token)
	calls, err := s.Calls(ctx)
	must(t, err)
	if snap := load(t, s); len(snap.Places) != 1 || snap.Places[0].Seq != place.Seq || string(calls["c1"]) != "queue" {
		t.Fatalf("the woken one changed something: %+v, %q", snap, calls)
	}
	must(t, s.SaveCall(ctx, "c1", []byte("talk")))
	leave(t, s, next.Token, "c1")
}

// noted: the record goes with the step that it belongs to.
func noted(t *testing.T, s Store) {
	note := func(text string) routing.Change {
		return routing.Change{Note: &routing.Note{Call: "c1", Record: []byte(text)}}
	}
	kept := func() string {
		t.Helper()
		calls, err := s.Calls(t.Context())
		must(t, err)
		return string(calls["c1"])
	}
	truth := commit(t, s, 1, note("queue"), routing.Change{Place: &hotline.Place{Call: "c1", Queue: "water"}})
	if len(truth.Places) != 1 || kept() != "queue" {
		t.Fatalf("joined as %+v with the record %q", truth, kept())
	}
	old := truth.Places[0]
	commit(t, s, 1, routing.Change{Place: &old})
	truth, err := s.Commit(t.Context(), 1, []routing.Change{note("talk"), {Place: &old, Gone: true}})
	must(t, err)
	if !truth.Refused || len(truth.Places) != 1 || len(truth.Missing) != 0 || kept() != "queue" {
		t.Fatalf("refused: %+v; the record is %q", truth, kept())
	}
	if commit(t, s, 1, note("menu\x00\xff")); kept() != "menu\x00\xff" {
		t.Fatalf("the record is %q", kept())
	}
}

func nothingLeft(t *testing.T, s Store) {
	ctx := t.Context()
	a := signIn(t, s, 1, "1001")
	p := join(t, s, 1, hotline.Place{Call: "c1", Queue: "water"})
	join(t, s, 1, hotline.Place{Call: "c2", Queue: "water"})
	must(t, s.SaveCall(ctx, "c1", []byte("x")))
	a.State, a.Offer, p.Offer = routing.Offered, 1, 1
	truth := commit(t, s, 1, routing.Change{Agent: &a}, routing.Change{Place: &p})
	commit(t, s, 1, routing.Change{Agent: &truth.Agents[0], Gone: true}, routing.Change{Place: &truth.Places[0], Gone: true})
	leave(t, s, 1, "c2")
	must(t, s.DropCall(ctx, "c1"))
	keys, err := s.Keys(ctx)
	must(t, err)
	if want := []string{"board", "facts", "lease:board"}; !slices.Equal(keys, want) {
		t.Fatalf("kept: %q, want %q", keys, want)
	}
}
