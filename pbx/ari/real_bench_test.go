package ari_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"

	"hotline/pbx/ari"
)

func BenchmarkSocket(b *testing.B) {
	x := newExchange(b)
	c, _ := x.connect(b)
	x.measure(b, func() {
		for b.Loop() {
			must(b, c.Do(b.Context(), ari.Ping()))
		}
	})
}

func BenchmarkHTTP(b *testing.B) {
	x := newExchange(b)
	x.measure(b, func() {
		for b.Loop() {
			must(b, x.boot.Do(b.Context(), ari.Ping()))
		}
	})
}

// BenchmarkBatch is one request of three sent together.
func BenchmarkBatch(b *testing.B) {
	x := newExchange(b)
	c, _ := x.connect(b)
	x.measure(b, func() {
		for n := 0; b.Loop(); n++ {
			if n%3 == 0 {
				must(b, c.Batch(b.Context(), ari.Ping(), ari.Ping(), ari.Ping()))
			}
		}
	})
}

// BenchmarkBusySocket is one request where fifty calls are active, which is
// how it is when the cost matters: reads and wake-ups are shared.
func BenchmarkBusySocket(b *testing.B) {
	x := newExchange(b)
	c, _ := x.connect(b)
	busy(b, x, c)
}

func BenchmarkBusyHTTP(b *testing.B) {
	x := newExchange(b)
	busy(b, x, x.boot)
}

func busy(b *testing.B, x *exchange, d ari.Doer) {
	b.SetParallelism(25)
	x.measure(b, func() {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := d.Do(b.Context(), ari.Ping()); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// measure reports the processor time of both sides, in microseconds.
func (x *exchange) measure(b *testing.B, run func()) {
	ours, theirs := ticks(b, os.Getpid()), ticks(b, x.site.AsteriskPID())
	run()
	per := func(before, after int) float64 { return float64(after-before) * 10_000 / float64(b.N) }
	b.ReportMetric(per(ours, ticks(b, os.Getpid())), "our-µs/op")
	b.ReportMetric(per(theirs, ticks(b, x.site.AsteriskPID())), "asterisk-µs/op")
}

// ticks is the processor time a process has used, in hundredths of a second.
func ticks(b *testing.B, pid int) int {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	must(b, err)
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	user, err := strconv.Atoi(string(fields[11]))
	must(b, err)
	system, err := strconv.Atoi(string(fields[12]))
	must(b, err)
	return user + system
}
