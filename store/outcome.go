package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"hotline"
	"hotline/ticket"
)

const insertCall = `INSERT INTO calls (call, caller_raw, dialled, flow, queue, phone, arrived, chosen, rang, joined,
talk_ended, ended, ending, ended_by, path, offers, recording, gaps, message, note)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (call) DO NOTHING`

const insertTicket = `INSERT INTO tickets (number, query_code, call, source, state, hotline, keyed, agent, caller, created)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// hot holds the prepared statements of the path that every call takes: twenty
// columns parsed once instead of with every call.
type hot struct{ call, ticket *sql.Stmt }

func newHot(ctx context.Context, db *bun.DB) (*hot, error) {
	call, err := db.DB.PrepareContext(ctx, placeholders(db, insertCall))
	if err != nil {
		return nil, err
	}
	ticket, err := db.DB.PrepareContext(ctx, placeholders(db, insertTicket))
	if err != nil {
		return nil, errors.Join(err, call.Close())
	}
	return &hot{call: call, ticket: ticket}, nil
}

func (h *hot) close() error {
	if h == nil {
		return nil
	}
	return errors.Join(h.call.Close(), h.ticket.Close())
}

// placeholders writes the question marks as the engine wants them.
func placeholders(db *bun.DB, query string) string {
	if db.Dialect().Name() == dialect.SQLite {
		return query
	}
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r != '?' {
			b.WriteRune(r)
			continue
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
	}
	return b.String()
}

// WriteOutcomes writes finished calls and their tickets in one transaction:
// all of them or none. A call that is already there stays as it is, so writing
// again changes nothing. An outcome without a ticket number (none could be told
// while SQL was away) gets one here. Errors: Invalid for an outcome without a
// call, Conflict when another call has the ticket's number, else Unavailable
// or Internal.
func (s *Store) WriteOutcomes(ctx context.Context, outcomes []hotline.Outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	hot := s.hot.Load()
	if hot == nil {
		return cmp.Or(s.gate.err(), errOpening) // the gate may be open a moment before
	}
	ctx, cancel := bounded(ctx, writeWithin)
	defer cancel()
	return kind(s.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		call, ticket := tx.Tx.StmtContext(ctx, hot.call), tx.Tx.StmtContext(ctx, hot.ticket)
		for _, o := range outcomes {
			if err := writeOutcome(ctx, tx, call, ticket, o); err != nil {
				return err
			}
		}
		return nil
	}))
}

// gapsText is what is kept of the gaps of a recording; most have none.
func gapsText(gaps []hotline.Gap) (string, error) {
	if len(gaps) == 0 {
		return "", nil
	}
	b, err := json.Marshal(gaps)
	return string(b), err
}

func writeOutcome(ctx context.Context, tx bun.Tx, call, insert *sql.Stmt, o hotline.Outcome) error {
	if o.Call == "" {
		return hotline.Errorf(hotline.Invalid, "an outcome has no call: it needs the unique id of the caller's channel")
	}
	path, err := json.Marshal(o.Path)
	if err != nil {
		return hotline.Errorf(hotline.Invalid, "the path of call %s cannot be kept: %w", o.Call, err)
	}
	gaps, err := gapsText(o.Gaps)
	if err != nil {
		return hotline.Errorf(hotline.Invalid, "the gaps of call %s cannot be kept: %w", o.Call, err)
	}
	res, err := call.ExecContext(ctx, clean(string(o.Call)), clean(o.Caller.Raw), clean(o.Dialled), clean(o.Flow),
		clean(string(o.Queue)), clean(string(o.Phone)), millis(o.Arrived), millis(o.Chosen), millis(o.Rang),
		millis(o.Joined), millis(o.TalkEnded), millis(o.Ended), clean(string(o.End)), clean(string(o.EndedBy)),
		clean(string(path)), o.Offers, clean(o.Recording), gaps, clean(o.Message), clean(o.Note))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return writeTicket(ctx, tx, insert, ticket.FromOutcome(o))
}

func writeTicket(ctx context.Context, tx bun.Tx, insert *sql.Stmt, t ticket.Ticket) (err error) {
	if t.Number == "" {
		if t.Number, err = lateNumber(ctx, tx, t.Created); err != nil {
			return err
		}
		t.QueryCode = ticket.NewQueryCode(unguessable)
	}
	_, err = insert.ExecContext(ctx, clean(string(t.Number)), clean(t.QueryCode), clean(string(t.Call)), string(t.Source),
		string(t.State), clean(string(t.Hotline)), clean(string(t.Keyed)), clean(string(t.Agent)), clean(t.Caller.Number), millis(t.Created))
	return err
}

// millis writes the zero time as 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// clean makes s text that both engines take: PostgreSQL refuses NUL and bytes
// that are no UTF-8, and a call with such a caller id must reach the books too.
func clean(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
