package store

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/uptrace/bun"

	"hotline"
)

// Session is an agent's time at a phone. The open ones are what the board is
// rebuilt from when Redis was lost.
type Session struct {
	Agent    hotline.AgentID
	Phone    hotline.PhoneID
	SignedIn time.Time
	Pause    hotline.Reason // why he is paused; "" when he is not
}

const openSession = "SELECT id FROM agent_sessions WHERE agent = ? AND signed_out = 0"

// OpenSession writes that agent signed in at phone. Whoever was signed in
// there, or he himself elsewhere, is signed out with the reason "replaced".
// Error: NotFound for an agent nobody added.
func (s *Store) OpenSession(ctx context.Context, agent hotline.AgentID, phone hotline.PhoneID, at time.Time) error {
	return s.change(ctx, "agent.sign-in", string(agent), string(phone), func(ctx context.Context, tx bun.Tx) error {
		if err := endSessions(ctx, tx, "agent = ? OR phone = ?", at, "replaced", string(agent), string(phone)); err != nil {
			return err
		}
		res, err := tx.NewRaw("INSERT INTO agent_sessions (id, agent, phone, signed_in) SELECT ?, id, ?, ? FROM agents WHERE id = ?",
			rand.Text(), string(phone), at.UnixMilli(), string(agent)).Exec(ctx)
		return must(res, err, "there is no agent %s", agent)
	})
}

// CloseSession writes that agent signed out and why. A session that is not
// open is no error: signing out twice is signing out.
func (s *Store) CloseSession(ctx context.Context, agent hotline.AgentID, reason hotline.Reason, at time.Time) error {
	return s.change(ctx, "agent.sign-out", string(agent), string(reason), func(ctx context.Context, tx bun.Tx) error {
		return endSessions(ctx, tx, "agent = ?", at, reason, string(agent))
	})
}

// endSessions ends the open sessions that where finds, and their pauses.
func endSessions(ctx context.Context, tx bun.Tx, where string, at time.Time, reason hotline.Reason, args ...any) error {
	open := "signed_out = 0 AND (" + where + ")"
	_, err := tx.NewRaw("UPDATE agent_pauses SET ended = ? WHERE ended = 0 AND session IN (SELECT id FROM agent_sessions WHERE "+open+")",
		append([]any{at.UnixMilli()}, args...)...).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = tx.NewRaw("UPDATE agent_sessions SET signed_out = ?, reason = ? WHERE "+open,
		append([]any{at.UnixMilli(), string(reason)}, args...)...).Exec(ctx)
	return err
}

// PauseSession writes that agent takes no callers, and why; a pause that lasts
// ends where the new one begins. Error: NotFound when he is not signed in.
func (s *Store) PauseSession(ctx context.Context, agent hotline.AgentID, reason hotline.Reason, at time.Time) error {
	return s.change(ctx, "agent.pause", string(agent), string(reason), func(ctx context.Context, tx bun.Tx) error {
		if err := endPause(ctx, tx, agent, at); err != nil {
			return err
		}
		res, err := tx.NewRaw(`INSERT INTO agent_pauses (session, reason, began)
			SELECT id, ?, ? FROM agent_sessions WHERE agent = ? AND signed_out = 0
			ON CONFLICT (session, began) DO UPDATE SET reason = excluded.reason, ended = 0`,
			string(reason), at.UnixMilli(), string(agent)).Exec(ctx)
		return must(res, err, "agent %s is not signed in", agent)
	})
}

// ResumeSession writes that agent takes callers again. Not being paused is no
// error.
func (s *Store) ResumeSession(ctx context.Context, agent hotline.AgentID, at time.Time) error {
	return s.change(ctx, "agent.resume", string(agent), "", func(ctx context.Context, tx bun.Tx) error {
		return endPause(ctx, tx, agent, at)
	})
}

func endPause(ctx context.Context, tx bun.Tx, agent hotline.AgentID, at time.Time) error {
	_, err := tx.NewRaw("UPDATE agent_pauses SET ended = ? WHERE ended = 0 AND session IN ("+openSession+")",
		at.UnixMilli(), string(agent)).Exec(ctx)
	return err
}

// OpenSessions gives who is signed in where, by agent.
func (s *Store) OpenSessions(ctx context.Context) ([]Session, error) {
	ctx, cancel := bounded(ctx, readWithin)
	defer cancel()
	var rows []struct {
		Agent, Phone, Reason string
		SignedIn             hotline.Millis
	}
	err := s.read.NewRaw(`SELECT s.agent, s.phone, s.signed_in, COALESCE(p.reason, '') AS reason FROM agent_sessions AS s
		LEFT JOIN agent_pauses AS p ON p.session = s.id AND p.ended = 0 WHERE s.signed_out = 0 ORDER BY s.agent`).Scan(ctx, &rows)
	list := make([]Session, len(rows))
	for i, r := range rows {
		list[i] = Session{Agent: hotline.AgentID(r.Agent), Phone: hotline.PhoneID(r.Phone),
			SignedIn: r.SignedIn.Time(), Pause: hotline.Reason(r.Reason)}
	}
	return list, kind(err)
}
