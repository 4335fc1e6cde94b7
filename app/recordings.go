package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/pbx"
	"hotline/routing"
)

// recorded is a line whose talks are recorded only while the disk has room.
type recorded struct {
	*pbx.Line
	a *App
}

// Talk joins caller and agent. With too little disk the talk is not recorded,
// which is told to the operator and marked in the books; the call goes on.
func (l recorded) Talk(ctx context.Context, t ivr.Talk) (ivr.TalkEnd, error) {
	if t.Record == "" {
		return l.Line.Talk(ctx, t)
	}
	if l.a.opt.Recordings == nil {
		t.Record = ""
		return l.Line.Talk(ctx, t)
	}
	room := l.a.opt.Recordings.Room()
	if room != nil {
		l.a.log.Error("ALARM: talks are not recorded", "call", t.Offer.Call, "err", room)
		l.a.opt.Meter.Unrecorded()
		t.Record = ""
	}
	end, err := l.Line.Talk(ctx, t)
	if room != nil {
		end.Note = "not recorded: " + room.Error()
	}
	return end, err
}

// pauseWithin is how long an agent waits to be told that nothing is recorded now.
const pauseWithin = 3 * time.Second

// Record pauses the recording of the agent's talk (on false), while the citizen
// says what is not to be kept, or has it go on. It is so when Record returns.
// Errors: NotFound (not signed in), Conflict (no talk, or it is not recorded).
func (a *App) Record(ctx context.Context, id hotline.AgentID, on bool) error {
	ctx, cancel := context.WithTimeout(ctx, pauseWithin)
	defer cancel()
	v, err := a.board.View(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(v.Agents, func(ag routing.Agent) bool { return ag.ID == id })
	if i < 0 {
		return hotline.Errorf(hotline.NotFound, "agent %s is not signed in", id)
	}
	ag := v.Agents[i]
	var line *pbx.Line
	if r := a.calls.get(ag.Call); r != nil {
		line = r.on()
	}
	if ag.State != routing.Talking || line == nil {
		return hotline.Errorf(hotline.Conflict, "agent %s is %s; only a talk's recording can be paused", id, ag.State)
	}
	if err := line.PauseRecording(ctx, !on); err != nil {
		return err
	}
	a.log.Info("recording", "call", ag.Call, "agent", id, "on", on)
	return nil
}

const (
	joinWithin  = 30 * time.Second
	expireEvery = time.Hour
)

// keepRecording joins the two sides of a finished talk into one file.
func (a *App) keepRecording(o hotline.Outcome) {
	if o.Recording == "" || a.opt.Recordings == nil {
		return
	}
	a.done.Go(func() {
		ctx, cancel := context.WithTimeout(a.life, joinWithin)
		defer cancel()
		if err := a.opt.Recordings.Join(ctx, strings.TrimSuffix(o.Recording, ".wav")); err != nil && a.life.Err() == nil {
			a.log.Error("the recording is not whole", "call", o.Call, "ticket", o.Ticket, "err", err)
		}
	})
}

// keepRecordings joins what a controller before left in two sides, and then
// deletes what is too old, each hour.
func (a *App) keepRecordings(ctx context.Context) {
	if a.opt.Recordings == nil {
		return
	}
	if err := a.opt.Recordings.JoinLeft(ctx, a.calls.talking); err != nil && ctx.Err() == nil {
		a.log.Warn("recordings left by a controller before", "err", err)
	}
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		n, err := a.opt.Recordings.Expire(a.now())
		if n > 0 || err != nil {
			a.log.Info("old recordings deleted", "files", n, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
