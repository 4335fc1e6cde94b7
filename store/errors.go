package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"hotline"
)

// kind gives err a kind, once; errors that have one pass as they are.
func kind(err error) error {
	var known *hotline.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return hotline.Errorf(kindOf(err), "the database: %w", err)
}

func kindOf(err error) hotline.Kind {
	var lite *sqlite.Error
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	var netErr net.Error
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return hotline.NotFound
	case errors.As(err, &lite):
		return sqliteKind(lite.Code() & 0xff)
	case errors.As(err, &pg):
		return postgresKind(pg.Code)
	case errors.As(err, &connect), errors.As(err, &netErr), errors.Is(err, sql.ErrConnDone),
		// What is said when PostgreSQL goes while a connection is in use.
		errors.Is(err, pgconn.ErrConnClosed), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, driver.ErrBadConn),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return hotline.Unavailable
	}
	return hotline.Internal
}

// sqliteKind reads SQLite's primary result codes (sqlite.org/rescode.html).
func sqliteKind(code int) hotline.Kind {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT:
		return hotline.Conflict
	case sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_NOTADB:
		return hotline.Invalid
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_PERM:
		return hotline.Unavailable
	}
	return hotline.Internal
}

// postgresKind reads PostgreSQL's classes of SQLSTATE (its manual, appendix A).
func postgresKind(code string) hotline.Kind {
	switch {
	case strings.HasPrefix(code, "23"):
		return hotline.Conflict
	case strings.HasPrefix(code, "22"):
		return hotline.Invalid
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "53"), strings.HasPrefix(code, "57"),
		strings.HasPrefix(code, "40"), strings.HasPrefix(code, "55"), strings.HasPrefix(code, "25006"):
		return hotline.Unavailable
	}
	return hotline.Internal
}
