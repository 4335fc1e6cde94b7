package pbx

import (
	"context"
	"time"

	"hotline/pbx/ari"
)

// messageSilence ends a message after so long without speech.
const messageSilence = 6 * time.Second

// message records what the caller says, until a key, silence, longest, or the
// end of the call. The name is given also when the caller hung up: what he said
// until then is a message.
func (l *Line) message(ctx context.Context, name string, longest time.Duration) (string, error) {
	done := make(chan struct{})
	l.mu.Lock()
	l.recorded[name] = done
	l.mu.Unlock()
	err := l.conn.Do(ctx, ari.RecordChannel(l.id, ari.Recording{Name: name, Format: "wav", Max: longest, Replace: true}, messageSilence, "any"))
	if err != nil && !ari.IsConflict(err) { // he spoke to it already when a controller before was gone
		return "", err
	}
	select {
	case <-done:
		return name + ".wav", nil
	case <-ctx.Done():
		return name + ".wav", context.Cause(ctx)
	}
}
