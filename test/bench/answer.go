package main

import (
	"context"
	"fmt"
	"time"
)

// answerPart measures how soon a call is answered (first INVITE to 200) at 5
// calls a second while 50 talk.
func answerPart(ctx context.Context, o options, f *figures) error {
	const perSecond, talk = 5, 10 * time.Second
	return calm(func() (time.Duration, error) {
		w, err := openWorld(ctx, o, 60, 120)
		if err != nil {
			return 0, err
		}
		defer w.close()
		if err := w.start(ctx, o, us); err != nil {
			return 0, err
		}
		l, err := startLoad(ctx, w, talks{talk, talk})
		if err != nil {
			return 0, err
		}
		late, err := l.answers(perSecond, 50, 20*time.Second)
		f.shaken(late)
		if closed := l.close(); err == nil {
			err = closed
		}
		return late, err
	})
}

func (l *load) answers(perSecond, talking int, d time.Duration) (time.Duration, error) {
	if _, err := l.call(us, 1000, perSecond, perSecond*100); err != nil {
		return 0, err
	}
	if err := l.until(40*time.Second, "so many talk", func() bool {
		_, n, _ := l.state()
		return n >= talking-1
	}); err != nil {
		return 0, err
	}
	j := startJitter()
	began := time.Now()
	select {
	case <-time.After(d):
	case <-l.ctx.Done():
		return 0, l.ctx.Err()
	}
	late := j.p99()
	l.mu.Lock()
	defer l.mu.Unlock()
	var took []time.Duration
	for _, c := range l.citizens {
		if c.invited.After(began) && !c.ok.IsZero() {
			took = append(took, c.ok.Sub(c.invited))
		}
	}
	fmt.Printf("  %d calls, %d a second, %d in talk: INVITE to 200 p50 %.1f ms, p99 %.1f ms, most %.1f ms; jitter p99 %.2f ms\n",
		len(took), perSecond, l.talking, ms(quantile(took, .5)), ms(quantile(took, .99)), ms(quantile(took, 1)), ms(late))
	return late, nil
}
