package app

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"runtime"
	"time"
)

const (
	// exitStuck is EX_SOFTWARE of sysexits.h.
	exitStuck = 70
	// lastWords is how long the last line of the log may take: what is stuck may be
	// the log.
	lastWords = 2 * time.Second
)

// Die gives an Options.Stuck that ends this process with exit status 70.
// Where every goroutine stands is written to w. Nothing is handed over and nothing
// is hung up: the next controller recovers, as after kill -9.
func Die(log *slog.Logger, w io.Writer) func(part string) {
	return func(part string) {
		said := make(chan struct{})
		go func() {
			defer close(said)
			log.Error("ALARM: this controller is stuck and ends; the next one takes over", "part", part)
			_, _ = w.Write(goroutines())
		}()
		select {
		case <-said:
		case <-time.After(lastWords):
		}
		os.Exit(exitStuck)
	}
}

// goroutines tells where every goroutine stands.
func goroutines() []byte {
	for size := 1 << 20; ; size *= 4 {
		b := make([]byte, size)
		if n := runtime.Stack(b, true); n < size || size > 64<<20 {
			return append(bytes.TrimSpace(b[:n]), '\n')
		}
	}
}
