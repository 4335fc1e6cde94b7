package live_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"hotline"
	"hotline/live"
	"hotline/live/livetest"
	"hotline/routing"
)

// bench measures a step as the caller sees it (ns/op) and as the server's
// processor does (µs of script).
func bench(b *testing.B, command string, prepare func(*live.Store) func(i int) error) {
	r := livetest.StartRedis(b)
	// A machine that others use may stall; that is not what is measured.
	s := openWith(b, live.Options{Address: r.Address, Timeout: 5 * time.Second})
	step := prepare(s)
	r.ResetStats(b)
	i := 0
	for b.Loop() {
		if err := step(i); err != nil {
			b.Fatal(err)
		}
		i++
	}
	_, usec := r.Stats(b, command)
	b.ReportMetric(usec, "server-µs/op")
}

func BenchmarkCommitOfTwo(b *testing.B) {
	bench(b, "evalsha", func(s *live.Store) func(int) error {
		a := routing.Agent{ID: "1001", Phone: "8001", Skills: []hotline.Skill{"water", "power", "english"}, State: routing.Free}
		p, err := join(b.Context(), s, 1, hotline.Place{Call: "hl1-1764000000.17", Queue: "water", Needs: []hotline.Skill{"water"}})
		if err != nil {
			b.Fatal(err)
		}
		return func(i int) error {
			a.Offer, p.Offer = hotline.OfferID(i+1), hotline.OfferID(i+1)
			t, err := s.Commit(b.Context(), 1, []routing.Change{{Agent: &a, Since: true, Within: 1e10}, {Place: &p}})
			if err != nil || t.Refused {
				return fmt.Errorf("%+v, %w", t, err)
			}
			a, p = t.Agents[0], t.Places[0]
			return nil
		}
	})
}

func BenchmarkJoin(b *testing.B) {
	bench(b, "evalsha", func(s *live.Store) func(int) error {
		return func(i int) error {
			_, err := join(b.Context(), s, 1, hotline.Place{Call: hotline.CallID(fmt.Sprintf("hl1-1764000000.%d", i)), Queue: "water", Needs: []hotline.Skill{"water"}})
			return err
		}
	})
}

func BenchmarkSaveCall(b *testing.B) {
	bench(b, "evalsha", func(s *live.Store) func(int) error {
		record := bytes.Repeat([]byte("x"), 1500)
		return func(i int) error {
			return s.SaveCall(b.Context(), hotline.CallID(fmt.Sprintf("hl1-1764000000.%d", i%2000)), record)
		}
	})
}

func BenchmarkLoad2000(b *testing.B) {
	bench(b, "evalsha", func(s *live.Store) func(int) error {
		for i := range 2000 {
			if _, err := join(b.Context(), s, 1, hotline.Place{Call: hotline.CallID(fmt.Sprint(i)), Queue: "water"}); err != nil {
				b.Fatal(err)
			}
		}
		return func(int) error { _, err := s.Load(b.Context()); return err }
	})
}
