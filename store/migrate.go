package store

import (
	"context"
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

func (s *Store) migrate(ctx context.Context) error {
	p, err := s.provider()
	if err != nil {
		return hotline.Errorf(hotline.Internal, "the migrations cannot be read: %w", err)
	}
	for try := 1; ; try++ {
		err = up(ctx, p)
		if err == nil {
			break
		}
		if try == migrateTries || hotline.KindOf(err) == hotline.Conflict || ctx.Err() != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.hot, err = newHot(ctx, s.write)
	return kind(err)
}

func (s *Store) provider() (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if s.write.Dialect().Name() == dialect.SQLite {
		return goose.NewProvider(goose.DialectSQLite3, s.write.DB, dir)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, s.write.DB, dir, goose.WithSessionLocker(locker))
}

func up(ctx context.Context, p *goose.Provider) error {
	has, knows, err := p.GetVersions(ctx)
	if err != nil {
		return hotline.Errorf(hotline.KindOf(kind(err)), "the version of the database's tables cannot be read: %w", err)
	}
	if has > knows {
		return hotline.Errorf(hotline.Conflict,
			"the database's tables are of version %d and this program knows %d: start the newer program, or restore the backup made before it ran", has, knows)
	}
	if _, err := p.Up(ctx); err != nil && !errors.Is(err, goose.ErrNoNextVersion) {
		return hotline.Errorf(hotline.KindOf(kind(err)), "the database's tables cannot be brought to version %d: %w", knows, err)
	}
	return nil
}
