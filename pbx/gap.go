package pbx

import (
	"context"
	"errors"
	"sync"

	"hotline"
	"hotline/ivr"
	"hotline/pbx/ari"
)

// pause asks that the recording be paused, or go on.
type pause struct {
	on   bool
	done chan error // of one
}

// PauseRecording has silence written into both sides of the recording (on), or
// what is said again. So the two sides stay in step, and as long as the talk. It
// returns when it is so; so already is success. Conflict: the caller does not
// talk, or the talk is not recorded. Other goroutines than the call's may use it.
func (l *Line) PauseRecording(ctx context.Context, on bool) error {
	p := pause{on, make(chan error, 1)}
	select {
	case l.pauses <- p:
	case <-l.over:
		return errNoTalk
	case <-ctx.Done():
		return errNoTalk
	}
	select {
	case err := <-p.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

var errNoTalk = hotline.Errorf(hotline.Conflict, "the talk is over, or has not begun")

// pause does what was asked for during the talk.
func (l *Line) pause(ctx context.Context, t *ivr.Talk, p pause, recorded bool) error {
	switch {
	case !recorded:
		return hotline.Errorf(hotline.Conflict, "this talk is not recorded")
	case p.on == t.Paused:
		return nil
	}
	if err := t.Mark(p.on, false); err != nil {
		return err
	}
	t.Paused = p.on
	err := l.mute(ctx, *t)
	if err != nil && p.on { // the agent is told that he is recorded: then both sides are
		t.Paused = false
		return errors.Join(err, t.Mark(false, false), l.mute(ctx, *t))
	}
	return err
}

// paused makes a recording that is taken over as it was noted.
func (l *Line) paused(ctx context.Context, t ivr.Talk) error {
	if t.Paused && t.Muted {
		return nil
	}
	return l.mute(ctx, t)
}

// mute makes both sides of the recording silent, or ends that, whichever it was.
// Asterisk ends the silence of a recording that is muted a second time (measured,
// 22.10.1), and does not tell whether it is muted: so it is unmuted first. Where
// it was silent a frame or two would be heard of that (paused).
func (l *Line) mute(ctx context.Context, t ivr.Talk) error {
	var errs [len(sides)]error
	var both sync.WaitGroup // at the same moment
	for i, side := range sides {
		both.Go(func() {
			errs[i] = l.conn.Do(ctx, ari.UnmuteRecording(t.Record+side))
			if errs[i] == nil && t.Paused {
				errs[i] = l.conn.Do(ctx, ari.MuteRecording(t.Record+side))
			}
		})
	}
	both.Wait()
	if err := errors.Join(errs[:]...); err != nil || !t.Paused {
		return err
	}
	return t.Mark(true, true)
}
