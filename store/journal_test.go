package store

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline"
)

// books is a sink in memory that behaves like SQL: all or none, each call once.
type books struct {
	mu    sync.Mutex
	calls map[hotline.CallID]hotline.Outcome
	fail  func(hotline.Outcome) error
}

func (b *books) write(_ context.Context, list []hotline.Outcome) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range list {
		if b.fail != nil {
			if err := b.fail(o); err != nil {
				return err
			}
		}
	}
	if b.calls == nil {
		b.calls = map[hotline.CallID]hotline.Outcome{}
	}
	for _, o := range list {
		if _, there := b.calls[o.Call]; !there {
			b.calls[o.Call] = o
		}
	}
	return nil
}

func (b *books) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.calls)
}

type reports struct {
	mu   sync.Mutex
	list []string
}

func (r *reports) add(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, err.Error())
}

func (r *reports) has(word string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.list, func(s string) bool { return strings.Contains(s, word) })
}

func journal(t *testing.T, dir string) (*Journal, *reports) {
	t.Helper()
	r := &reports{}
	j, err := OpenJournal(JournalOptions{Dir: dir, Report: r.add})
	if err != nil {
		t.Fatal(err)
	}
	return j, r
}

func appendTalks(t *testing.T, j *Journal, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := j.Append(t.Context(), talk(i)); err != nil {
			t.Fatal(err)
		}
	}
}

