package ari_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/pbx/ari"
	"hotline/site"
	"hotline/site/sitetest"
)

// exchange is a real Asterisk with one controller after another.
type exchange struct {
	site  *site.Site
	boot  *ari.Client
	token int64
}

func newExchange(t testing.TB) *exchange {
	t.Helper()
	x := &exchange{site: sitetest.Start(t)}
	password, err := x.site.Addresses().BootPassword()
	must(t, err)
	x.boot, err = ari.NewClient(ari.Config{URL: x.site.Addresses().ARI, User: site.BootUser, Password: password})
	must(t, err)
	t.Cleanup(x.boot.Close)
	return x
}

// take makes a new holder, as a controller does at its start.
func (x *exchange) take(t testing.TB) ari.Config {
	t.Helper()
	x.token++
	cfg, err := ari.Take(t.Context(), x.boot, "ctl", x.token)
	must(t, err)
	cfg.App = site.ARIApp
	return cfg
}

// connect takes the exchange over. Events that nobody watches are arrivals.
func (x *exchange) connect(t testing.TB, changes ...func(*ari.Config)) (*ari.Conn, *arrivals) {
	t.Helper()
	cfg, a := x.take(t), &arrivals{all: make(chan *ari.Event, 1000)}
	for _, change := range changes {
		change(&cfg)
	}
	c, _ := hears(t, cfg, a.handle)
	t.Cleanup(c.Close)
	return c, a
}

// hears connects, again where Asterisk leaves the connection deaf because the one
// before is being put away, and tells how often it did.
func hears(t testing.TB, cfg ari.Config, handle func(*ari.Conn, *ari.Event)) (c *ari.Conn, deaf int) {
	t.Helper()
	c, err := ari.Connect(t.Context(), cfg, handle)
	for ; errors.Is(err, ari.ErrDeaf); deaf++ {
		c, err = ari.Connect(t.Context(), cfg, handle)
	}
	must(t, err)
	return c, deaf
}

// arrivals answers for what nobody watches, as a hotline would: a new channel
// in the application gets a mailbox of its own before its next event is read.
type arrivals struct {
	all   chan *ari.Event
	calls sync.Map // channel id → *ari.Mailbox
}

func (a *arrivals) handle(c *ari.Conn, e *ari.Event) {
	if e.Type == ari.StasisStart {
		box := ari.NewMailbox(256)
		c.Watch(box, e.Channel.ID)
		a.calls.Store(e.Channel.ID, box)
	}
	select {
	case a.all <- e:
	default:
	}
}

// call is a citizen's call that reached the application and was answered: a
// Local channel, whose other end (outside) is in the application as well.
type call struct {
	id, outside string
	box         *ari.Mailbox
}

func (x *exchange) call(t testing.TB, c *ari.Conn, a *arrivals) call {
	t.Helper()
	outside := fmt.Sprintf("citizen-%d", time.Now().UnixNano())
	box := ari.NewMailbox(256)
	c.Watch(box, outside)
	must(t, c.Do(t.Context(), ari.Originate{Channel: outside, Endpoint: "Local/12345@from-phone/n",
		App: site.ARIApp, Args: []string{"outside"}}.Request()))
	e := await(t, a.all, ari.StasisStart)
	if len(e.Args) != 5 || e.Args[1] != "12345" {
		t.Fatalf("the caller arrives with the number dialled, got %q", e.Args)
	}
	must(t, c.Do(t.Context(), ari.Answer(e.Channel.ID)))
	await(t, box.Events(), ari.StasisStart)
	in, _ := a.calls.Load(e.Channel.ID)
	t.Cleanup(func() {
		_ = x.boot.Do(context.Background(), ari.Hangup(outside, ""))
		_ = x.boot.Do(context.Background(), ari.Hangup(e.Channel.ID, ""))
	})
	return call{id: e.Channel.ID, outside: outside, box: in.(*ari.Mailbox)}
}

// counts is a Meter.
type counts struct{ seen sync.Map }

func (m *counts) Event(kind ari.Type, lag time.Duration) { m.seen.Store(string(kind), lag) }
func (m *counts) Skipped(what string)                    { m.seen.Store(what, true) }
func (m *counts) Request(verb string, status int, took time.Duration) {
	m.seen.Store(fmt.Sprint(verb, " ", status), took)
}

func (m *counts) of(names ...string) (n int) {
	for _, name := range names {
		if _, ok := m.seen.Load(name); ok {
			n++
		}
	}
	return n
}

// quiet makes sure that a story leaves no goroutine behind.
func quiet(t *testing.T, x *exchange) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		x.boot.Close()
		goleak.VerifyNone(t, before)
	})
}

// await gives the next event of a type, passing over others.
func await(t testing.TB, events <-chan *ari.Event, want ari.Type) *ari.Event {
	t.Helper()
	deadline := time.After(5 * time.Second)
	for {
		select {
		case e, more := <-events:
			if !more {
				t.Fatalf("the mailbox ended before %s came", want)
			}
			if e.Type == want {
				return e
			}
		case <-deadline:
			t.Fatalf("no %s came", want)
		}
	}
}

// next gives the next event, and whether there was one before the mailbox ended.
// A mailbox that neither fills nor ends fails the story instead of hanging it.
func next(t testing.TB, m *ari.Mailbox) (*ari.Event, bool) {
	t.Helper()
	select {
	case e, more := <-m.Events():
		return e, more
	case <-time.After(10 * time.Second):
		t.Fatal("the mailbox neither told anything nor ended")
		return nil, false
	}
}

// ended reads until the mailbox has ended.
func ended(t testing.TB, m *ari.Mailbox) {
	t.Helper()
	for more := true; more; {
		_, more = next(t, m)
	}
}

func within(t testing.TB, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("it did not end")
	}
}

func ignore(*ari.Conn, *ari.Event) {}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
