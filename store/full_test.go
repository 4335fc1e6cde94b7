package store

import (
	"fmt"
	"path/filepath"
	"testing"

	"hotline"
)

// SQLite's disk is full while calls end. They wait in the journal, none is lost,
// and when there is room again each is there once.
func TestAFullDiskOfSQLiteOnlyDelaysTheBooks(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "hotline.db"))
	ctx := t.Context()
	var pages int
	if err := s.write.NewRaw("PRAGMA page_count").Scan(ctx, &pages); err != nil {
		t.Fatal(err)
	}
	room := func(pages int) {
		t.Helper()
		if _, err := s.write.NewRaw(fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
	room(pages + 1)
	j, err := OpenJournal(JournalOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	const calls = 150 // more than one batch
	for i := range calls {
		if err := j.Append(ctx, talk(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.DrainNow(ctx, s.WriteOutcomes); hotline.KindOf(err) != hotline.Unavailable || j.Backlog() != calls {
		t.Fatalf("%v; %d of %d wait", err, j.Backlog(), calls)
	}
	room(1 << 20)
	if err := j.DrainNow(ctx, s.WriteOutcomes); err != nil || j.Backlog() != 0 {
		t.Fatalf("%v; %d wait", err, j.Backlog())
	}
	if list, err := s.ListTickets(ctx, Filter{Limit: 1000}); err != nil || len(list) != calls {
		t.Fatalf("%d tickets, %v", len(list), err)
	}
}
