package store

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	playChild() // a test that needs another process runs this binary again
	stop := func() {}
	if os.Getenv(postgresEnv) == "" {
		dsn, end, err := startPostgres()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		stop = end
		if err := os.Setenv(postgresEnv, dsn); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		stop()
		os.Exit(code)
	}))
}
