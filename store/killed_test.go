package store

import (
	"sync"
	"testing"
	"time"

	"hotline"
	"hotline/site"
)

// PostgreSQL is killed while it writes call after call. What it had confirmed is
// there when it is back, the one it was killed over is there whole or not at all,
// and the store goes on by itself.
func TestAPostgresKilledInTheMiddleOfWriting(t *testing.T) {
	p, err := site.StartPostgres(t.Context(), tools)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	s := open(t, p.URL())

	confirmed := make(chan int)
	go func() {
		defer close(confirmed)
		for i := 0; ; i++ {
			if err := s.WriteOutcomes(t.Context(), []hotline.Outcome{talk(i)}); err != nil {
				if hotline.KindOf(err) != hotline.Unavailable {
					t.Errorf("a write that was cut off says %v", err)
				}
				return
			}
			confirmed <- i
		}
	}()
	last := -1
	var killing sync.WaitGroup
	for i := range confirmed {
		if last = i; i == 20 {
			killing.Go(p.Kill)
		}
	}
	killing.Wait()
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); s.Ping(t.Context()) != nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the store did not find it again")
		}
	}
	list, err := s.ListTickets(t.Context(), Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(list); n != last+1 && n != last+2 {
		t.Errorf("%d calls were confirmed, %d are there", last+1, n)
	}
	if err := s.WriteOutcomes(t.Context(), []hotline.Outcome{talk(last + 1)}); err != nil {
		t.Errorf("the call it was killed over cannot be written again: %v", err)
	}
}
