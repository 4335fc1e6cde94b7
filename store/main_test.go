package store

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"hotline/site"
)

// tools is what tools/unpack made.
const tools = "../.tools"

func TestMain(m *testing.M) {
	playChild() // a test that needs another process runs this binary again
	stop, err := servePostgres()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// What holds PostgreSQL is no leak of a test's.
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent(), goleak.Cleanup(func(code int) {
		stop()
		os.Exit(code)
	}))
}

// servePostgres starts the unpacked PostgreSQL for all tests, unless the
// environment names one.
func servePostgres() (stop func(), err error) {
	if os.Getenv(postgresEnv) != "" {
		return func() {}, nil
	}
	p, err := site.StartPostgres(context.Background(), tools)
	if err != nil {
		return nil, err
	}
	return p.Stop, os.Setenv(postgresEnv, p.URL())
}
