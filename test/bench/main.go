// Command bench measures the hotline and Asterisk's own queue under the same
// load on the same Asterisk: the figures of docs/benchmarks.md.
//
//	make bench
//	go run ./test/bench -only ring
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"hotline/test/wire"
)

// options say how much is measured.
type options struct {
	tools      string
	only       string
	offers     int
	seconds    time.Duration // of the part about processor time
	profile    string
	profileFor time.Duration
	verbose    bool
	keep       bool   // the sites' folders are left
	bare       bool   // this program's own controller instead of hotline serve
	program    string // hotline
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == controllerWord {
		if err := controllerMain(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var o options
	flag.StringVar(&o.tools, "tools", ".tools", "the folder that make tools fills")
	flag.StringVar(&o.only, "only", "", "the parts to run, with commas between: "+strings.Join(names(), ", "))
	flag.IntVar(&o.offers, "offers", 2000, "offers to measure with 500 waiting")
	flag.DurationVar(&o.seconds, "cpu", 120*time.Second, "how long 5 calls a second come when processor time is measured")
	flag.StringVar(&o.profile, "profile", "", "a file for a profile of the controller with 500 waiting")
	flag.DurationVar(&o.profileFor, "profile-for", 10*time.Second, "how long to profile")
	flag.BoolVar(&o.keep, "keep", false, "leave the sites' folders, with their logs, and tell where they are")
	flag.BoolVar(&o.bare, "bare", false, "measure package app alone, without API, metrics and the city's folder; needed by -profile")
	flag.BoolVar(&o.verbose, "v", false, "tell requests and events of each call too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if o.tools, err = filepath.Abs(o.tools); err == nil {
		err = run(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// part is one measurement. An extra one is made only when it is named, so that
// the rest end within ten minutes.
type part struct {
	name, what string
	run        func(ctx context.Context, o options, f *figures) error
	extra      bool
}

// parts are all measurements, in the order in which they are made.
func parts() []part {
	return []part{
		{"ring", "an agent's BYE to the next INVITE to him: 500 waiting, 50 agents", ringPart(us), false},
		{"queue", "the same with app_queue", ringPart(appQueue), false},
		{"paced", "both with 100 waiting and 20 agents", pacedPart, true},
		{"small", "the same with us: 20 waiting, 5 agents", smallPart, false},
		{"rest", "what is used while nothing happens", restPart, true},
		{"idle", "500 callers who only wait", idlePart, true},
		{"cpu", "processor time of a call, 5 a second", cpuPart, false},
		{"answer", "a call's first INVITE to 200, 5 a second with 50 in talk", answerPart, false},
		{"key", "the end of a key to the next prompt", keyPart, false},
		{"sound", "100 talks with sound both ways for a minute", soundPart, false},
		{"match", "Match: one of 500 frees among 2,000 waiting; all free at once; none fits", matchPart, false},
		{"surge", "20 calls a second for a minute, 80 agents, talks of 3 s", surgePart, false},
	}
}

func names() (all []string) {
	for _, p := range parts() {
		all = append(all, p.name)
	}
	return all
}

func run(ctx context.Context, o options) error {
	f := newFigures()
	began := time.Now()
	if err := wire.May(o.tools); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench-program")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.program, err = program(ctx, filepath.Dir(o.tools), dir); err != nil {
		return err
	}
	for _, p := range parts() {
		if o.only == "" && p.extra || o.only != "" && !slices.Contains(strings.Split(o.only, ","), p.name) {
			continue
		}
		fmt.Printf("%s: %s\n", p.name, p.what)
		start := time.Now()
		if err := p.run(ctx, o, f); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		fmt.Printf("  %.0f s\n", time.Since(start).Seconds())
	}
	fmt.Printf("all: %.0f s\n", time.Since(began).Seconds())
	fmt.Println(f.line())
	return nil
}

func sorted(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }
