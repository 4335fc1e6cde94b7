package site_test

import (
	"context"
	"sync"
	"testing"
	"time"

	asteriskconfig "hotline/asterisk-config"
	"hotline/pbx/ari"
	"hotline/phone"
	"hotline/site"
)

// citizenAddress is where the trunk is expected by default.
const citizenAddress = "127.0.0.2"

// boot gives a client that acts as the boot user.
func boot(t *testing.T, s *site.Site) *ari.Client {
	t.Helper()
	password, err := s.Addresses().BootPassword()
	if err != nil {
		t.Fatal(err)
	}
	c, err := ari.NewClient(ari.Config{URL: s.Addresses().ARI, User: site.BootUser, Password: password, App: site.ARIApp})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// controller is a small one: it keeps what it is told.
type controller struct {
	*ari.Conn
	mu     sync.Mutex
	events []*ari.Event
}

// control connects a controller as its own user, taken as a real one would.
func control(t *testing.T, s *site.Site) *controller {
	t.Helper()
	cfg, err := ari.Take(t.Context(), boot(t, s), "ctl", time.Now().UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	c := &controller{}
	c.Conn, err = ari.Connect(t.Context(), cfg, func(_ *ari.Conn, e *ari.Event) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.events = append(c.events, e)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// await gives the first event of a kind, waiting for it.
func (c *controller) await(t *testing.T, kind ari.Type) *ari.Event {
	t.Helper()
	var found *ari.Event
	within(t, 20*time.Second, string(kind), func() bool {
		found = c.first(kind)
		return found != nil
	})
	return found
}

func (c *controller) first(kind ari.Type) *ari.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.events {
		if e.Type == kind {
			return e
		}
	}
	return nil
}

// within waits until something is so.
func within(t *testing.T, limit time.Duration, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if so() {
			return
		}
	}
	t.Fatalf("not within %v: %s", limit, what)
}

// push makes a telephone known to Asterisk.
func push(t *testing.T, c ari.Doer, id, password string) {
	t.Helper()
	for _, o := range asteriskconfig.Telephone(id, asteriskconfig.Digest(id, password), "127.0.0.1") {
		var fields []ari.Field
		for _, s := range o.Settings {
			fields = append(fields, ari.Field{Attribute: s.Attribute, Value: s.Value})
		}
		if err := c.Do(t.Context(), ari.PutDynamic("res_pjsip", o.Kind, o.ID, fields...)); err != nil {
			t.Fatal(err)
		}
	}
}

// telephone opens a phone; it is closed with the test.
func telephone(t *testing.T, o phone.Options) *phone.Phone {
	t.Helper()
	p, err := phone.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// citizen dials number from the trunk and waits for nothing.
func citizen(t *testing.T, s *site.Site, number string, o phone.DialOptions) *phone.Call {
	t.Helper()
	p := telephone(t, phone.Options{Server: s.Addresses().Trunk(), Bind: citizenAddress, Number: "00055501"})
	c, err := p.Dial(t.Context(), number, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// soon is a deadline for what should take no time.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// longer is a deadline for what takes some words.
func longer(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// forget drops the events that were told so far.
func (c *controller) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = nil
}
