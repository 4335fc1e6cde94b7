package app

import (
	"context"
	"slices"

	"hotline"
	"hotline/routing"
)

// duty has the telephones on duty ring as well while the flow of this hour says
// so. Each is an agent of its own, signed in all the while its telephone is
// registered and nobody sits at it; so its offers are like any other. It is not
// in SQL: who is on duty is written down in the city's folder.
func (d *desks) duty(ctx context.Context, v routing.View, online map[string]bool) {
	phones, skills := d.a.onDuty()
	on, taken := map[hotline.AgentID]routing.Agent{}, map[hotline.PhoneID]bool{}
	for _, ag := range v.Agents {
		if ag.ID.OnDuty() {
			on[ag.ID] = ag
		} else {
			taken[ag.Phone] = true
		}
	}
	for _, p := range phones {
		id := hotline.DutyAgent(p)
		ag, there := on[id]
		delete(on, id)
		switch {
		case !there && online[string(p)] && !taken[p],
			there && ag.State == routing.Free && !slices.Equal(ag.Skills, skills):
			d.told(ctx, "sign in", id, d.a.board.SignIn(ctx, id, p, skills))
		case there && missed(ag): // no person says that he is ready
			d.told(ctx, "ready", id, d.a.board.Ready(ctx, id))
		}
	}
	for id, ag := range on { // its hours are over; what rings or talks ends first
		if ag.State != routing.Offered && ag.Then == "" {
			d.told(ctx, "sign out", id, d.a.board.SignOut(ctx, id))
		}
	}
}

// onDuty are the telephones that ring as well at this hour.
func (a *App) onDuty() ([]hotline.PhoneID, []hotline.Skill) {
	if a.opt.OnDuty == nil {
		return nil, nil
	}
	return a.opt.OnDuty(a.now())
}

// missed tells whether the telephone was paused for offers that it missed.
func missed(ag routing.Agent) bool {
	return ag.State == routing.Paused && ag.Deadline == 0 && (ag.Reason == routing.PauseNoAnswer || ag.Reason == routing.PauseDeclined)
}

func (d *desks) told(ctx context.Context, doing string, id hotline.AgentID, err error) {
	switch {
	case err == nil:
		d.a.log.Info("telephone on duty", "doing", doing, "agent", id)
	case ctx.Err() == nil:
		d.a.log.Warn("telephone on duty", "doing", doing, "agent", id, "err", err)
	}
}

// relieve signs a telephone on duty out, because somebody sits down at it.
func (a *App) relieve(ctx context.Context, phone hotline.PhoneID) error {
	err := a.board.SignOut(ctx, hotline.DutyAgent(phone))
	if hotline.KindOf(err) == hotline.NotFound {
		return nil
	}
	return err
}
