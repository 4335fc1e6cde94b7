package app

import (
	"context"

	"hotline"
)

// SignIn puts an agent at a telephone: on the board, and into his session in
// SQL, from which the board is rebuilt should Redis be lost.
func (a *App) SignIn(ctx context.Context, id hotline.AgentID, phone hotline.PhoneID, skills []hotline.Skill) error {
	if err := a.board.SignIn(ctx, id, phone, skills); err != nil {
		return err
	}
	a.note("sign-in", id, a.opt.Store.OpenSession(ctx, id, phone, a.now()))
	return nil
}

// SignOut takes an agent off the board.
func (a *App) SignOut(ctx context.Context, id hotline.AgentID) error {
	if err := a.board.SignOut(ctx, id); err != nil {
		return err
	}
	a.note("sign-out", id, a.opt.Store.CloseSession(ctx, id, "signed-out", a.now()))
	return nil
}

// Pause takes an agent out of routing for a reason.
func (a *App) Pause(ctx context.Context, id hotline.AgentID, reason hotline.Reason) error {
	if err := a.board.Pause(ctx, id, reason); err != nil {
		return err
	}
	a.note("pause", id, a.opt.Store.PauseSession(ctx, id, reason, a.now()))
	return nil
}

// Ready ends an agent's pause or wrap-up.
func (a *App) Ready(ctx context.Context, id hotline.AgentID) error {
	if err := a.board.Ready(ctx, id); err != nil {
		return err
	}
	a.note("ready", id, a.opt.Store.ResumeSession(ctx, id, a.now()))
	return nil
}

// note logs what the books could not take: the board is what calls depend on,
// and it has it.
func (a *App) note(doing string, id hotline.AgentID, err error) {
	if err != nil {
		a.log.Error("the session could not be written", "doing", doing, "agent", id, "err", err)
	}
}

// agentAt tells who is signed in at a telephone; "" nobody.
func (a *App) agentAt(ctx context.Context, phone hotline.PhoneID) hotline.AgentID {
	v, err := a.board.View(ctx)
	if err != nil {
		return ""
	}
	for _, ag := range v.Agents {
		if ag.Phone == phone {
			return ag.ID
		}
	}
	return ""
}
