package ivr

import (
	"context"
	"strings"
	"time"

	"hotline"
)

const (
	// codeWithin is how long after a key the next one still belongs to it: a key
	// pressed by mistake does not spoil the code after it.
	codeWithin = 4 * time.Second
	// mostCodes is how often in one wait a code is followed: each costs the board
	// two writes, and a caller may press a thousand keys.
	mostCodes = 8
)

// codes follows the codes a caller presses while he waits. He hears nothing of
// it. The last one counts; a call keyed by the old number it came through stays
// so, for that is the stronger sign (domain.md §4).
func (s QueueStep) codes(ctx context.Context, c *Call) func(key byte) {
	if len(s.Keys) == 0 || c.Facts.Keyed == hotline.KeyedOldNumber {
		return nil
	}
	code, last, followed := "", time.Time{}, 0
	return func(key byte) {
		c.pressed(string(key))
		now := c.Now()
		if now.Sub(last) > codeWithin {
			code = ""
		}
		last, code = now, s.code(code, key)
		if choice, ok := s.Keys[code]; ok && followed < mostCodes {
			code = ""
			followed++
			s.move(ctx, c, choice)
		}
	}
}

// code adds a key to what was pressed of a code; a key that belongs to none
// begins anew.
func (s QueueStep) code(have string, key byte) string {
	for _, begun := range [...]string{have + string(key), string(key)} {
		for code := range s.Keys {
			if strings.HasPrefix(code, begun) {
				return begun
			}
		}
	}
	return ""
}

// move notes the choice, and has the call wait where it leads, in its old order.
// Where a phone rings for it already the queue leaves it there.
func (s QueueStep) move(ctx context.Context, c *Call, choice Choice) {
	c.choose(choice)
	if place, err := c.Queue.Join(ctx, s.wish(c), nil); err == nil {
		c.Place, c.Facts.Queue = place, place.Queue
	}
	c.save(ctx)
}
