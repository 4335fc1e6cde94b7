package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"hotline"
)

const (
	postgresConns = 8                // for one controller
	postgresWait  = 10 * time.Second // for the first connection
)

// usePostgres gives the store its pool, for reading and writing.
func (s *Store) usePostgres(o Options) error {
	cfg, err := pgx.ParseConfig(o.DSN)
	if err != nil {
		// pgx hides the password in what it says.
		return hotline.Errorf(hotline.Invalid, "the database's URL is not of the form postgres://user:password@host:port/database: %w", err)
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = postgresWait
	}
	connector := stdlib.GetConnector(*cfg)
	s.write = bun.NewDB(s.pool(connector, postgresConns), pgdialect.New())
	s.read = s.write
	s.first = func(ctx context.Context) (*sql.DB, error) {
		db := sql.OpenDB(connector)
		if err := db.PingContext(ctx); err != nil {
			return nil, errors.Join(hotline.Errorf(hotline.Unavailable,
				"PostgreSQL at %s:%d, database %q, does not let us in: %w", cfg.Host, cfg.Port, cfg.Database, err), db.Close())
		}
		return db, nil
	}
	return nil
}
