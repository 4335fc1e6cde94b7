package app

import (
	"context"
	"errors"
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

// answer is what the telephone hears, and what is done when it is down again:
// only then can it ring for a caller.
type answer struct {
	prompt string
	then   func(ctx context.Context) error
}

const (
	codeWithin = 30 * time.Second
	downWithin = 2 * time.Second
)

// code does what a telephone's short code asks and says how it went.
func (a *App) code(c pbx.Arrival, line *pbx.Line) {
	ctx, end := context.WithCancelCause(a.life)
	defer end(nil)
	ctx, cancel := context.WithTimeout(ctx, codeWithin)
	defer cancel()
	line.Listen(end, "")
	defer line.Release()
	phone := hotline.PhoneID(line.Account())
	did := a.obey(ctx, phone, c.Dialled)
	if err := line.Say(ctx, ivr.Speech{Tag: "code.1", Parts: []ivr.Part{{Prompt: did.prompt}}}); err != nil && ctx.Err() == nil {
		a.log.Warn("short code", "phone", phone, "err", err)
	}
	if err := line.End(context.WithoutCancel(ctx)); err != nil {
		a.log.Warn("short code", "phone", phone, "err", err)
	}
	if did.then == nil {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(downWithin):
	}
	if err := did.then(context.WithoutCancel(ctx)); err != nil {
		a.log.Error("short code", "phone", phone, "err", err)
	}
}

// obey does the code, or says what is to be done.
func (a *App) obey(ctx context.Context, phone hotline.PhoneID, dialled string) answer {
	at := a.agentAt(ctx, phone)
	if m := signInCode.FindStringSubmatch(dialled); m != nil {
		return a.signIn(ctx, hotline.AgentID(m[1]), m[2], phone, at)
	}
	if at.ID == "" {
		return answer{prompt: "desk.notin"}
	}
	ctx = store.As(ctx, "agent:"+string(at.ID))
	switch dialled {
	case "*0":
		return a.orAway("desk.out", a.SignOut(ctx, at.ID))
	case "*1":
		return a.orAway("desk.paused", a.Pause(ctx, at.ID, "break"))
	case "*2":
		if at.State == routing.Free {
			return answer{prompt: "desk.free"}
		}
		return answer{"desk.free", func(ctx context.Context) error { return a.Ready(store.As(ctx, "agent:"+string(at.ID)), at.ID) }}
	default:
		return answer{prompt: "desk.unknown"}
	}
}

func (a *App) orAway(said string, err error) answer {
	if err == nil {
		return answer{prompt: said}
	}
	a.log.Warn("short code", "err", err)
	return answer{prompt: "desk.away"}
}

// signIn checks the PIN, and whether somebody else sits at the telephone: he
// must sign out first.
func (a *App) signIn(ctx context.Context, id hotline.AgentID, pin string, phone hotline.PhoneID, at routing.Agent) answer {
	agent, err := a.opt.Store.CheckPIN(ctx, id, pin)
	if err != nil {
		a.log.Warn("sign-in refused", "agent", id, "phone", phone, "err", err)
		if k := hotline.KindOf(err); k == hotline.Forbidden || k == hotline.NotFound {
			return answer{prompt: "desk.wrong"}
		}
		if errors.Is(err, store.ErrLocked) {
			return answer{prompt: "desk.locked"}
		}
		return answer{prompt: "desk.away"}
	}
	if at.ID != "" && at.ID != id {
		return answer{prompt: "desk.taken"}
	}
	return answer{"desk.in", func(ctx context.Context) error {
		return a.SignIn(store.As(ctx, "agent:"+string(id)), id, phone, agent.Skills)
	}}
}
