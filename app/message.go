package app

import (
	"context"
	"time"

	"hotline/ivr"
	"hotline/pbx"
)

// machine takes messages and keeps those that hold speech, also of a caller who
// hung up over it.
type machine struct {
	*pbx.Line
	a *App
}

const heardWithin = 3 * time.Second

// Take records a message; the name is empty when nothing was said.
func (m machine) Take(ctx context.Context, s ivr.Speech, name string, longest time.Duration) (string, error) {
	file, err := m.Line.Take(ctx, s, name, longest)
	switch {
	case file == "" || m.a.opt.Recordings == nil:
		return file, err
	case ivr.PlaysOn(err):
		return "", err // he speaks on; whoever plays on takes it
	}
	quick, cancel := context.WithTimeout(context.WithoutCancel(ctx), heardWithin)
	defer cancel()
	said, trouble := m.a.opt.Recordings.Speech(quick, file)
	if trouble != nil {
		m.a.log.Error("a message cannot be listened to; it is kept", "file", file, "err", trouble)
		return file, err
	}
	if !said {
		return "", err
	}
	return file, err
}
