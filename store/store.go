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
	"sync"
	"sync/atomic"
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
	// Later opens though the database is away: Open waits a second for it, and
	// until it is there every method answers Unavailable (Ready).
	Later bool
}

// Store is an open database. All its methods may be used by many goroutines.
type Store struct {
	write *bun.DB             // SQLite: one connection, since SQLite has one writer
	read  *bun.DB             // PostgreSQL: the same as write
	hot   atomic.Pointer[hot] // prepared statements of the path every call takes
	pins  pinGate

	gate  *gate
	first func(ctx context.Context) (*sql.DB, error) // a connection past the gate
	ready chan struct{}
	stop  context.CancelFunc
	later sync.WaitGroup
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
	s := &Store{pins: newPinGate(), gate: &gate{}, ready: make(chan struct{}), stop: func() {}}
	if err := s.connect(o); err != nil {
		return nil, err
	}
	if o.Later {
		return s, s.openLater(ctx)
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// openLater waits a moment for the database, and goes on trying beside the caller.
func (s *Store) openLater(ctx context.Context) error {
	// In a goroutine, for not every driver gives up with its context.
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	first := make(chan error, 1)
	s.later.Go(func() {
		try, cancel := context.WithTimeout(life, prepareWithin)
		err := s.prepare(try)
		cancel()
		first <- err
		if hotline.KindOf(err) == hotline.Unavailable {
			s.prepareLater(life)
		}
	})
	var err error
	select {
	case err = <-first:
	case <-time.After(prepareFirst):
		s.gate.because(hotline.Errorf(hotline.Unavailable, "it did not answer within %v", prepareFirst))
	}
	if err != nil && hotline.KindOf(err) != hotline.Unavailable {
		return errors.Join(err, s.Close())
	}
	return nil
}

func (s *Store) connect(o Options) error {
	scheme, _, url := strings.Cut(o.DSN, "://")
	switch {
	case !url:
		return s.useSQLite(o)
	case scheme == "postgres" || scheme == "postgresql":
		return s.usePostgres(o)
	default:
		return hotline.Errorf(hotline.Invalid, "the database %s://… is of no kind we know: give the path of an SQLite file or a postgres:// URL", scheme)
	}
}

// Ping tells whether the database answers, for readiness.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return kind(s.read.NewRaw("SELECT 1").Scan(ctx, &one))
}

// Close lets the database go. Nothing may use the store any more.
func (s *Store) Close() error {
	s.stop()
	s.later.Wait()
	errs := []error{s.hot.Load().close()}
	if s.read != s.write {
		errs = append(errs, s.read.Close())
	}
	return errors.Join(append(errs, s.write.Close())...)
}

// change runs f in one transaction and writes what was done to the audit in
// the same one.
func (s *Store) change(ctx context.Context, verb, object, detail string, f func(context.Context, bun.Tx) error) error {
	ctx, cancel := bounded(ctx, writeWithin)
	defer cancel()
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
