// Package rig builds a whole hotline for a story: a real Asterisk, a real
// Redis, SQLite, real SIP telephones, and the controller in this process.
package rig

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"hotline"
	"hotline/app"
	"hotline/ivr"
	"hotline/live"
	"hotline/pbx/ari"
	"hotline/phone"
	"hotline/routing"
	"hotline/site"
	"hotline/site/sitetest"
	"hotline/store"
	"hotline/ticket"
	"hotline/voice"
)

// Rig is one hotline under test.
type Rig struct {
	T     testing.TB
	Site  *site.Site
	Live  *live.Store
	Store *store.Store
	Flow  *ivr.Flow
	Rules routing.Rules

	mu     sync.Mutex
	app    *app.App
	sounds *voice.Library
}

// New starts everything but the controller. The flow's prompts are tones, each
// its own.
func New(t testing.TB, flow *ivr.Flow, changes ...func(*site.Options)) *Rig {
	t.Helper()
	r := &Rig{T: t, Flow: flow, Site: sitetest.Start(t, changes...), Rules: routing.Rules{
		Ring: 5 * time.Second, Rest: 200 * time.Millisecond, Misses: 3, Ageing: time.Minute, Lifetime: 2 * time.Second,
	}}
	r.open()
	return r
}

func (r *Rig) open() {
	at := r.Site.Addresses()
	password, err := at.RedisPassword()
	r.must(err)
	r.Live, err = live.Open(r.T.Context(), live.Options{Address: at.Redis, Password: password})
	r.must(err)
	r.T.Cleanup(func() { _ = r.Live.Close() })
	r.Store, err = store.Open(r.T.Context(), store.Options{DSN: filepath.Join(at.Dir, "hotline.db")})
	r.must(err)
	r.T.Cleanup(func() { _ = r.Store.Close() })
	r.speak()
}

func (r *Rig) speak() {
	var err error
	r.sounds, err = voice.Open(voice.Options{Cache: filepath.Join(r.Site.Addresses().Dir, "voice"), Speaker: voice.ToneSpeaker{}})
	r.must(err)
	keys := map[string]bool{}
	for _, s := range r.Flow.Steps {
		for _, k := range s.Prompts() {
			keys[k] = true
		}
	}
	for _, k := range [...]string{"desk.in", "desk.out", "desk.wrong", "desk.away", "desk.notin", "desk.unknown", "desk.paused", "desk.free"} {
		keys[k] = true
	}
	var prompts []voice.Prompt
	for k := range keys {
		prompts = append(prompts, voice.Prompt{Key: k, Text: k, Language: "zh", Where: "rig:1"})
	}
	r.must(r.sounds.Build(r.T.Context(), prompts))
}

// Start starts the controller.
func (r *Rig) Start() {
	r.T.Helper()
	at := r.Site.Addresses()
	boot, err := at.BootPassword()
	r.must(err)
	a := app.New(app.Options{
		Script: script{r.Flow}, Sounds: app.Sounds{Library: r.sounds, Language: "zh"}, Live: r.Live, Store: r.Store, Rules: r.Rules,
		Boot:     ari.Config{URL: at.ARI, User: site.BootUser, Password: boot, App: site.ARIApp},
		Asterisk: "a1", Media: "127.0.0.1", Music: "hotline", Journal: filepath.Join(at.Dir, "journal"),
		Log: slog.New(slog.NewTextHandler(testWriter{r.T}, nil)),
	})
	ctx, cancel := context.WithTimeout(r.T.Context(), 10*time.Second)
	defer cancel()
	r.must(a.Start(ctx))
	r.mu.Lock()
	r.app = a
	r.mu.Unlock()
	r.T.Cleanup(r.Stop)
}

// Stop stops the controller, as on SIGTERM.
func (r *Rig) Stop() {
	r.mu.Lock()
	a := r.app
	r.app = nil
	r.mu.Unlock()
	if a == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := a.Stop(ctx); err != nil {
		r.T.Errorf("stop: %v", err)
	}
}

// App is the running controller.
func (r *Rig) App() *app.App { return r.app }

// Agent adds an agent and a telephone, registers it and signs the agent in.
func (r *Rig) Agent(id hotline.AgentID, ph hotline.PhoneID, skills ...hotline.Skill) *phone.Phone {
	r.T.Helper()
	p := r.Phone(ph)
	r.must(r.Store.AddAgent(r.T.Context(), store.Agent{ID: id, Name: "agent " + string(id), Skills: skills, Enabled: true}))
	r.must(r.app.SignIn(r.T.Context(), id, ph, skills))
	return p
}

// Phone adds a telephone and registers it. It must be called while the
// controller runs.
func (r *Rig) Phone(id hotline.PhoneID) *phone.Phone {
	r.T.Helper()
	password := store.NewPhonePassword()
	r.must(r.app.AddPhone(r.T.Context(), id, "test", password))
	p, err := phone.Open(phone.Options{Server: r.Site.Addresses().SIP, Number: string(id), Password: password})
	r.must(err)
	r.T.Cleanup(func() { _ = p.Close() })
	ctx, cancel := context.WithTimeout(r.T.Context(), 10*time.Second)
	defer cancel()
	r.must(p.Register(ctx))
	return p
}

// Citizen opens a citizen's telephone, at the trunk's address.
func (r *Rig) Citizen(number string) *phone.Phone {
	r.T.Helper()
	p, err := phone.Open(phone.Options{Server: r.Site.Addresses().SIP, Bind: "127.0.0.2", Number: number})
	r.must(err)
	r.T.Cleanup(func() { _ = p.Close() })
	return p
}

// Tickets waits until n tickets are in SQL and gives them, newest first.
func (r *Rig) Tickets(n int) []ticket.Ticket {
	r.T.Helper()
	var ts []ticket.Ticket
	r.Within(5*time.Second, "the tickets are written", func() bool {
		var err error
		ts, err = r.Store.ListTickets(r.T.Context(), store.Filter{Limit: 1000})
		r.must(err)
		return len(ts) >= n
	})
	if len(ts) != n {
		r.T.Fatalf("%d tickets, %d expected", len(ts), n)
	}
	return ts
}

// Within waits until so is true.
func (r *Rig) Within(limit time.Duration, what string, so func() bool) {
	r.T.Helper()
	for end := time.Now().Add(limit); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			r.T.Fatalf("not within %v: %s", limit, what)
		}
	}
}

func (r *Rig) must(err error) {
	r.T.Helper()
	if err != nil {
		r.T.Fatal(err)
	}
}

// script is one flow at all hours.
type script struct{ flow *ivr.Flow }

func (s script) Flow(hash string) (*ivr.Flow, bool)             { return s.flow, hash == s.flow.Hash }
func (s script) FlowAt(time.Time) *ivr.Flow                     { return s.flow }
func (s script) OldNumber(...string) (hotline.HotlineKey, bool) { return "", false }

type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Logf("%s", b)
	return len(b), nil
}
