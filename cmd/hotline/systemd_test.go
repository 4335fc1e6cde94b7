package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// systemd hears that the controller is ready, lives, and stops; it hears nothing
// of one that is not well.
func TestSystemdHears(t *testing.T) {
	heard, env := listenAsSystemd(t)
	env["WATCHDOG_USEC"] = "60000"
	env["WATCHDOG_PID"] = strconv.Itoa(os.Getpid())
	s := ofSystemd(func(name string) string { return env[name] })
	s.tell("READY=1")
	var ill atomic.Bool
	end := s.beats(func() error {
		if ill.Load() {
			return errors.New("stuck")
		}
		return nil
	})
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		if got := heard(time.Second); got != want {
			t.Fatalf("systemd hears %q; %q is right", got, want)
		}
	}
	ill.Store(true)
	heard(50 * time.Millisecond) // one may have been on its way
	if got := heard(200 * time.Millisecond); got != "" {
		t.Errorf("of one that is not well systemd hears %q", got)
	}
	end()
	s.tell("STOPPING=1")
	if got := heard(time.Second); got != "STOPPING=1" {
		t.Errorf("at the end systemd hears %q", got)
	}
}

// The watchdog of another process is none of ours, and without systemd nobody is
// told.
func TestNoSystemd(t *testing.T) {
	heard, env := listenAsSystemd(t)
	env["WATCHDOG_USEC"], env["WATCHDOG_PID"] = "1000", "1"
	end := ofSystemd(func(name string) string { return env[name] }).beats(func() error { return nil })
	if got := heard(50 * time.Millisecond); got != "" {
		t.Errorf("systemd hears %q", got)
	}
	end()
	systemd{}.tell("READY=1")
}

func listenAsSystemd(t *testing.T) (heard func(time.Duration) string, env map[string]string) {
	path := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return func(limit time.Duration) string {
		_ = c.SetReadDeadline(time.Now().Add(limit))
		b := make([]byte, 100)
		n, _ := c.Read(b)
		return string(b[:n])
	}, map[string]string{"NOTIFY_SOCKET": path}
}
