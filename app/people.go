package app

import (
	"context"
	"time"

	"hotline"
	"hotline/routing"
)

// SignIn puts an agent at a telephone: on the board, and into his session in
// SQL, from which the board is rebuilt should Redis be lost.
func (a *App) SignIn(ctx context.Context, id hotline.AgentID, phone hotline.PhoneID, skills []hotline.Skill) error {
	if err := a.relieve(ctx, phone); err != nil {
		return err
	}
	a.locate(ctx)
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

// diary is what routing did to agents by itself, on its way to their sessions in
// SQL, in order.
type diary chan func(ctx context.Context)

// mostEntries is how many entries wait for SQL; more are lost to the reports,
// not to the board.
const mostEntries = 1024

// lastEntries is how long the last ones may take when the controller stops.
const lastEntries = 2 * time.Second

// put is called from the routing's loop and does not wait.
func (a *App) put(id hotline.AgentID, entry func(ctx context.Context)) {
	if id.OnDuty() {
		return // a telephone has no session
	}
	select {
	case a.diary <- entry:
	default:
		a.log.Error("SQL is behind; a pause is not in the books", "agent", id)
	}
}

// keepDiary writes the entries, the last ones when the controller stops.
func (a *App) keepDiary(ctx context.Context) {
	for {
		select {
		case entry := <-a.diary:
			entry(context.WithoutCancel(ctx))
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastEntries)
			defer cancel()
			for range len(a.diary) {
				(<-a.diary)(ctx)
			}
			return
		}
	}
}

// paused writes a pause that nobody asked for.
func (a *App) paused(id hotline.AgentID, reason hotline.Reason) {
	at := a.now()
	a.put(id, func(ctx context.Context) { a.note("pause", id, a.opt.Store.PauseSession(ctx, id, reason, at)) })
}

// resumed writes that such a pause ended by itself.
func (a *App) resumed(id hotline.AgentID) {
	at := a.now()
	a.put(id, func(ctx context.Context) { a.note("ready", id, a.opt.Store.ResumeSession(ctx, id, at)) })
}

// note logs what the books could not take: the board is what calls depend on,
// and it has it.
func (a *App) note(doing string, id hotline.AgentID, err error) {
	if err != nil {
		a.log.Error("the session could not be written", "doing", doing, "agent", id, "err", err)
	}
}

// agentAt tells who is signed in at a telephone; the zero value is nobody, and a
// telephone on duty has nobody.
func (a *App) agentAt(ctx context.Context, phone hotline.PhoneID) routing.Agent {
	v, err := a.board.View(ctx)
	if err != nil {
		return routing.Agent{}
	}
	for _, ag := range v.Agents {
		if ag.Phone == phone && !ag.ID.OnDuty() {
			return ag
		}
	}
	return routing.Agent{}
}
