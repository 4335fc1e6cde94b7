package store

import (
	"context"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotline"
	"hotline/site"
	"hotline/ticket"
)

// mostLater is what a controller's start loses at most to a database that is away:
// a second for the store, and one for the numbers.
const mostLater = 3 * time.Second

// A controller starts while its database is away: it has its store at once; every
// question is answered that the database is away, calls go into the journal, and
// when it is back everything works by itself and every call is there once.
func TestAStoreOpensWhileTheDatabaseIsAway(t *testing.T) {
	p, err := site.StartPostgres(t.Context(), tools)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	freeze := func(how syscall.Signal) func(t *testing.T) {
		return func(*testing.T) { _ = syscall.Kill(p.PID(), how) }
	}
	start := func(t *testing.T) {
		if err := p.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name       string
		away, back func(t *testing.T)
	}{
		{"killed", func(*testing.T) { p.Kill() }, start},
		{"standing still", freeze(syscall.SIGSTOP), freeze(syscall.SIGCONT)},
	} {
		t.Run(c.name, func(t *testing.T) {
			dsn := freshSchema(t, p.URL())
			c.away(t)
			t.Cleanup(func() { c.back(t) })
			opensLater(t, dsn, func() { c.back(t); c.back = func(*testing.T) {} })
		})
	}
	t.Run("a folder that is not there yet", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "disk")
		if err := syscall.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		blocked := filepath.Join(dir, "hotline") // a file where the folder is to be
		if err := makeFile(blocked); err != nil {
			t.Fatal(err)
		}
		opensLater(t, filepath.Join(blocked, "hotline.db"), func() {
			if err := syscall.Unlink(blocked); err != nil {
				t.Fatal(err)
			}
		})
	})
}

// The tables are as they should be, and the statements are not prepared yet: a call
// that is written in that moment is refused, and stays in its journal.
func TestNoCallIsLostWhileTheDatabaseIsBeingOpened(t *testing.T) {
	t.Parallel()
	s := &Store{gate: &gate{}}
	s.gate.open.Store(true)
	if err := s.WriteOutcomes(t.Context(), []hotline.Outcome{talk(1)}); hotline.KindOf(err) != hotline.Unavailable {
		t.Errorf("it said %v of a call that it did not write", err)
	}
}

func opensLater(t *testing.T, dsn string, back func()) {
	t.Helper()
	ctx := t.Context()
	began := time.Now()
	s, err := Open(ctx, Options{DSN: dsn, Later: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	n := s.OpenNumbers(ctx, NumbersOptions{})
	j, err := OpenJournal(JournalOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > mostLater {
		t.Errorf("it took %v", took)
	}
	for what, do := range map[string]func() error{
		"phones":  func() error { _, err := s.Phones(ctx); return err },
		"sign-in": func() error { return s.OpenSession(ctx, "1001", "8001", time.Now()) },
		"write":   func() error { return s.WriteOutcomes(ctx, []hotline.Outcome{talk(1)}) },
		"number":  func() error { _, _, err := n.Next(time.Now()); return err },
		"ping":    func() error { return s.Ping(ctx) },
	} {
		asked := time.Now()
		err := do()
		if d := time.Since(asked); d > time.Second || hotline.KindOf(err) != hotline.Unavailable || !strings.Contains(err.Error(), "database") {
			t.Errorf("%s: after %v: %v", what, d, err)
		}
	}
	o := talk(1)
	o.Ticket, o.QueryCode = "", ""
	if err := j.Append(ctx, o); err != nil {
		t.Fatal(err)
	}
	life, stop := context.WithCancel(ctx)
	drained := make(chan struct{})
	go func() { defer close(drained); j.Drain(life, s.WriteOutcomes) }()
	back()
	select {
	case <-s.Ready():
	case <-time.After(20 * time.Second):
		t.Fatal("it did not find the database again")
	}
	var list []ticket.Ticket
	for end := time.Now().Add(20 * time.Second); len(list) != 1; time.Sleep(20 * time.Millisecond) {
		if list, err = s.ListTickets(ctx, Filter{}); err != nil || time.Now().After(end) {
			t.Fatalf("%d tickets, %v", len(list), err)
		}
	}
	for end := time.Now().Add(5 * time.Second); n.Left(time.Now()) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no numbers are reserved")
		}
	}
	stop()
	<-drained
	if err := n.Close(ctx); err != nil {
		t.Error(err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}
