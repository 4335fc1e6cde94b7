package ivr

import (
	"context"
	"slices"
	"time"

	"hotline"
)

// mostGaps is how often the recording of one talk is paused: each pause is kept
// with the call, whose record stays short.
const mostGaps = 50

// mark notes that the recording is paused, or goes on, before it is so: a
// controller that takes over makes it as noted, and so nothing is recorded that
// the agent meant to leave out.
func (c *Call) mark(ctx context.Context) func(paused, done bool) error {
	return func(paused, done bool) error {
		c.Muted = done
		switch {
		case done:
		case paused == c.paused():
			return nil
		case !paused:
			c.Facts.Gaps = closed(c.Facts.Gaps, c.Now().UTC())
		case len(c.Facts.Gaps) >= mostGaps:
			return hotline.Errorf(hotline.Conflict, "the recording of this talk was paused %d times already; no more are kept", mostGaps)
		default:
			c.Facts.Gaps = append(slices.Clone(c.Facts.Gaps), hotline.Gap{From: c.Now().UTC()})
		}
		c.save(context.WithoutCancel(ctx))
		return nil
	}
}

// paused tells whether the last gap is open.
func (c *Call) paused() bool {
	gaps := c.Facts.Gaps
	return len(gaps) > 0 && gaps[len(gaps)-1].To.IsZero()
}

// closed ends the last gap where it is open. Others may read the old slice.
func closed(gaps []hotline.Gap, end time.Time) []hotline.Gap {
	if len(gaps) == 0 || !gaps[len(gaps)-1].To.IsZero() {
		return gaps
	}
	gaps = slices.Clone(gaps)
	gaps[len(gaps)-1].To = end
	return gaps
}
