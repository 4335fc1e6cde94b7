package store

import (
	"context"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// cpuBudget is what a call may cost from its end to its rows, this program's
// part: the journal's line and fsync, and SQL. On two busy cores SQLite took 95 µs,
// the driver of PostgreSQL 120 to 155.
const cpuBudget = 200 * time.Microsecond

// Ten thousand calls from twenty at a time, through the journal into SQL.
// PostgreSQL's own share is another process's.
func TestTenThousandCallsReachTheBooks(t *testing.T) {
	calls, atOnce := 10_000, 20
	if underRace {
		calls = 1_000
	}
	today(t, func(t *testing.T, s *Store) {
		j, _ := journal(t, filepath.Join(t.TempDir(), "journal"))
		defer closeJournal(t, j)
		ctx, cancel := context.WithCancel(t.Context())
		var drain, callers sync.WaitGroup
		drain.Go(func() { j.Drain(ctx, s.WriteOutcomes) })
		defer drain.Wait()
		defer cancel()
		began, cpu := time.Now(), processCPU(t)
		for g := range atOnce {
			callers.Go(func() {
				for i := g; i < calls; i += atOnce {
					if err := j.Append(ctx, talk(i)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		callers.Wait()
		journalled := time.Since(began)
		for j.Backlog() > 0 && time.Since(began) < time.Minute {
			time.Sleep(5 * time.Millisecond)
		}
		took, each := time.Since(began), (processCPU(t)-cpu)/time.Duration(calls)
		t.Logf("%.0f calls/s into the journal, %.0f calls/s to the rows, %s of CPU a call",
			float64(calls)/journalled.Seconds(), float64(calls)/took.Seconds(), each)
		if each > cpuBudget && !underRace {
			t.Errorf("a call costs %s of CPU, more than %s", each, cpuBudget)
		}
		var tickets int
		if err := s.read.NewRaw("SELECT COUNT(*) FROM tickets").Scan(ctx, &tickets); err != nil || tickets != calls {
			t.Errorf("%d tickets, want %d (%v)", tickets, calls, err)
		}
	})
}

func processCPU(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
