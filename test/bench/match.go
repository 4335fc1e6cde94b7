package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// matchPart runs the benchmarks of Match; that it equals the plain reference on
// 10,000 random boards is a test of package routing.
func matchPart(ctx context.Context, o options, _ *figures) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkMatch", "-benchtime", "300ms", "./routing")
	cmd.Dir = filepath.Dir(o.tools)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, lastLine(string(out)))
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(words[0], "Benchmark"), "-")
		var ns float64
		if _, err := fmt.Sscan(words[2], &ns); err != nil {
			return err
		}
		fmt.Printf("  %-34s %8.1f µs\n", name, ns/1000)
	}
	return nil
}