func closeJournal(t *testing.T, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

func TestAJournalFoundAtStartIsDrainedOnce(t *testing.T) {
	dir := t.TempDir()
	j, _ := journal(t, dir)
	appendTalks(t, j, 0, 250)
	closeJournal(t, j)

	var b books
	j, _ = journal(t, dir)
	if j.Backlog() != 250 {
		t.Errorf("a backlog of %d was found, want 250", j.Backlog())
	}
	if err := j.DrainNow(t.Context(), b.write); err != nil || b.count() != 250 || j.Backlog() != 0 {
		t.Errorf("%d in the books, %d behind (%v), want 250 and 0", b.count(), j.Backlog(), err)
	}
	appendTalks(t, j, 250, 260)
	if err := j.DrainNow(t.Context(), b.write); err != nil || b.count() != 260 {
		t.Errorf("%d in the books, want 260 (%v)", b.count(), err)
	}
	closeJournal(t, j)

	j, _ = journal(t, dir)
	defer closeJournal(t, j)
	var again books
	if err := j.DrainNow(t.Context(), again.write); err != nil || again.count() != 0 || j.Backlog() != 0 {
		t.Errorf("%d offered again after an orderly end (%v)", again.count(), err)
	}
}

func TestATornLastLineIsCutAndReported(t *testing.T) {
	dir := t.TempDir()
	j, _ := journal(t, dir)
	appendTalks(t, j, 0, 3)
	closeJournal(t, j)
	list, err := segments(dir)
	if err != nil || len(list) != 1 {
		t.Fatalf("segments %v, %v", list, err)
	}
	path := segmentPath(dir, list[0])
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first := strings.IndexByte(string(whole), '\n') + 1
	for _, cut := range []int{1, 2, 9, 10, first / 2} {
		if err := os.WriteFile(path, whole[:len(whole)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		var b books
		j, told := journal(t, dir)
		if err := os.WriteFile(filepath.Join(dir, "drained"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := j.DrainNow(t.Context(), b.write); err != nil || b.count() != 2 || !told.has("torn") {
			t.Errorf("cut by %d: %d in the books (%v), told %q; want 2 and a word about it", cut, b.count(), err, told.list)
		}
		closeJournal(t, j)
		if err := os.Remove(filepath.Join(dir, "drained")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADamagedLineIsPutAsideAndTheOthersGoOn(t *testing.T) {
	dir := t.TempDir()
	j, _ := journal(t, dir)
	appendTalks(t, j, 0, 5)
	closeJournal(t, j)
	path := segmentPath(dir, 1)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[strings.Index(string(text), talkID(2))+4] ^= 1
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var b books
	j, told := journal(t, dir)
	defer closeJournal(t, j)
	if err := j.DrainNow(t.Context(), b.write); err != nil || b.count() != 4 || !told.has(damagedFile) || j.Backlog() != 0 {
		t.Errorf("%d in the books, %d behind (%v), told %q", b.count(), j.Backlog(), err, told.list)
	}
	if aside, err := os.ReadFile(filepath.Join(dir, damagedFile)); err != nil || strings.Count(string(aside), "\n") != 1 {
		t.Errorf("put aside: %q, %v", aside, err)
	}
}

func talkID(i int) string { return string(talk(i).Call) }

func TestAnOutcomeThatSQLRefusesDoesNotStopTheOthers(t *testing.T) {
	j, told := journal(t, t.TempDir())
	defer closeJournal(t, j)
	b := books{fail: func(o hotline.Outcome) error {
		switch {
		case o.Call == talk(3).Call:
			return hotline.Errorf(hotline.Invalid, "no such thing can be kept")
		case o.Ticket == talk(5).Ticket:
			return hotline.Errorf(hotline.Conflict, "the number is taken")
		}
		return nil
	}}
	appendTalks(t, j, 0, 10)
	if err := j.DrainNow(t.Context(), b.write); err != nil || b.count() != 9 || j.Backlog() != 0 {
		t.Fatalf("%d in the books, %d behind (%v)", b.count(), j.Backlog(), err)
	}
	if o := b.calls[talk(5).Call]; o.Ticket != "" || !strings.Contains(o.Note, string(talk(5).Ticket)) {
		t.Errorf("the call whose number was taken is kept as %+v", o)
	}
	if !told.has(refusedFile) || !told.has("new ticket number") {
		t.Errorf("told %q", told.list)
	}
}

func TestAFullDiskLosesNothing(t *testing.T) {
	dir := t.TempDir()
	if out, err := child(t, "starved", dir, 0).Output(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var b books
	j, _ := journal(t, dir)
	defer closeJournal(t, j)
	if err := j.DrainNow(t.Context(), b.write); err != nil || b.count() != 20 {
		t.Errorf("%d in the books, want all 20 (%v)", b.count(), err)
	}
}

func TestWhatTheDiskDoesNotTakeGoesToSQLAllTheSame(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	j, told := journal(t, dir)
	if err := os.RemoveAll(dir); err != nil { // the disk is gone
		t.Fatal(err)
	}
	if err := j.Append(t.Context(), talk(0)); hotline.KindOf(err) != hotline.Unavailable {
		t.Errorf("append says %v, want unavailable", err)
	}
	var b books
	if err := j.rescue(t.Context(), b.write); err != nil || b.count() != 1 || j.Backlog() != 0 {
		t.Errorf("%d in the books (%v), want 1", b.count(), err)
	}
	if !told.has("kept in memory") {
		t.Errorf("told %q", told.list)
	}
	closeJournal(t, j)
}

func TestTwoControllersCannotShareAJournal(t *testing.T) {
	dir := t.TempDir()
	j, _ := journal(t, dir)
	defer closeJournal(t, j)
	if _, err := OpenJournal(JournalOptions{Dir: dir}); hotline.KindOf(err) != hotline.Unavailable || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second one says %v", err)
	}
}

func TestALockedDatabaseDelaysOnlyTheBooks(t *testing.T) {
	dsn := filepath.Join(t.TempDir(), "hotline.db")
	s, err := Open(t.Context(), Options{DSN: dsn, Busy: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	j, told := journal(t, filepath.Join(t.TempDir(), "journal"))
	defer closeJournal(t, j)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { j.Drain(ctx, s.WriteOutcomes) })
	defer wg.Wait()
	defer cancel()

	other := open(t, dsn) // another process that holds the lock for two seconds
	tx, err := other.write.DB.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	appendTalks(t, j, 0, 50)
	if took := time.Since(began); took > time.Second {
		t.Errorf("fifty appends took %s while SQL was locked", took)
	}
	time.Sleep(2 * time.Second)
	if n := j.Backlog(); n != 50 || !told.has("wait in the journal") {
		t.Errorf("%d wait, want 50; told %q", n, told.list)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(15 * time.Second); j.Backlog() > 0 && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	list, err := s.ListTickets(t.Context(), Filter{Limit: 100})
	if err != nil || len(list) != 50 || j.Backlog() != 0 {
		t.Errorf("%d tickets, %d behind (%v), want 50 and 0", len(list), j.Backlog(), err)
	}
}

// Killed at any byte of the way to disk and to SQL: what was said to be safe
// is one ticket each, after the next start.
func TestKilledInTheMiddleOfWriting(t *testing.T) {
	dir := t.TempDir()
	safe := map[string]bool{}
	for round := range 5 {
		cmd := child(t, "writer", dir, round*10_000)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if i, err := strconv.Atoi(lines.Text()); err != nil {
				t.Fatal(lines.Text())
			} else {
				safe[talkID(i)] = true
			}
			if n == 150+97*round {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait()
	}
	s := open(t, filepath.Join(dir, "hotline.db"))
	j, _ := journal(t, filepath.Join(dir, "journal"))
	defer closeJournal(t, j)
	began := time.Now()
	if err := j.DrainNow(t.Context(), s.WriteOutcomes); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d were safe; the start drained in %s", len(safe), time.Since(began).Round(time.Millisecond))
	for call := range safe {
		list, err := s.ListTickets(t.Context(), Filter{Call: hotline.CallID(call)})
		if err != nil || len(list) != 1 {
			t.Fatalf("call %s has %d tickets (%v), want 1", call, len(list), err)
		}
	}
}
