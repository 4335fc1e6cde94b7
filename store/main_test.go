package store

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	playChild() // a test that needs another process runs this binary again
	goleak.VerifyTestMain(m)
}
