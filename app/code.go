package app

import (
	"context"
	"regexp"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/pbx"
	"hotline/routing"
	"hotline/store"
)

// Short codes that telephones dial (domain.md: agents sign in by short code):
//
//	*1001#PIN or *1001*PIN   agent 1001 signs in at this telephone
//	*0                       signs out
//	*1                       pauses (reason "break")
//	*2                       is ready again
var (
	signInCode = regexp.MustCompile(`^\*([0-9]{2,8})[#*]([0-9]{4,12})#?$`)
)

// code does what a telephone's short code asks and says how it went.
func (a *App) code(c pbx.Arrival, line *pbx.Line) {
	ctx, end := context.WithCancelCause(a.life)
	defer end(nil)
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	line.Listen(end, "")
	defer line.Release()
	prompt := a.obey(ctx, hotline.PhoneID(line.Account()), c.Dialled)
	if err := line.Say(ctx, ivr.Speech{Tag: "code.1", Parts: []ivr.Part{{Prompt: prompt}}}); err != nil && ctx.Err() == nil {
		a.log.Warn("short code", "phone", line.Account(), "err", err)
	}
	if err := line.End(context.WithoutCancel(ctx)); err != nil {
		a.log.Warn("short code", "phone", line.Account(), "err", err)
	}
}

// obey does the code and gives the prompt that tells the result.
func (a *App) obey(ctx context.Context, phone hotline.PhoneID, dialled string) string {
	if m := signInCode.FindStringSubmatch(dialled); m != nil {
		return a.signIn(ctx, hotline.AgentID(m[1]), m[2], phone)
	}
	desk := a.agentAt(ctx, phone)
	agent := desk.ID
	if agent == "" {
		return "desk.notin"
	}
	ctx = store.As(ctx, "agent:"+string(agent))
	var err error
	said := ""
	switch dialled {
	case "*0":
		said, err = "desk.out", a.SignOut(ctx, agent)
	case "*1":
		said, err = "desk.paused", a.Pause(ctx, agent, "break")
	case "*2":
		said, err = "desk.free", a.Ready(ctx, agent)
		if desk.State == routing.Free && hotline.KindOf(err) == hotline.Conflict {
			err = nil // so he was already
		}
	default:
		return "desk.unknown"
	}
	return a.orAway(said, err)
}

func (a *App) orAway(said string, err error) string {
	if err == nil {
		return said
	}
	a.log.Warn("short code", "err", err)
	return "desk.away"
}

func (a *App) signIn(ctx context.Context, id hotline.AgentID, pin string, phone hotline.PhoneID) string {
	agent, err := a.opt.Store.CheckPIN(ctx, id, pin)
	if err != nil {
		a.log.Warn("sign-in refused", "agent", id, "phone", phone, "err", err)
		if k := hotline.KindOf(err); k == hotline.Forbidden || k == hotline.NotFound {
			return "desk.wrong"
		}
		return "desk.away"
	}
	err = a.SignIn(store.As(ctx, "agent:"+string(agent.ID)), agent.ID, phone, agent.Skills)
	if other := a.agentAt(ctx, phone).ID; err != nil && other != "" && other != id {
		return "desk.taken" // he must sign out first
	}
	return a.orAway("desk.in", err)
}
