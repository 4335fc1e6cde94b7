package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync/atomic"
	"time"

	"hotline"
)

// gate keeps everybody from the database until its tables are as this program
// wants them: whoever comes before hears why they are not.
type gate struct {
	open atomic.Bool
	why  atomic.Pointer[error]
}

// shut notes why the gate is not open.
func (g *gate) shut(why error) {
	g.because(why)
	g.open.Store(false)
}

// because notes why it is not open yet.
func (g *gate) because(why error) { g.why.Store(&why) }

// err is nil where the gate is open.
func (g *gate) err() error {
	if g.open.Load() {
		return nil
	}
	if why := g.why.Load(); why != nil {
		return hotline.Errorf(hotline.Unavailable, "the database was away when this controller started and is tried again each second: %w", *why)
	}
	return errOpening
}

// errOpening: the database answers, and not all is ready yet.
var errOpening = hotline.Errorf(hotline.Unavailable, "the database is being opened")

// guarded makes connections once the gate is open.
type guarded struct {
	driver.Connector
	gate *gate
}

// Connect connects, or says why the gate is shut.
func (g guarded) Connect(ctx context.Context) (driver.Conn, error) {
	if err := g.gate.err(); err != nil {
		return nil, err
	}
	return g.Connector.Connect(ctx)
}

// named makes connections of a driver that knows them by a string only.
type named struct {
	driver driver.Driver
	dsn    string
}

// Connect opens one.
func (n named) Connect(context.Context) (driver.Conn, error) { return n.driver.Open(n.dsn) }

// Driver gives the driver.
func (n named) Driver() driver.Driver { return n.driver }

const (
	prepareEvery  = time.Second
	prepareWithin = 10 * time.Second
	// prepareFirst is how long a start waits for the database before it goes on
	// without it.
	prepareFirst = time.Second
)

// prepare brings the tables to this program's version through a connection of its
// own, and opens the gate.
func (s *Store) prepare(ctx context.Context) error {
	db, err := s.first(ctx)
	if err == nil {
		err = s.migrate(ctx, db)
		_ = db.Close()
	}
	if err != nil {
		s.gate.shut(err)
		return err
	}
	s.gate.open.Store(true)
	hot, err := newHot(ctx, s.write)
	if err != nil {
		s.gate.shut(kind(err))
		return kind(err)
	}
	s.hot.Store(hot)
	close(s.ready)
	return nil
}

// prepareLater tries until it has worked. What trying does not mend (tables of a
// newer program) is tried too: somebody may mend it, and calls go on.
func (s *Store) prepareLater(ctx context.Context) {
	tick := time.NewTicker(prepareEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		try, cancel := context.WithTimeout(ctx, prepareWithin)
		err := s.prepare(try)
		cancel()
		if err == nil {
			return
		}
	}
}

// Ready is closed once the database answered and its tables are as this program
// wants them; for a store that was opened while it was away.
func (s *Store) Ready() <-chan struct{} { return s.ready }

// pool is a pool of connections behind the gate.
func (s *Store) pool(c driver.Connector, most int) *sql.DB {
	db := sql.OpenDB(guarded{c, s.gate})
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	return db
}

const (
	writeWithin = 10 * time.Second // of one change, and of what a person asks for
	readWithin  = 2 * time.Second  // of what a start reads: it does not wait for a database that stands still
)

// bounded is ctx, and an end: a database that stands still (a host that is cut off,
// a stopped process) answers nothing and refuses nothing.
func bounded(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, hotline.Errorf(hotline.Unavailable, "the database did not answer within %v", d))
}
