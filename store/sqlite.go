package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite" // registers the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"hotline"
)

// sqliteReaders is how many reads run beside one another; WAL lets them run
// beside the one writer.
const sqliteReaders = 4

// useSQLite gives the store its writer, which has one connection and begins every
// transaction by taking the write lock (so that it never has to be given up
// half-way), and a pool of readers.
func (s *Store) useSQLite(o Options) error {
	path, err := filepath.Abs(o.DSN)
	if err != nil {
		return hotline.Errorf(hotline.Invalid, "the database %q has no usable path: %w", o.DSN, err)
	}
	lite, err := sql.Open("sqlite", ":memory:") // for the driver; nothing is opened
	if err != nil {
		return hotline.Errorf(hotline.Internal, "the driver of SQLite is not there: %w", err)
	}
	writer := named{lite.Driver(), sqliteURL(path, o, "immediate")}
	reader := named{lite.Driver(), sqliteURL(path, o, "deferred")}
	if err := lite.Close(); err != nil {
		return err
	}
	s.write = bun.NewDB(s.pool(writer, 1), sqlitedialect.New())
	s.read = bun.NewDB(s.pool(reader, sqliteReaders), sqlitedialect.New())
	s.first = func(ctx context.Context) (*sql.DB, error) {
		if err := makeFile(path); err != nil {
			return nil, err
		}
		db := sql.OpenDB(writer)
		db.SetMaxOpenConns(1)
		if err := firstConnection(ctx, db, o.Busy); err != nil {
			return nil, errors.Join(sqliteFault(path, err), db.Close())
		}
		return db, nil
	}
	return nil
}

// firstConnection connects, and tries again for as long as busy: programs that turn
// a new file to WAL together are refused at once, whatever busy_timeout says.
func firstConnection(ctx context.Context, w *sql.DB, busy time.Duration) error {
	for end := time.Now().Add(busy); ; time.Sleep(20 * time.Millisecond) {
		err := w.PingContext(ctx)
		var lite *sqlite.Error
		if !errors.As(err, &lite) || lite.Code()&0xff != sqlite3.SQLITE_BUSY || time.Now().After(end) || ctx.Err() != nil {
			return err
		}
	}
}

// makeFile makes the file and its folder, readable by their owner alone: the
// file holds citizens' numbers and the phones' digests.
func makeFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return hotline.Errorf(hotline.Unavailable, "the folder of the database cannot be made: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return hotline.Errorf(hotline.Unavailable, "the database cannot be written, which needs a file and folder that this user may write: %w", err)
	}
	return f.Close()
}

// sqliteURL sets: WAL, so that readers do not wait for the writer;
// synchronous FULL, because the journal forgets an outcome once SQL has it and
// NORMAL may lose the last commits when the power fails; txlock as said.
func sqliteURL(path string, o Options, txlock string) string {
	q := url.Values{"_txlock": {txlock}, "_pragma": {
		"busy_timeout(" + strconv.FormatInt(o.Busy.Milliseconds(), 10) + ")",
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
	}}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	return u.String()
}

func sqliteFault(path string, err error) error {
	return hotline.Errorf(hotline.KindOf(kind(err)), "the database %s cannot be used: %w", path, err)
}
