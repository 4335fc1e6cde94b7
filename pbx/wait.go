package pbx

import (
	"context"
	"time"

	"hotline/ivr"
	"hotline/pbx/ari"
)

// Wait plays music, and now and then words, until ctx ends; then it is quiet.
func (l *Line) Wait(ctx context.Context, w ivr.Waiting) error {
	if w.Pressed == nil {
		l.mu.Lock()
		l.keys = nil // keys of the menu mean nothing here
		l.mu.Unlock()
	}
	if l.placeNow {
		l.placeNow = false
		l.writePlace()
	}
	say := w.First
	if len(say) > 0 && !l.breathe(ctx) {
		return nil
	}
	written := time.NewTimer(placeAfter)
	defer written.Stop()
	var every <-chan time.Time
	if w.Every > 0 && w.Next != nil {
		tick := time.NewTicker(w.Every)
		defer tick.Stop()
		every = tick.C
	}
	due := false
	for first := len(say) > 0; ; {
		if first && len(say) == 0 && l.said() {
			first = false
			if w.Heard != nil {
				w.Heard()
			}
		}
		if l.tellKeys(w.Pressed) && l.place != "" { // perhaps another place now
			written.Reset(placeAfter)
		}
		if err := l.rest(ctx, w.Tag, say); err != nil {
			if ctx.Err() != nil {
				break
			}
			return err
		}
		if due && len(say) == 0 && l.said() {
			l.writePlace()
			due = false
		}
		say = nil
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-written.C:
			due = true
		case <-every:
			say = w.Next()
		}
		if ctx.Err() != nil {
			break
		}
	}
	l.quietWords()
	return nil
}

// breath is the silence before the first words to a caller who waits. The sound of a
// call that has just been answered needs about as long to find its way, so that first
// syllables are lost; and where an agent's telephone answers by itself nobody hears a
// snippet of words that were not meant for him any more.
const breath = 100 * time.Millisecond

// breathe answers and draws breath; false: ctx ended meanwhile.
func (l *Line) breathe(ctx context.Context) bool {
	if !l.OnAgent {
		if err := l.up(ctx); err != nil {
			return ctx.Err() == nil // said again where it matters
		}
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(breath):
		return true
	}
}

// tellKeys tells the keys that were pressed, and whether there were any.
func (l *Line) tellKeys(pressed func(key byte)) (some bool) {
	if pressed == nil {
		return false
	}
	for k, ok := l.key(); ok; k, ok = l.key() {
		pressed(k)
		some = true
	}
	return some
}

// quietWords stops an announcement; music is stopped by joining or by the next
// words.
func (l *Line) quietWords() {
	if l.playing == "" {
		return
	}
	_, _ = l.conn.Start(ari.StopPlayback(l.playing))
	l.playing = ""
}

// rest says something, or sees to it that there is music when nothing is said.
func (l *Line) rest(ctx context.Context, tag string, say []ivr.Part) error {
	switch {
	case l.OnAgent && !l.answered:
		if l.ringing {
			return nil
		}
		l.ringing = true
		return l.batch(ctx, ari.Ring(l.id))
	case len(say) > 0:
		return l.play(ctx, tag, say)
	case !l.said() || l.music:
		return nil
	default:
		if err := l.up(ctx); err != nil {
			return err
		}
		l.music = true
		return l.batch(ctx, ari.StartMOH(l.id, l.x.opt.Music))
	}
}

// PlaceOn has the caller's place written on the channel, once: it is what his place is
// rebuilt from should Redis be lost. That is when he waits for longer than a moment, or
// at once, before he hears that he waits.
func (l *Line) PlaceOn(place string, atOnce bool) { l.place, l.placeNow = place, atOnce }

// Place reads what PlaceOn wrote before the line was taken up; "" nothing.
func (l *Line) Place(ctx context.Context) (string, error) {
	place, err := ari.GetVariable(ctx, l.conn, l.id, varPlace)
	if ari.IsNotFound(err) {
		return "", nil
	}
	return place, err
}

// placeAfter is how long a caller waits before his place is written on his
// channel; most are answered sooner.
const placeAfter = time.Second

// writePlace writes it while nothing is said: the channel's own thread does it,
// and while that plays a prompt, the request waits for the prompt's end.
func (l *Line) writePlace() {
	if l.place == "" {
		return
	}
	place := l.place
	l.place = ""
	l.x.pumps.Go(func() {
		err := l.conn.Do(context.Background(), ari.SetVariable(l.id, varPlace, place))
		if err != nil && !ari.IsNotFound(err) && l.conn.Err() == nil {
			l.x.trouble(l.Call(), "write the place", err)
		}
	})
}
