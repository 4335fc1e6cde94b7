// Package rig builds a whole hotline for a story: a real Asterisk, a real
// Redis, SQLite, real SIP telephones, and the controller – in this process, or
// in one of its own that can be killed.
package rig

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline"
	"hotline/app"
	"hotline/ivr"
	"hotline/live"
	"hotline/phone"
	"hotline/routing"
	"hotline/site"
	"hotline/site/sitetest"
	"hotline/store"
)

// Rig is one hotline under test.
type Rig struct {
	T     testing.TB
	Site  *site.Site
	Live  *live.Store
	Store *store.Store
	Flow  *ivr.Flow
	Rules routing.Rules
	// Others are further Asterisks of the hotline, by name; set before a controller
	// starts.
	Others map[string]site.Addresses
	// Limits are of controllers in processes of their own.
	Limits app.Limits

	taps            taps
	redis, asterisk tapAt // what controllers go through
	now             *now
	prompts         *phone.Library
	sentinels       string // where the board is; "": at the site's Redis
}

// now is the controller that serves at the moment; shared by a rig and what
// With gives.
type now struct {
	sync.Mutex
	root testing.TB // whose end is the end of the controllers
	controller
	child *child
	desks map[hotline.AgentID]*phone.Phone
}

// controller is what a story asks of a controller, wherever it runs.
type controller interface {
	addPhone(id hotline.PhoneID, password string) error
	signIn(id hotline.AgentID, at hotline.PhoneID, skills []hotline.Skill) error
	ready(id hotline.AgentID) error
	pause(id hotline.AgentID) error
	signOut(id hotline.AgentID) error
	stop() error
}

// New starts everything but the controller. The flow's prompts are tones, each
// its own (see Text).
func New(t testing.TB, flow *ivr.Flow, changes ...func(*site.Options)) *Rig {
	t.Helper()
	r := &Rig{T: t, Flow: flow, Site: sitetest.Start(t, changes...), Rules: routing.Rules{
		Ring: 5 * time.Second, Rest: 200 * time.Millisecond, Misses: 3, Ageing: time.Minute, Lifetime: 2 * time.Second,
	}, now: &now{root: t, desks: map[hotline.AgentID]*phone.Phone{}}}
	at := r.Site.Addresses()
	p, err := openParts(t.Context(), at, flow)
	r.must(err)
	r.Store = p.store
	r.watch(at.Redis)
	r.prompts, err = promptsOf(p.sounds)
	r.must(err)
	t.Cleanup(p.close)
	r.taps, err = startTaps(t)
	r.must(err)
	r.redis, r.asterisk = r.tapsTo(at)
	return r
}

// With is the same hotline in another test, for stories that share one.
func (r *Rig) With(t testing.TB) *Rig {
	o := *r
	o.T = t
	return &o
}

// Start starts a controller in this process.
func (r *Rig) Start() {
	r.T.Helper()
	c, err := startHere(r.now.root, r.tapped(), r.Others, r.Flow, r.Rules)
	r.must(err)
	r.serve(c)
}

func (r *Rig) serve(c controller) {
	r.now.Lock()
	r.now.controller = c
	r.now.Unlock()
	r.now.root.Cleanup(r.Stop)
}

// Stop stops the controller, as on SIGTERM.
func (r *Rig) Stop() {
	r.now.Lock()
	c := r.now.controller
	r.now.controller, r.now.child = nil, nil
	r.now.Unlock()
	if c == nil {
		return
	}
	if err := c.stop(); err != nil {
		r.now.root.Errorf("stop: %v", err)
	}
}

// Agent adds an agent and a telephone, registers it and signs the agent in.
func (r *Rig) Agent(id hotline.AgentID, ph hotline.PhoneID, skills ...hotline.Skill) *phone.Phone {
	r.T.Helper()
	p := r.Phone(ph)
	r.SitDown(id, ph, skills...)
	r.now.desks[id] = p
	return p
}

// SitDown adds an agent and signs him in at a telephone that is registered.
func (r *Rig) SitDown(id hotline.AgentID, ph hotline.PhoneID, skills ...hotline.Skill) {
	r.T.Helper()
	r.must(r.Store.AddAgent(r.T.Context(), store.Agent{ID: id, Name: "agent " + string(id), Skills: skills, Enabled: true}))
	r.must(r.now.signIn(id, ph, skills))
}

// Desk is the telephone of an agent that Agent added.
func (r *Rig) Desk(id hotline.AgentID) *phone.Phone { return r.now.desks[id] }

// Ready ends an agent's pause.
func (r *Rig) Ready(id hotline.AgentID) {
	r.T.Helper()
	r.must(r.now.ready(id))
}

// Pause takes an agent out of routing until Ready.
func (r *Rig) Pause(id hotline.AgentID) {
	r.T.Helper()
	r.must(r.now.pause(id))
}

// SignOut takes an agent off the board, after his talk.
func (r *Rig) SignOut(id hotline.AgentID) {
	r.T.Helper()
	r.must(r.now.signOut(id))
}

// Phone adds a telephone and registers it. It must be called while a controller
// runs.
func (r *Rig) Phone(id hotline.PhoneID) *phone.Phone {
	r.T.Helper()
	return r.PhoneAt(r.Site, "", id)
}

// PhoneAt adds a telephone that is at an address of its own ("" any) and registers
// it at a site.
func (r *Rig) PhoneAt(at *site.Site, bind string, id hotline.PhoneID) *phone.Phone {
	r.T.Helper()
	password := store.NewPhonePassword()
	r.must(r.now.addPhone(id, password))
	p, err := phone.Open(phone.Options{Server: at.Addresses().SIP, Bind: bind, Number: string(id), Password: password})
	r.must(err)
	r.T.Cleanup(func() { _ = p.Close() })
	ctx, cancel := context.WithTimeout(r.T.Context(), 10*time.Second)
	defer cancel()
	r.must(p.Register(ctx))
	return p
}

// Citizen opens a citizen's telephone, at the trunk's address.
func (r *Rig) Citizen(number string, changes ...func(*phone.Options)) *phone.Phone {
	r.T.Helper()
	o := phone.Options{Server: r.Site.Addresses().Trunk(), Bind: "127.0.0.2", Number: number}
	for _, change := range changes {
		change(&o)
	}
	p, err := phone.Open(o)
	r.must(err)
	r.T.Cleanup(func() { _ = p.Close() })
	return p
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

// order is what a controller in a process of its own is told.
type order struct {
	At    site.Addresses
	Flow  string
	Rules routing.Rules
	// Others are further Asterisks, by name.
	Others map[string]site.Addresses
	Limits app.Limits
}

func (r *Rig) order() (string, error) { return r.orderAt(r.tapped()) }

func (r *Rig) orderAt(at site.Addresses) (string, error) {
	b, err := json.Marshal(order{At: at, Flow: r.Flow.Name, Rules: r.Rules, Others: r.Others, Limits: r.Limits})
	return string(b), err
}

// tapsTo opens taps to Redis and Asterisk.
func (r *Rig) tapsTo(at site.Addresses) (redis, asterisk tapAt) {
	return r.taps.open(at.Redis, false), r.taps.open(strings.TrimPrefix(at.ARI, "http://"), true)
}

// tapped are the addresses that lead through the taps.
func (r *Rig) tapped() site.Addresses {
	at := r.Site.Addresses()
	at.Redis, at.ARI = r.redis.addr, "http://"+r.asterisk.addr
	if r.sentinels != "" {
		at.Redis = r.sentinels
	}
	return at
}
