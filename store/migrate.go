package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/uptrace/bun/dialect"

	"hotline"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrateTries: two controllers on one SQLite file may start together; the one
// that comes second finds the tables made and tries again.
const migrateTries = 3

func (s *Store) migrate(ctx context.Context, db *sql.DB) error {
	p, err := s.provider(db)
	if err != nil {
		return hotline.Errorf(hotline.Internal, "the migrations cannot be read: %w", err)
	}
	for try := 1; ; try++ {
		err = up(ctx, db, p)
		if err == nil {
			return nil
		}
		if try == migrateTries || hotline.KindOf(err) == hotline.Conflict || ctx.Err() != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (s *Store) provider(db *sql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if s.write.Dialect().Name() == dialect.SQLite {
		return goose.NewProvider(goose.DialectSQLite3, db, dir)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, dir, goose.WithSessionLocker(locker))
}

// up brings the tables to this program's version. Tables that are newer are used
// as they are where the newer program says that this one may (schema_floor): so an
// upgrade can be taken back without restoring a backup.
func up(ctx context.Context, db *sql.DB, p *goose.Provider) error {
	has, knows, err := p.GetVersions(ctx)
	if err != nil {
		return hotline.Errorf(hotline.KindOf(kind(err)), "the version of the database's tables cannot be read: %w", err)
	}
	if has > knows {
		return serves(ctx, db, has, knows)
	}
	if has == knows {
		return nil // nothing is written: another may hold the file
	}
	if _, err := p.Up(ctx); err != nil && !errors.Is(err, goose.ErrNoNextVersion) {
		return hotline.Errorf(hotline.KindOf(kind(err)), "the database's tables cannot be brought to version %d: %w", knows, err)
	}
	return nil
}

// serves tells whether newer tables still serve a program of version knows.
func serves(ctx context.Context, db *sql.DB, has, knows int64) error {
	var floor int64
	err := db.QueryRowContext(ctx, "SELECT MAX(version) FROM schema_floor").Scan(&floor)
	if err == nil && knows >= floor {
		return nil
	}
	if k := hotline.KindOf(kind(err)); err != nil && k == hotline.Unavailable {
		return hotline.Errorf(k, "which programs the database's tables serve cannot be read: %w", err)
	}
	return hotline.Errorf(hotline.Conflict,
		"the database's tables are of version %d, serve programs from version %d on, and this program knows %d: start the newer program, or restore the backup made before it ran", has, floor, knows)
}
