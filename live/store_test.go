package live_test

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"hotline/live"
	"hotline/live/livetest"
)

func TestMain(m *testing.M) {
	live.Quiet()
	os.Exit(m.Run())
}

func open(t testing.TB, r *livetest.Redis, prefix string) *live.Store {
	t.Helper()
	return openWith(t, live.Options{Address: r.Address, Prefix: prefix})
}

func openWith(t testing.TB, o live.Options) *live.Store {
	t.Helper()
	s, err := live.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	r := livetest.StartRedis(t)
	var n atomic.Int32
	livetest.Run(t, func(t *testing.T) livetest.Store {
		return open(t, r, fmt.Sprintf("hl%d", n.Add(1)))
	})
}
