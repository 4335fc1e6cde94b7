package store

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"hotline"
	"hotline/ticket"
)

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04:05", s, ticket.Zone())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// clock is a clock that a test turns.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (h *clock) read() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *clock) set(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = now
}

func numbers(t *testing.T, s *Store, h *clock) *Numbers {
	t.Helper()
	return s.OpenNumbers(t.Context(), NumbersOptions{Now: h.read})
}

func TestTwoControllersNeverGiveOneNumberTwice(t *testing.T) {
	engines(t, func(t *testing.T, s *Store) {
		h := &clock{now: at(t, "2026-05-01 09:00:00")}
		a, b := numbers(t, s, h), numbers(t, s, h)
		defer a.Close(t.Context())
		defer b.Close(t.Context())
		seen := map[hotline.TicketNo]bool{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for range 500 {
					no, code, err := []*Numbers{a, b}[g%2].Next(h.read())
					for hotline.KindOf(err) == hotline.Unavailable { // faster than the refill: a call would go on without
						time.Sleep(time.Millisecond)
						no, code, err = []*Numbers{a, b}[g%2].Next(h.read())
					}
					mu.Lock()
					if err != nil || seen[no] || len(code) != 6 || no[:10] != "CZ20260501" {
						t.Errorf("got %s with code %s, seen before %v, %v", no, code, seen[no], err)
					}
					seen[no] = true
					mu.Unlock()
				}
			})
		}
		wg.Wait()
	})
}

func TestNumbersAreToldWhileSQLIsAwayAndPastMidnight(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "hotline.db"))
	h := &clock{now: at(t, "2026-05-01 09:00:00")}
	n := numbers(t, s, h)
	tx, err := s.write.BeginTx(t.Context(), nil) // the only writer is taken: SQL is away
	if err != nil {
		t.Fatal(err)
	}
	for i := range numberAhead {
		if _, _, err := n.Next(at(t, "2026-05-01 10:00:00")); err != nil {
			t.Fatalf("number %d: %v", i, err)
		}
	}
	no, _, err := n.Next(at(t, "2026-05-02 00:00:01"))
	if err != nil || no[:10] != "CZ20260501" {
		t.Errorf("after midnight, without SQL: %s, %v; want one left from the day before", no, err)
	}
	for err == nil {
		_, _, err = n.Next(at(t, "2026-05-02 00:00:02"))
	}
	if hotline.KindOf(err) != hotline.Unavailable {
		t.Errorf("used up: %v, want unavailable", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	h.set(at(t, "2026-05-02 00:00:03"))
	for deadline := time.Now().Add(5 * time.Second); n.Left(h.read()) == 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if no, _, err = n.Next(h.read()); err != nil || no[:10] != "CZ20260502" {
		t.Errorf("SQL is back: %s, %v", no, err)
	}
	if err := n.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTheNextDaysNumbersAreReservedInTheEvening(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "hotline.db"))
	h := &clock{now: at(t, "2026-05-01 22:30:00")}
	n := numbers(t, s, h)
	defer n.Close(t.Context())
	if no, _, err := n.Next(at(t, "2026-05-02 00:00:00")); err != nil || no[:15] != "CZ2026050200001" {
		t.Errorf("the first of the day is %s, %v", no, err)
	}
}

func TestAnOrderlyEndLeavesNoGap(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "hotline.db"))
	h := &clock{now: at(t, "2026-05-01 09:00:00")}
	for serial := 1; serial <= 3; serial++ {
		n := numbers(t, s, h)
		no, _, err := n.Next(h.read())
		if _, got, err2 := ticket.SplitNumber(no); err != nil || err2 != nil || got != serial {
			t.Errorf("start %d gives the number %s (%v, %v)", serial, no, err, err2)
		}
		if err := n.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestACallWithoutANumberGetsOneWhenItIsWritten(t *testing.T) {
	engines(t, func(t *testing.T, s *Store) {
		day := ticket.Day(talk(0).Arrived)
		if _, err := s.write.NewRaw("INSERT INTO ticket_days (day, reserved) VALUES (?, ?)", day, ticket.LastSerial-1).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		a, b := talk(0), talk(1)
		a.Ticket, b.Ticket, a.QueryCode, b.QueryCode = "", "", "", ""
		if err := s.WriteOutcomes(t.Context(), []hotline.Outcome{a, b}); err != nil {
			t.Fatal(err)
		}
		for call, want := range map[hotline.CallID]string{a.Call: "CZ" + day + "99999", b.Call: "CZ2026050200001"} {
			list, err := s.ListTickets(t.Context(), Filter{Call: call})
			if err != nil || len(list) != 1 || string(list[0].Number[:15]) != want || len(list[0].QueryCode) != 6 {
				t.Errorf("call %s has %+v (%v), want the number %s", call, list, err, want)
			}
		}
	})
}
