package rig

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Controller is one of several controllers of a hotline, in a process of its own
// and behind taps of its own.
type Controller struct {
	t               testing.TB
	c               *child
	redis, asterisk tapAt
}

// otherVar names the test program of another version, built of the same package there:
// one controller in two is of that version, and they take over from each other.
const otherVar = "HOTLINE_OTHER_BUILD"

// build is the program of a further controller.
func build() string {
	if other := os.Getenv(otherVar); other != "" && rand.IntN(2) == 0 {
		return other
	}
	return os.Args[0]
}

// Another starts a further controller, elsewhere: as on another host, where it
// cannot see that the one who serves is dead. It serves, or stands by while
// another one does.
func (r *Rig) Another(elsewhere bool) *Controller {
	r.T.Helper()
	at := r.Site.Addresses()
	k := &Controller{t: r.T}
	k.redis, k.asterisk = r.tapsTo(at)
	at.Redis, at.ARI = k.redis.addr, "http://"+k.asterisk.addr
	order, err := r.orderAt(at)
	r.must(err)
	k.c, err = start(r.now.root, build(), order, elsewhere)
	r.must(err)
	r.now.root.Cleanup(k.c.kill)
	return k
}

// StandsBy waits until it has found another one serving.
func (k *Controller) StandsBy() { k.said(10*time.Second, "msg", standing) }

const standing = "standing by: another controller serves"

// Serves waits until the controller serves, and makes it the one that the
// story's wishes go to.
func (r *Rig) Serves(k *Controller) {
	r.T.Helper()
	k.said(15*time.Second, "msg", serving)
	r.now.Lock()
	r.now.controller, r.now.child = k.c, k.c
	r.now.Unlock()
}

// Overtaken waits until the controller has noticed by itself that another one is
// in charge, and has ended.
func (k *Controller) Overtaken(within time.Duration) {
	k.t.Helper()
	k.said(within, "msg", overtaken)
	select {
	case <-k.c.over:
	case <-time.After(within):
		k.t.Fatalf("the controller that was overtaken did not end within %v", within)
	}
}

func (k *Controller) said(within time.Duration, attrs ...string) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if _, err := k.c.saw(ctx, attrs...); err != nil {
		k.t.Fatal(err)
	}
}

// Kill ends it as kill -9 does, and waits until it is gone.
func (k *Controller) Kill() { k.c.kill() }

// Stop ends it as SIGTERM does: it hands over.
func (k *Controller) Stop() error { return k.c.stop() }

// Freeze stops the process as SIGSTOP does; Thaw lets it run on.
func (k *Controller) Freeze() { _ = k.c.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw wakes it. From then on every answer of Redis and Asterisk to it is kept.
func (k *Controller) Thaw() {
	k.redis.keep()
	k.asterisk.keep()
	_ = k.c.cmd.Process.Signal(syscall.SIGCONT)
}

// Granted are the answers it got since it was woken by which something was done
// for it: consent of Asterisk to a request that changes something, consent of
// Redis to a write.
func (k *Controller) Granted() (granted []string) {
	for _, m := range k.asterisk.kept() {
		if strings.Contains(m, `"status_code": 2`) || strings.Contains(m, `"status_code":2`) || strings.HasPrefix(m, "HTTP/1.1 2") {
			granted = append(granted, m)
		}
	}
	for _, m := range k.redis.kept() {
		// A script that wrote answers 1 or "done", and of a lease that it renewed "kept" or
		// "forgotten"; one that was refused 0, "forbidden" or "lost".
		if strings.HasPrefix(m, ":1") || slices.ContainsFunc([]string{"done", "kept", "forgotten"}, func(yes string) bool { return strings.Contains(m, yes) }) {
			granted = append(granted, m)
		}
	}
	return granted
}
