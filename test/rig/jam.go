package rig

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// jam is a log that takes no more lines from one moment of a call on: whoever
// writes that line stands still, as where the log goes into a full pipe. It is how
// stories have one part of a controller stuck while the others go on.
type jam struct {
	slog.Handler
	at *atomic.Value // the moment
}

// Handle writes the line, or never comes back.
func (j *jam) Handle(ctx context.Context, r slog.Record) error {
	if at, ok := j.at.Load().(string); ok && r.Message == "moment" {
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == "moment" && a.Value.String() == at {
				select {}
			}
			return true
		})
	}
	return j.Handler.Handle(ctx, r)
}

// Jam has the controller stand still at the next such moment; for net/rpc.
func (d *Desk) Jam(moment string, _ *bool) error {
	d.jam.at.Store(moment)
	return nil
}

// Jam has the part that logs a moment of this name stand still there: "offered"
// is the board's loop, "arrived" the reader of Asterisk's events.
func (k *Controller) Jam(moment string) {
	k.t.Helper()
	if err := k.c.desk.Call("Desk.Jam", moment, new(bool)); err != nil {
		k.t.Fatal(err)
	}
}

// Over is closed when the controller's process is gone.
func (k *Controller) Over() <-chan struct{} { return k.c.over }

// Exit is the exit status of a controller that is gone.
func (k *Controller) Exit() int { return k.c.cmd.ProcessState.ExitCode() }

// Said tells whether the controller has written a line, of its log or not, in
// which so is true.
func (k *Controller) Said(so func(Line) bool) bool {
	k.c.mu.Lock()
	defer k.c.mu.Unlock()
	for _, l := range k.c.lines {
		if so(l) {
			return true
		}
	}
	return false
}
