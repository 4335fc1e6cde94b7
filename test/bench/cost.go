package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// cpuPart measures what a call costs when nobody waits long: 5 calls a second,
// 20 agents, talks of 2 s.
func cpuPart(ctx context.Context, o options, f *figures) error {
	for _, e := range []engine{us, appQueue} {
		var best ringing
		err := calm(func() (time.Duration, error) {
			r, err := measureSteady(ctx, o, e, 5, 20, 2*time.Second, o.seconds)
			if err != nil {
				return 0, err
			}
			r.tell(os.Stdout, e, crowd{agents: 20})
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
		name := "cpu_ms"
		if e == appQueue {
			name = "app_queue_cpu_ms"
		}
		f.set(name, "%.2f", ms(best.cpuPerCall()))
		f.count(best)
	}
	return nil
}

// measureSteady lets so many calls a second come and measures for a time, after
// the first talks have ended.
func measureSteady(ctx context.Context, o options, e engine, perSecond, agents int, talk, d time.Duration) (ringing, error) {
	r := ringing{agents: agents}
	w, err := openWorld(ctx, o, agents, 4*agents)
	if err != nil {
		return r, err
	}
	defer w.close()
	if err := w.start(ctx, o, e); err != nil {
		return r, err
	}
	l, err := startLoad(ctx, w, talks{talk, talk})
	if err != nil {
		return r, err
	}
	err = l.steady(o, e, perSecond, talk, d, &r)
	r.complaints = l.complaints()
	if closed := l.close(); err == nil {
		err = closed
	}
	return r, err
}

func (l *load) steady(o options, e engine, perSecond int, talk, d time.Duration, r *ringing) error {
	if _, err := l.call(e, 1000, perSecond, perSecond*int(d/time.Second+30)); err != nil {
		return err
	}
	warm := time.Now().Add(talk + 2*time.Second)
	if err := l.until(20*time.Second, "calls come", func() bool {
		_, talking, _ := l.state()
		return talking > 0 && time.Now().After(warm)
	}); err != nil {
		return err
	}
	var err error
	if r.before, err = l.w.counts(l.ctx); err != nil {
		return err
	}
	j := startJitter()
	before, err := l.w.usage()
	if err != nil {
		return err
	}
	generated := l.cost()
	began := time.Now()
	profiled := make(chan error, 1)
	go func() { profiled <- l.profile(o) }()
	select {
	case <-time.After(d):
	case <-l.ctx.Done():
		return l.ctx.Err()
	}
	ended := time.Now()
	after, err := l.w.usage()
	if err != nil {
		return err
	}
	r.cpu, r.jitter, r.generator = after.since(before), j.p99(), l.cost()-generated
	if r.after, err = l.w.counts(l.ctx); err != nil {
		return err
	}
	r.fewest, _, _ = l.state()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sum(r, began, ended)
	return <-profiled
}
