package rig

import (
	"context"
	"errors"
	"time"

	"hotline"
)

// Aim does something at a moment to come of this controller, while the message
// waits. do tells whether the message goes on; a controller that is dead gets
// none. The channel is closed when it is done; forget gives the moment up.
func (k *Controller) Aim(m Moment, do func() (on bool)) (hit <-chan struct{}, forget func()) {
	at := m.tap(k.redis, k.asterisk)
	return at.aim(m, do), at.forget
}

// Served waits until the controller serves; an error when it ends before.
func (k *Controller) Served(ctx context.Context) error {
	_, err := k.c.saw(ctx, "msg", serving)
	return err
}

// Ready ends an agent's pause at this controller, where the controller is there
// to be asked and answers within a second.
func (k *Controller) Ready(id hotline.AgentID) error {
	asked := k.c.desk.Go("Desk.Ready", id, new(bool), nil)
	select {
	case <-asked.Done:
		return asked.Error
	case <-time.After(time.Second):
		return errors.New("the controller does not answer")
	}
}
