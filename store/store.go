// Package store keeps what must never be lost: tickets, calls, people, agent
// sessions and the audit, in SQLite (one file) or PostgreSQL, with the same
// statements on both. Beside it stands the journal, a file that a finished
// call's outcome goes through on its way to SQL, so that no call waits for SQL.
//
// Moments are stored as milliseconds in UTC. Errors are hotline errors:
// Invalid, NotFound, Conflict, Forbidden, Unavailable (locked or away: try
// again) or Internal.
package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"hotline"
)

// DefaultDSN is where the rows are kept when nothing else is said.
const DefaultDSN = "var/hotline.db"

// Options say where the rows are and a few habits.
type Options struct {
	// DSN is the path of an SQLite file (its folder is made) or a PostgreSQL
	// URL, postgres://user:password@host:port/database. Empty: DefaultDSN.
	DSN string
	// Busy is how long a write waits for another process that holds the
	// SQLite file before it is Unavailable. 0: five seconds.
	Busy time.Duration
}

// Store is an open database. All its methods may be used by many goroutines.
type Store struct {
	write *bun.DB // SQLite: one connection, since SQLite has one writer
	read  *bun.DB // PostgreSQL: the same as write
	hot   *hot    // prepared statements of the path every call takes
	pins  pinGate
}

// Open opens the database, makes or updates its tables, and checks that this
// program is not older than they are. The caller closes it.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.DSN == "" {
		o.DSN = DefaultDSN
	}
	if o.Busy == 0 {
		o.Busy = 5 * time.Second
	}
	s := &Store{pins: newPinGate()}
	if err := s.connect(ctx, o); err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) connect(ctx context.Context, o Options) (err error) {
	scheme, _, url := strings.Cut(o.DSN, "://")
	switch {
	case !url:
		s.write, s.read, err = openSQLite(ctx, o)
	case scheme == "postgres" || scheme == "postgresql":
		s.write, err = openPostgres(ctx, o)
		s.read = s.write
	default:
		err = hotline.Errorf(hotline.Invalid, "the database %s://… is of no kind we know: give the path of an SQLite file or a postgres:// URL", scheme)
	}
	return err
}

// Ping tells whether the database answers, for readiness.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return kind(s.read.NewRaw("SELECT 1").Scan(ctx, &one))
}

// Close lets the database go. Nothing may use the store any more.
func (s *Store) Close() error {
	errs := []error{s.hot.close()}
	if s.read != s.write {
		errs = append(errs, s.read.Close())
	}
	return errors.Join(append(errs, s.write.Close())...)
}

// change runs f in one transaction and writes what was done to the audit in
// the same one.
func (s *Store) change(ctx context.Context, verb, object, detail string, f func(context.Context, bun.Tx) error) error {
	return kind(s.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := f(ctx, tx); err != nil {
			return err
		}
		return audit(ctx, tx, verb, object, detail)
	}))
}

// must turns a change of no row into a NotFound with the sentence given.
func must(res sql.Result, err error, sentence string, args ...any) error {
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return hotline.Errorf(hotline.NotFound, sentence, args...)
}
