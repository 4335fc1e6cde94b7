package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline"
	"hotline/ticket"
)

// killed leaves numbers as a killed process does: nothing is given back.
func (n *Numbers) killed() {
	n.cancel()
	<-n.done
	<-n.noted
	_ = n.hand.close()
}

// give takes count numbers and wants none that was given before.
func give(t *testing.T, n *Numbers, h *clock, count int, seen map[hotline.TicketNo]bool) (last int) {
	t.Helper()
	for range count {
		no, _, err := n.Next(h.read())
		for wait := time.Now(); err != nil && time.Since(wait) < time.Second; time.Sleep(time.Millisecond) { // more are noted beside this
			no, _, err = n.Next(h.read())
		}
		if err != nil || seen[no] {
			t.Fatalf("got %s, given before: %v; %v", no, seen[no], err)
		}
		seen[no] = true
		if _, last, err = ticket.SplitNumber(no); err != nil {
			t.Fatal(err)
		}
	}
	return last
}

func TestAControllerThatIsKilledAgainAndAgainDoesNotUseUpTheDay(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "hotline.db"))
	h := &clock{now: at(t, "2026-05-01 09:00:00")}
	file := filepath.Join(t.TempDir(), "numbers")
	seen, last := map[hotline.TicketNo]bool{}, 0
	const kills, each = 200, 3
	for range kills {
		n := s.OpenNumbers(t.Context(), NumbersOptions{Now: h.read, Hand: file})
		last = give(t, n, h, each, seen)
		n.killed()
	}
	if most := kills*handStep + numberAhead + numberBlock; last > most {
		t.Errorf("%d kills used numbers up to %d; each may cost %d at most", kills, last, handStep)
	}
	n := s.OpenNumbers(t.Context(), NumbersOptions{Now: h.read, Hand: file})
	give(t, n, h, 1, seen)
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := s.OpenNumbers(t.Context(), NumbersOptions{Now: h.read, Hand: file})
	defer again.Close(t.Context())
	if next := give(t, again, h, 1, seen); next > last+handStep+2 {
		t.Errorf("an orderly end costs nothing, but after %d comes %d", last, next)
	}
}

func TestNumbersOfAControllerThatIsGoneAreGoneOnWith(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "hotline.db"))
	h := &clock{now: at(t, "2026-05-01 09:00:00")}
	dir := t.TempDir()
	ours, theirs := filepath.Join(dir, "ours"), filepath.Join(dir, "theirs")
	seen := map[hotline.TicketNo]bool{}
	gone := s.OpenNumbers(t.Context(), NumbersOptions{Now: h.read, Hand: theirs})
	first := give(t, gone, h, 5, seen)
	gone.killed()
	o := NumbersOptions{Now: h.read, Hand: ours, Left: []string{theirs, filepath.Join(dir, "never-was")}}
	n := s.OpenNumbers(t.Context(), o)
	if next := give(t, n, h, 1, seen); next > first+handStep {
		t.Errorf("after %d comes %d", first, next)
	}
	if left := readHand(theirs); len(left) != 0 {
		t.Errorf("two have them in hand: %v", left)
	}
	n.killed()
	// Killed between noting them as ours and emptying theirs: both files have them.
	if b, err := os.ReadFile(ours); err != nil || os.WriteFile(theirs, b, 0o600) != nil {
		t.Fatal(err)
	}
	again := s.OpenNumbers(t.Context(), o)
	defer again.Close(t.Context())
	give(t, again, h, 2*numberBlock, seen)
}

func TestAHandOfAnotherBootIsNotTrusted(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "hotline.db"))
	h := &clock{now: at(t, "2026-05-01 09:00:00")}
	file := filepath.Join(t.TempDir(), "numbers")
	for story, text := range map[string]string{
		"another boot": `{"boot":"another","blocks":[{"day":"20260501","serves":"20260501","next":1,"last":250}]}`,
		"cut off":      `{"boot":"` + boot() + `","blocks":[{"day":"2026`,
		"noise":        strings.Repeat("\x00", handSize),
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := readHand(file); len(got) != 0 {
			t.Errorf("%s: %v", story, got)
		}
	}
	n := s.OpenNumbers(t.Context(), NumbersOptions{Now: h.read, Hand: file})
	defer n.Close(t.Context())
	give(t, n, h, numberBlock, map[hotline.TicketNo]bool{})
}

// A flood, or a day of restarts elsewhere, may use up a day's numbers: those of the
// next day are given, and nobody is refused for it.
func TestADayThatIsUsedUpTakesTheNextDaysNumbers(t *testing.T) {
	engines(t, func(t *testing.T, s *Store) {
		h := &clock{now: at(t, "2026-05-01 09:00:00")}
		for _, day := range []string{"20260501", "20260502"} {
			if _, err := s.write.NewRaw("INSERT INTO ticket_days (day, reserved) VALUES (?, ?)", day, ticket.LastSerial).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		file := filepath.Join(t.TempDir(), "numbers")
		n := s.OpenNumbers(t.Context(), NumbersOptions{Now: h.read, Hand: file})
		no, _, err := n.Next(h.read())
		if err != nil || no[:15] != "CZ2026050300001" {
			t.Errorf("got %s, %v", no, err)
		}
		n.killed()
		n = s.OpenNumbers(t.Context(), NumbersOptions{Now: h.read, Hand: file})
		defer n.Close(t.Context())
		if no, _, err = n.Next(h.read()); err != nil || no[:10] != "CZ20260503" {
			t.Errorf("after a kill %s, %v", no, err)
		}
	})
}

func TestNumbersAreGivenWhereTheyCannotBeNoted(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "hotline.db"))
	h := &clock{now: at(t, "2026-05-01 09:00:00")}
	var said error
	n := s.OpenNumbers(t.Context(), NumbersOptions{Now: h.read, Hand: t.TempDir() + "/no/such/folder", Report: func(err error) { said = err }})
	defer n.Close(t.Context())
	give(t, n, h, numberBlock, map[hotline.TicketNo]bool{})
	if said == nil || !strings.Contains(said.Error(), "stay unused") {
		t.Errorf("said %v", said)
	}
}
