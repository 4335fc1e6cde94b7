package main

import (
	"context"
	"net"
	"os"
	"strconv"
	"sync"
	"time"
)

// systemd is the supervisor of a unit with Type=notify; see sd_notify(3). The zero
// value is no systemd: nobody is told anything.
type systemd struct {
	socket   string
	watchdog time.Duration // within which it must hear WATCHDOG=1; 0 never
}

// ofSystemd reads what systemd gave this process.
func ofSystemd(env func(string) string) systemd {
	s := systemd{socket: env("NOTIFY_SOCKET")}
	if pid := env("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return s // the watchdog is meant for another process
	}
	if micros, err := strconv.ParseInt(env("WATCHDOG_USEC"), 10, 64); err == nil && micros > 0 {
		s.watchdog = time.Duration(micros) * time.Microsecond
	}
	return s
}

// tell tells systemd the state, such as READY=1. A socket that is gone or full is
// no reason to stop serving.
func (s systemd) tell(state string) {
	if s.socket == "" {
		return
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.socket, Net: "unixgram"})
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = c.Write([]byte(state))
}

// beats says WATCHDOG=1, three times in the time that systemd gives, for as long
// as all is well; what it gives ends that.
func (s systemd) beats(well func() error) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var beating sync.WaitGroup
	if s.socket != "" && s.watchdog > 0 {
		beating.Go(func() { s.beat(ctx, well) })
	}
	return func() { cancel(); beating.Wait() }
}

func (s systemd) beat(ctx context.Context, well func() error) {
	tick := time.NewTicker(s.watchdog / 3)
	defer tick.Stop()
	for {
		if well() == nil {
			s.tell("WATCHDOG=1")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
