package main

import (
	"fmt"
	"strings"
	"time"
)

// figures are what the last line tells, by name; what was not measured is "-".
type figures struct {
	values map[string]string
	failed int
	jitter time.Duration
}

// order is the last line's.
func (*figures) order() []string {
	return []string{
		"offers", "ring_p50_ms", "ring_p99_ms", "app_queue_p50_ms", "app_queue_p99_ms", "floor_ratio", "app_queue_floor_ratio",
		"cpu_ms", "app_queue_cpu_ms", "cpu_loaded_ms", "app_queue_cpu_loaded_ms", "failed", "jitter_p99_ms",
	}
}

func newFigures() *figures { return &figures{values: map[string]string{}} }

func (f *figures) set(name string, format string, value any) {
	f.values[name] = fmt.Sprintf(format, value)
}

// shaken keeps the worst lateness of the ticker.
func (f *figures) shaken(j time.Duration) { f.jitter = max(f.jitter, j) }

// count adds what went wrong in a run, and how much the machine disturbed it.
func (f *figures) count(r ringing) {
	f.failed += r.failed + r.unjoined
	f.shaken(r.jitter)
}

// line is the last line of the bench.
func (f *figures) line() string {
	f.set("failed", "%d", f.failed)
	f.set("jitter_p99_ms", "%.2f", ms(f.jitter))
	var b strings.Builder
	b.WriteString("BENCH")
	for _, name := range f.order() {
		value := f.values[name]
		if value == "" {
			value = "-"
		}
		fmt.Fprintf(&b, " %s=%s", name, value)
	}
	return b.String()
}
