package main

import (
	"context"
	"fmt"
	"time"
)

// restPart measures what is used while nothing happens at all: by us, and by an
// Asterisk without us.
func restPart(ctx context.Context, o options, _ *figures) error {
	for _, e := range []engine{us, appQueue} {
		if err := measureRest(ctx, o, e); err != nil {
			return err
		}
	}
	return nil
}

func measureRest(ctx context.Context, o options, e engine) error {
	w, err := openWorld(ctx, o, 20, 20)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.start(ctx, o, e); err != nil {
		return err
	}
	time.Sleep(3 * time.Second)
	before, err := w.usage()
	if err != nil {
		return err
	}
	const d = 20 * time.Second
	time.Sleep(d)
	after, err := w.usage()
	if err != nil {
		return err
	}
	u := after.since(before)
	fmt.Printf("  %-9s  nothing happens: Asterisk %.2f, controller %.2f, Redis %.2f ms of processor time a second\n",
		e, ms(u.asterisk)/d.Seconds(), ms(u.controller)/d.Seconds(), ms(u.redis)/d.Seconds())
	return nil
}

// idlePart measures what 500 callers cost who only wait and hear music: in our
// hands, and in app_queue's whose agents never answer.
func idlePart(ctx context.Context, o options, _ *figures) error {
	for _, e := range []engine{us, appQueue} {
		if err := measureIdle(ctx, o, e); err != nil {
			return err
		}
	}
	return nil
}

func measureIdle(ctx context.Context, o options, e engine) error {
	w, err := openWorld(ctx, o, 1, 600)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.start(ctx, o, e); err != nil {
		return err
	}
	l, err := startLoad(ctx, w, talks{time.Hour, time.Hour + 1})
	if err != nil {
		return err
	}
	err = l.idle(e)
	if closed := l.close(); err == nil {
		err = closed
	}
	return err
}

func (l *load) idle(e engine) error {
	if _, err := l.call(e, 501, 200, 501); err != nil {
		return err
	}
	if err := l.until(30*time.Second, "all wait", func() bool {
		waiting, _, _ := l.state()
		return waiting >= 499
	}); err != nil {
		return err
	}
	time.Sleep(3 * time.Second) // the greeting
	j := startJitter()
	before, err := l.w.usage()
	if err != nil {
		return err
	}
	const d = 5 * time.Second
	time.Sleep(d)
	after, err := l.w.usage()
	if err != nil {
		return err
	}
	u := after.since(before)
	fmt.Printf("  %-9s  500 waiting: Asterisk %.0f %%, controller %.1f %%, Redis %.1f %% of one processor; jitter p99 %.2f ms\n",
		e, 100*u.asterisk.Seconds()/d.Seconds(), 100*u.controller.Seconds()/d.Seconds(), 100*u.redis.Seconds()/d.Seconds(), ms(j.p99()))
	return nil
}
