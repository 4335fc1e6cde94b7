package store

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"hotline"
	"hotline/ticket"
)

func TestDatabasesThatCannotBeOpenedSayWhy(t *testing.T) {
	dir := t.TempDir()
	noise := filepath.Join(dir, "noise.db")
	if err := os.WriteFile(noise, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		story, dsn, says string
		kind             hotline.Kind
	}{
		{"a place nobody may write", "/sys/hotline.db", "may write", hotline.Unavailable},
		{"a folder that cannot be made", noise + "/hotline.db", "folder", hotline.Unavailable},
		{"another file", noise, "not a database", hotline.Invalid},
		{"another engine", "mysql://u:verysecret@localhost/x", "postgres://", hotline.Invalid},
		{"nobody listens", "postgres://u:verysecret@127.0.0.1:1/x", "127.0.0.1:1", hotline.Unavailable},
		{"a port that is no number", "postgres://u:verysecret@127.0.0.1:port/x", "form", hotline.Invalid},
	} {
		s, err := Open(t.Context(), Options{DSN: c.dsn})
		if s != nil || hotline.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "verysecret") {
			t.Errorf("%s: %s error %v, want %s about %q", c.story, hotline.KindOf(err), err, c.kind, c.says)
		}
	}
}

func TestANewerDatabaseIsLeftAlone(t *testing.T) {
	engines(t, func(t *testing.T, s *Store) {
		if _, err := s.write.NewRaw("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)").Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.migrate(t.Context(), s.write.DB); err != nil {
			t.Errorf("newer tables that serve this program too: %v", err)
		}
		if _, err := s.write.NewRaw("UPDATE schema_floor SET version = 9999").Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.migrate(t.Context(), s.write.DB); hotline.KindOf(err) != hotline.Conflict || !strings.Contains(err.Error(), "newer program") {
			t.Errorf("says %v", err)
		}
	})
}

func TestControllersThatStartTogetherMakeTheTablesOnce(t *testing.T) {
	for name, dsn := range map[string]string{"sqlite": filepath.Join(t.TempDir(), "a b?c#d%20", "hotline.db"), "postgres": postgres(t)} {
		t.Run(name, func(t *testing.T) {
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					s, err := Open(t.Context(), Options{DSN: dsn})
					if err != nil {
						t.Error(err)
						return
					}
					if err := s.Ping(t.Context()); err != nil {
						t.Error(err)
					}
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestTicketsAreListedByWhatIsAsked(t *testing.T) {
	engines(t, func(t *testing.T, s *Store) {
		var calls []hotline.Outcome
		for i := range 30 {
			o := talk(i)
			if i%3 == 0 {
				o.Hotline, o.Agent, o.End = "ludeng", "", hotline.EndAbandonedQueue
			}
			if i == 7 { // what a caller id may hold
				o.Caller.Raw, o.Dialled = "\x00'; DROP TABLE calls; --\xff", strings.Repeat("壹", 200)
			}
			calls = append(calls, o)
		}
		if err := s.WriteOutcomes(t.Context(), calls); err != nil {
			t.Fatal(err)
		}
		for story, c := range map[string]struct {
			f          Filter
			count      int
			newestCall int
		}{
			"all":             {Filter{}, 30, 29},
			"five":            {Filter{Limit: 5}, 5, 29},
			"the next page":   {Filter{Limit: 5, Before: calls[25].Ticket}, 5, 24},
			"a hotline":       {Filter{Hotline: "ludeng"}, 10, 27},
			"an agent":        {Filter{Agent: "1001"}, 20, 29},
			"an end":          {Filter{End: hotline.EndAbandonedQueue}, 10, 27},
			"a call":          {Filter{Call: calls[7].Call}, 1, 7},
			"hotline and end": {Filter{Hotline: "ludeng", End: hotline.EndAnswered}, 0, 0},
		} {
			list, err := s.ListTickets(t.Context(), c.f)
			if err != nil || len(list) != c.count || (c.count > 0 && list[0].Call != calls[c.newestCall].Call) {
				t.Errorf("%s: %d tickets (%v), want %d from call %d", story, len(list), err, c.count, c.newestCall)
			}
		}
		if _, err := s.Ticket(t.Context(), "CZ1"); hotline.KindOf(err) != hotline.Invalid {
			t.Errorf("a wrong number: %v", err)
		}
		none, err := ticket.NewNumber("20240101", 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Ticket(t.Context(), none); hotline.KindOf(err) != hotline.NotFound {
			t.Errorf("no such number: %v", err)
		}
	})
}
