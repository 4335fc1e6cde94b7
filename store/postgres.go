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

func openPostgres(ctx context.Context, o Options) (*bun.DB, error) {
	cfg, err := pgx.ParseConfig(o.DSN)
	if err != nil {
		// pgx hides the password in what it says.
		return nil, hotline.Errorf(hotline.Invalid, "the database's URL is not of the form postgres://user:password@host:port/database: %w", err)
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = postgresWait
	}
	db := sql.OpenDB(stdlib.GetConnector(*cfg))
	db.SetMaxOpenConns(postgresConns)
	db.SetMaxIdleConns(postgresConns)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(hotline.Errorf(hotline.Unavailable,
			"PostgreSQL at %s:%d, database %q, does not let us in: %w", cfg.Host, cfg.Port, cfg.Database, err), db.Close())
	}
	return bun.NewDB(db, pgdialect.New()), nil
}
