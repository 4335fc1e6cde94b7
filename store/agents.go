package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"hotline"
)

const (
	wrongPINs = 5               // in a row, then the agent waits
	pinWait   = 5 * time.Minute // a telephone's ten thousand PINs would take a week
)

// Agent is a person who takes calls.
type Agent struct {
	ID      hotline.AgentID `json:"id"` // 工号, digits
	Name    string          `json:"name"`
	Skills  []hotline.Skill `json:"skills"`
	Enabled bool            `json:"enabled"`
}

// agentRow is an agent as SQL keeps him.
type agentRow struct {
	ID, Name, Skills, Pin string
	Enabled               bool
	Failures              int
	LockedUntil           hotline.Millis
}

func (r agentRow) agent() (Agent, error) {
	a := Agent{ID: hotline.AgentID(r.ID), Name: r.Name, Enabled: r.Enabled}
	if err := json.Unmarshal([]byte(r.Skills), &a.Skills); err != nil {
		return a, hotline.Errorf(hotline.Internal, "the skills of agent %s cannot be read: %w", r.ID, err)
	}
	return a, nil
}

// AddAgent adds a person, or changes the name, skills and enabled of the one
// who is there; his PIN stays. The error is Invalid for a staff number that is
// not one to eight digits: it is keyed in at telephones.
func (s *Store) AddAgent(ctx context.Context, a Agent) error {
	if !digits(string(a.ID), 1, 8) {
		return hotline.Errorf(hotline.Invalid, "a staff number has one to eight digits, such as 1001, not %q", a.ID)
	}
	if a.Skills == nil {
		a.Skills = []hotline.Skill{}
	}
	skills, err := json.Marshal(a.Skills)
	if err != nil {
		return hotline.Errorf(hotline.Invalid, "the skills of agent %s cannot be kept: %w", a.ID, err)
	}
	return s.change(ctx, "agent.add", string(a.ID), a.Name+" "+string(skills), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO agents (id, name, skills, enabled) VALUES (?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, skills = excluded.skills, enabled = excluded.enabled`,
			string(a.ID), clean(a.Name), clean(string(skills)), a.Enabled).Exec(ctx)
		return err
	})
}

// Agents gives everybody, by staff number.
func (s *Store) Agents(ctx context.Context) ([]Agent, error) {
	ctx, cancel := bounded(ctx, readWithin)
	defer cancel()
	var rows []agentRow
	if err := s.read.NewRaw("SELECT id, name, skills, enabled FROM agents ORDER BY id").Scan(ctx, &rows); err != nil {
		return nil, kind(err)
	}
	list := make([]Agent, len(rows))
	for i, r := range rows {
		a, err := r.agent()
		if err != nil {
			return nil, err
		}
		list[i] = a
	}
	return list, nil
}

// SetPIN sets the PIN (4 to 12 digits) that agent signs in with, and ends a
// lock-out. Errors: Invalid, NotFound.
func (s *Store) SetPIN(ctx context.Context, agent hotline.AgentID, pin string) error {
	hash, err := s.pins.hash(ctx, pin)
	if err != nil {
		return err
	}
	return s.change(ctx, "agent.pin", string(agent), "", func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw("UPDATE agents SET pin = ?, failures = 0, locked_until = 0 WHERE id = ?", hash, string(agent)).Exec(ctx)
		return must(res, err, "there is no agent %s", agent)
	})
}

// CheckPIN gives the agent if the PIN is his and he is enabled. The error is
// Forbidden and the same for a wrong number, a wrong PIN and a disabled agent.
// After five wrong PINs in a row it is Unavailable for five minutes, the right
// PIN included.
func (s *Store) CheckPIN(ctx context.Context, agent hotline.AgentID, pin string) (Agent, error) {
	ctx, cancel := bounded(ctx, writeWithin)
	defer cancel()
	var rows []agentRow
	err := s.read.NewRaw("SELECT id, name, skills, enabled, pin, failures, locked_until FROM agents WHERE id = ?",
		clean(string(agent))).Scan(ctx, &rows)
	if err != nil {
		return Agent{}, kind(err)
	}
	row := agentRow{Skills: "[]"}
	if len(rows) == 1 {
		row = rows[0]
	}
	if wait := time.Until(row.LockedUntil.Time()); wait > 0 {
		return Agent{}, hotline.Errorf(hotline.Unavailable, "%w: try again in %s", ErrLocked, wait.Round(time.Second))
	}
	ok, err := s.pins.matches(ctx, pin, row.Pin)
	if err != nil {
		return Agent{}, err
	}
	if !ok || !row.Enabled {
		return Agent{}, s.wrongPIN(ctx, row)
	}
	if row.Failures > 0 {
		_, err = s.write.NewRaw("UPDATE agents SET failures = 0, locked_until = 0 WHERE id = ?", row.ID).Exec(ctx)
		if err != nil {
			return Agent{}, kind(err)
		}
	}
	return row.agent()
}

// ErrLocked is the cause of CheckPIN's Unavailable after too many wrong PINs.
var ErrLocked = errors.New("too many wrong PINs")

// wrongPIN counts a wrong PIN in one statement, so that two guesses at the
// same time count twice.
func (s *Store) wrongPIN(ctx context.Context, row agentRow) error {
	_, err := s.write.NewRaw(`UPDATE agents SET
		locked_until = CASE WHEN failures + 1 >= ? THEN ? ELSE locked_until END,
		failures = CASE WHEN failures + 1 >= ? THEN 0 ELSE failures + 1 END WHERE id = ?`,
		wrongPINs, time.Now().Add(pinWait).UnixMilli(), wrongPINs, row.ID).Exec(ctx)
	if err != nil {
		return kind(err)
	}
	return hotline.Errorf(hotline.Forbidden, "the staff number or the PIN is wrong")
}

// digits tells whether s is shortest to longest digits.
func digits(s string, shortest, longest int) bool {
	if len(s) < shortest || len(s) > longest {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
