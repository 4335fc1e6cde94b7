package pbx

import (
	"context"
	"time"

	"hotline/ivr"
	"hotline/pbx/ari"
)

// A talk is recorded as two mono files, what the citizen said and what the agent
// said, by a channel that listens to each: ARI records a bridge only mixed, and a
// channel in a bridge not at all. Package recording joins the two into one file,
// citizen left and agent right.
//
// Both listen to what comes in. What goes out to the citizen would be the agent
// too, but after the first words to both (another channel leaves the bridge) one
// time in four nothing more of it is heard there (measured, Asterisk 22.10.1).
const (
	doorRecorder = "recorder"
	recorderOf   = "rec."

	// SideCitizen and SideAgent end the names of the two files.
	SideCitizen = "-citizen"
	SideAgent   = "-agent"
)

// sides end the names of the two files and begin those of the listening channels.
var sides = [...]string{SideCitizen, SideAgent}

func (l *Line) recorder(side string) string { return recorderOf + side[1:] + "." + l.id }

// record begins to record the talk. Recording already, it goes on.
func (l *Line) record(ctx context.Context, t ivr.Talk) error {
	who := map[string]string{SideCitizen: l.id, SideAgent: legID(t.Offer)}
	for _, side := range sides {
		err := l.conn.Do(ctx, ari.Snoop(who[side], l.recorder(side), "in", l.x.opt.ARI.App, doorRecorder))
		// Asterisk answers 500, not 409, when the listening channel is there, perhaps
		// made by a controller that came no further.
		if err != nil && l.conn.Do(ctx, ari.ChannelOf(l.recorder(side))) != nil {
			return err
		}
	}
	for _, side := range sides {
		if err := l.recordOn(ctx, l.recorder(side), t.Record+side); err != nil {
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
		case err == nil, ari.IsConflict(err) && l.recording(ctx, name):
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
	for _, side := range sides {
		_, _ = l.conn.Start(ari.Hangup(l.recorder(side), "normal"))
	}
}

// begin records the talk if that is wanted, and gives the note for the books
// when it was not possible: the talk goes on all the same.
func (l *Line) begin(ctx context.Context, t ivr.Talk) (note string) {
	if t.Record == "" {
		return ""
	}
	if err := l.record(context.WithoutCancel(ctx), t); err != nil && ctx.Err() == nil { // it is of the join
		l.x.trouble(t.Offer.Call, "record", err)
		return "not recorded: " + err.Error()
	}
	if l.found { // it is as a controller before left it: make it as was noted
		if err := l.paused(ctx, t); err != nil && ctx.Err() == nil {
			l.x.trouble(t.Offer.Call, "pause the recording", err)
		}
	}
	return ""
}
