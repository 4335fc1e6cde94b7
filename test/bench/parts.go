package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

const (
	tooLate  = 5 * time.Millisecond // a run with this much jitter is repeated
	mostRuns = 3
)

// calm repeats a run that the machine disturbed, three runs at most. All of
// them are shown; the calmest counts.
func calm(run func() (time.Duration, error)) error {
	for n := 1; ; n++ {
		late, err := run()
		if err != nil {
			return err
		}
		if late <= tooLate || n == mostRuns {
			return nil
		}
		fmt.Printf("  the machine was busy (a 1 ms ticker was %.1f ms late, p99); run %d of at most %d follows\n", ms(late), n+1, mostRuns)
	}
}

var shortTalks = talks{300 * time.Millisecond, 500 * time.Millisecond}

// ringPart measures e with 500 waiting.
func ringPart(e engine) func(context.Context, options, *figures) error {
	return func(ctx context.Context, o options, f *figures) error {
		c := crowd{waiting: 500, agents: 50, offers: o.offers, talks: shortTalks}
		if e == appQueue {
			c.offers /= 2 // it takes twice the time
		}
		var best ringing
		err := calm(func() (time.Duration, error) {
			r, err := measureRing(ctx, o, e, c)
			if err != nil {
				return 0, err
			}
			r.tell(os.Stdout, e, c)
			if o.verbose {
				tellCounts(os.Stdout, r.before, r.after)
				fmt.Println(r.complaints)
			}
			best = calmer(best, r)
			return r.jitter, nil
		})
		if err != nil {
			return err
		}
		prefix, ring := "", "ring"
		if e == appQueue {
			prefix, ring = "app_queue_", "app_queue"
		} else {
			f.set("offers", "%d", len(best.gaps))
		}
		f.set(ring+"_p50_ms", "%.1f", ms(quantile(best.gaps, .5)))
		f.set(ring+"_p99_ms", "%.1f", ms(quantile(best.gaps, .99)))
		f.set(prefix+"floor_ratio", "%.3f", best.ratio())
		f.set(prefix+"cpu_loaded_ms", "%.2f", ms(best.cpuPerCall()))
		f.count(best)
		return nil
	}
}

// pacedPart is ringPart with as many callers and agents as leave the processors
// some room: at what a call costs, the music of 500 callers and 125 calls a
// second are more than two processors can do.
func pacedPart(ctx context.Context, o options, f *figures) error {
	for _, e := range []engine{us, appQueue} {
		c := crowd{waiting: 100, agents: 20, offers: min(o.offers, 1000), talks: shortTalks}
		if err := tellRing(ctx, o, f, e, c); err != nil {
			return err
		}
	}
	return nil
}

// smallPart measures us with a small queue.
func smallPart(ctx context.Context, o options, f *figures) error {
	c := crowd{waiting: 20, agents: 5, offers: 250, talks: shortTalks}
	return tellRing(ctx, o, f, us, c)
}

// tellRing measures e with the crowd c and tells it; the last line has no place
// for it.
func tellRing(ctx context.Context, o options, f *figures, e engine, c crowd) error {
	var best ringing
	err := calm(func() (time.Duration, error) {
		r, err := measureRing(ctx, o, e, c)
		if err != nil {
			return 0, err
		}
		r.tell(os.Stdout, e, c)
		best = calmer(best, r)
		return r.jitter, nil
	})
	f.count(best)
	return err
}

// calmer is the run that the machine disturbed less.
func calmer(best, r ringing) ringing {
	if best.took == 0 || r.jitter < best.jitter {
		return r
	}
	return best
}
