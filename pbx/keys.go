package pbx

import (
	"context"
	"time"

	"hotline/ivr"
	"hotline/pbx/ari"
)

// mostKeys is how many unused keys are kept; a caller may press a thousand.
const mostKeys = 32

// echoed tells that a key is the one before, told twice: Asterisk does so when
// keys come faster than it takes them. Two presses of one key cannot end nearer
// to each other than the second was held.
func (l *Line) echoed(e *ari.Event) bool {
	again := e.Digit == l.lastKey && e.Time.Sub(l.lastKeyAt) < e.Duration
	l.lastKey, l.lastKeyAt = e.Digit, e.Time
	return again
}

// key takes the next unused key.
func (l *Line) key() (byte, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.keys) == 0 {
		return 0, false
	}
	k := l.keys[0]
	l.keys = l.keys[1:]
	return k, true
}

// Ask says q and returns the keys.
func (l *Line) Ask(ctx context.Context, q ivr.Question) (string, error) {
	l.mu.Lock()
	early := len(l.keys) > 0
	l.mu.Unlock()
	if !early {
		if err := l.play(ctx, q.Tag, q.Parts); err != nil {
			return "", err
		}
	}
	return l.gather(ctx, q.Entry)
}

// gather reads keys until the entry is complete or silent for too long. The
// silence counts from the end of the speech or the last key.
func (l *Line) gather(ctx context.Context, e ivr.Entry) (string, error) {
	have := ""
	silence := time.NewTimer(time.Hour)
	defer silence.Stop()
	for speaking := true; ; {
		for k, ok := l.key(); ok; k, ok = l.key() {
			l.quiet()
			var done bool
			if have, done = e.Press(have, k); done {
				return have, nil
			}
			speaking = true // wait anew
		}
		if speaking && l.said() {
			speaking = false
			silence.Reset(e.Silence)
		}
		select {
		case <-l.wake:
		case <-silence.C:
			return have, nil
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}
