package pbx

import (
	"context"
	"time"

	"hotline/ivr"
	"hotline/pbx/ari"
)

// A talk is recorded as two mono files, what the citizen said and what he heard
// (the agent), by two channels that listen to his: ARI records a bridge only
// mixed, and a channel in a bridge not at all. Package recording joins the two
// into one file, citizen left and agent right.
const (
	doorRecorder = "recorder"
	recorderOf   = "rec."

	// SideCitizen and SideAgent end the names of the two files.
	SideCitizen = "-citizen"
	SideAgent   = "-agent"
)

// recorders are the listening channels: what they spy on, and their file.
var recorders = [...]struct{ spy, side string }{{"in", SideCitizen}, {"out", SideAgent}}

func (l *Line) recorder(spy string) string { return recorderOf + spy + "." + l.id }

// record begins to record the talk. Recording already, it goes on.
func (l *Line) record(ctx context.Context, name string) error {
	for _, r := range recorders {
		err := l.conn.Do(ctx, ari.Snoop(l.id, l.recorder(r.spy), r.spy, l.x.opt.ARI.App, doorRecorder))
		// Asterisk answers 500, not 409, when the listening channel is there.
		if err != nil && !l.recording(ctx, name+r.side) {
			return err
		}
	}
	for _, r := range recorders {
		if err := l.recordOn(ctx, l.recorder(r.spy), name+r.side); err != nil {
			return err
		}
	}
	return nil
}

const (
	recorderTries = 20
	recorderWait  = 10 * time.Millisecond
)

// recordOn records a listening channel, which may take a moment to be in the
// application. A recording of that name under way is what we want.
func (l *Line) recordOn(ctx context.Context, channel, name string) error {
	request := ari.RecordChannel(channel, ari.Recording{Name: name, Format: "wav"}, 0, "none")
	for try := 1; ; try++ {
		err := l.conn.Do(ctx, request)
		switch {
		case err == nil:
			return nil
		case !ari.IsConflict(err) && !ari.IsInvalid(err) && !ari.IsNotFound(err), try == recorderTries:
			if l.recording(ctx, name) {
				return nil
			}
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(recorderWait):
		}
	}
}

func (l *Line) recording(ctx context.Context, name string) bool {
	return l.conn.Do(ctx, ari.LiveRecordingOf(name)) == nil
}

// unrecord ends the recording; the files are complete a moment later.
func (l *Line) unrecord(t ivr.Talk) {
	if t.Record == "" {
		return
	}
	for _, r := range recorders {
		_, _ = l.conn.Start(ari.Hangup(l.recorder(r.spy), "normal"))
	}
}

// begin records the talk if that is wanted, and gives the note for the books
// when it was not possible: the talk goes on all the same.
func (l *Line) begin(ctx context.Context, t ivr.Talk) (note string) {
	if t.Record == "" {
		return ""
	}
	if err := l.record(ctx, t.Record); err != nil && ctx.Err() == nil {
		l.x.trouble(t.Offer.Call, "record", err)
		return "not recorded: " + err.Error()
	}
	return ""
}
