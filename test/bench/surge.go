package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"hotline"
	"hotline/store"
	"hotline/ticket"
)

// surge is 20 calls a second for a minute, 80 agents, talks of 3 s.
const (
	surgeCalls  = 1200
	surgeRate   = 20
	surgeAgents = 80
	surgeTalk   = 3 * time.Second
)

// surgePart measures whether every call of a surge is accounted for: SIPp's
// count, and the tickets.
func surgePart(ctx context.Context, o options, f *figures) error {
	w, err := openWorld(ctx, o, surgeAgents, 2*surgeAgents)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.start(ctx, o, us); err != nil {
		return err
	}
	l, err := startLoad(ctx, w, talks{surgeTalk, surgeTalk})
	if err != nil {
		return err
	}
	err = l.surge(ctx, f)
	if closed := l.close(); err == nil {
		err = closed
	}
	return err
}

func (l *load) surge(ctx context.Context, f *figures) error {
	calls, err := l.call(us, surgeCalls, surgeRate, surgeCalls)
	if err != nil {
		return err
	}
	j := startJitter()
	ended := make(chan error, 1)
	go func() { ended <- calls.cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(2 * time.Minute):
		return fmt.Errorf("the calls did not end: %s", l.complaints())
	}
	late := j.p99()
	well, failed, err := l.w.sippCount("caller")
	if err != nil {
		return err
	}
	ends, err := l.w.tickets(ctx, well+failed)
	if err != nil {
		return err
	}
	total := 0
	for _, n := range ends {
		total += n
	}
	fmt.Printf("  %d calls, %d a second: SIPp counts %d that went well and %d that failed; %d tickets, %d of them answered; jitter p99 %.2f ms\n",
		surgeCalls, surgeRate, well, failed, total, ends[hotline.EndAnswered], ms(late))
	f.failed += failed + abs(total-well-failed)
	f.shaken(late)
	return nil
}

func abs(n int) int { return max(n, -n) }

// tickets counts the tickets in the books by how their calls ended, once there
// are n of them or five seconds have passed.
func (w *world) tickets(ctx context.Context, n int) (map[hotline.End]int, error) {
	db, err := store.Open(ctx, store.Options{DSN: filepath.Join(w.at.Dir, "hotline.db")})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		ends, total := map[hotline.End]int{}, 0
		for before := hotline.TicketNo(""); ; {
			page, err := db.ListTickets(ctx, store.Filter{Limit: 1000, Before: before})
			if err != nil {
				return nil, err
			}
			if len(page) == 0 {
				break
			}
			count(ends, page)
			total += len(page)
			before = page[len(page)-1].Number
		}
		if total >= n || time.Now().After(end) {
			return ends, nil
		}
	}
}

func count(ends map[hotline.End]int, page []ticket.Ticket) {
	for _, t := range page {
		ends[t.End]++
	}
}
