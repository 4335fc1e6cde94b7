package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline"
	"hotline/live/fact"
	"hotline/live/memory"
	"hotline/routing"
	"hotline/store"
	"hotline/ticket"
	"hotline/web"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a hotline with real books, a real board and the API on a real
// listener; only Asterisk is missing.
type house struct {
	t      testing.TB
	store  *store.Store
	memory *memory.Store
	board  *routing.Dispatcher
	web    *web.Server
	http   *httptest.Server
	city   *city
	parts  *parts
	log    *syncLog
	stop   context.CancelFunc
}

// tokens of the three roles and the agent's PIN.
const pin1001 = "240524"

func open(t testing.TB, change ...func(*web.Options)) *house {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	h := &house{t: t, memory: memory.New(), city: &city{}, parts: &parts{}, log: &syncLog{}, stop: stop}
	var err error
	if h.store, err = store.Open(ctx, store.Options{DSN: filepath.Join(t.TempDir(), "hotline.db")}); err != nil {
		t.Fatal(err)
	}
	must(t, h.store.AddAgent(ctx, store.Agent{ID: "1001", Name: "陈静", Skills: []hotline.Skill{"water"}, Enabled: true}))
	must(t, h.store.AddAgent(ctx, store.Agent{ID: "1002", Name: "<script>alert(1)</script>", Enabled: true}))
	must(t, h.store.AddAgent(ctx, store.Agent{ID: "1003", Name: "王敏", Enabled: false}))
	must(t, h.store.SetPIN(ctx, "1001", pin1001))
	for _, p := range []hotline.PhoneID{"8001", "8002", "8003"} {
		must(t, h.store.AddPhone(ctx, p, "", store.NewPhonePassword()))
	}
	rules := routing.Rules{Ring: 20 * time.Second, WrapUp: 30 * time.Second, Rest: 5 * time.Second, Misses: 3, Lifetime: 2 * time.Second}
	h.board = routing.New(h.memory, quiet{}, rules, routing.Ears{}, time.Now)
	o := web.Options{
		Board: h.board, Desk: desk{h.board}, People: people{h.store}, Phones: phones{h.store}, Users: users{h.store},
		Books: books{h.store}, Facts: facts{h.memory}, City: h.city, As: store.As,
		Parts: []web.Part{{Name: "asterisk", Check: h.parts.asterisk}, {Name: "sql", Check: h.parts.books, Spare: true}},
		Log:   slog.New(slog.NewTextHandler(h.log, nil)),
	}
	for _, c := range change {
		c(&o)
	}
	h.web = web.New(o)
	h.http = httptest.NewServer(h.web)
	var running sync.WaitGroup
	running.Go(func() { h.board.Run(ctx, 1) })
	running.Go(func() { h.web.Run(ctx) })
	must(t, h.board.Sync(ctx, routing.OneNode(), nil, func(hotline.CallID) bool { return true }))
	t.Cleanup(func() {
		stop()
		running.Wait()
		h.http.Close()
		http.DefaultClient.CloseIdleConnections()
		must(t, h.store.Close())
	})
	return h
}

// desk is the board, and a recorder without a telephone: nobody talks.
type desk struct{ *routing.Dispatcher }

func (d desk) Record(ctx context.Context, id hotline.AgentID, _ bool) error {
	v, err := d.View(ctx)
	if err != nil {
		return err
	}
	for _, a := range v.Agents {
		if a.ID == id {
			return hotline.Errorf(hotline.Conflict, "agent %s is %s; only a talk's recording can be paused", id, a.State)
		}
	}
	return hotline.Errorf(hotline.NotFound, "agent %s is not signed in", id)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// token makes a user of the role and his token.
func (h *house) token(role web.Role) string {
	h.t.Helper()
	name := "u-" + string(role)
	must(h.t, h.store.AddUser(h.t.Context(), store.User{Name: name, Role: string(role), Enabled: true}))
	token, err := h.store.NewToken(h.t.Context(), name)
	must(h.t, err)
	return token
}

// ask sends a request and gives the status and the body.
func (h *house) ask(token, method, path, body string) (int, string) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.http.URL+path, strings.NewReader(body))
	must(h.t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := h.http.Client().Do(req)
	must(h.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(h.t, err)
	return res.StatusCode, string(b)
}

// get reads JSON into v and fails unless the answer is 200.
func (h *house) get(token, path string, v any) {
	h.t.Helper()
	status, body := h.ask(token, http.MethodGet, path, "")
	if status != http.StatusOK {
		h.t.Fatalf("GET %s answered %d: %s", path, status, body)
	}
	if err := json.Unmarshal([]byte(body), v); err != nil {
		h.t.Fatalf("GET %s: %v in %s", path, err, body)
	}
}

// do sends a request that must be granted.
func (h *house) do(token, method, path, body string) string {
	h.t.Helper()
	status, got := h.ask(token, method, path, body)
	if status/100 != 2 {
		h.t.Fatalf("%s %s answered %d: %s", method, path, status, got)
	}
	return got
}

// joins lets a caller join a queue.
func (h *house) joins(call hotline.CallID, queue hotline.QueueKey, needs ...hotline.Skill) {
	h.t.Helper()
	_, _, err := h.board.Join(h.t.Context(), hotline.Wish{Call: call, Queue: queue, Needs: needs}, routing.Note{})
	must(h.t, err)
}

// books a finished call.
func (h *house) finished(o hotline.Outcome) {
	h.t.Helper()
	must(h.t, h.store.WriteOutcomes(context.Background(), []hotline.Outcome{o}))
}

// The adapters below are what the program writes, too: the store's types turned
// into web's.

type people struct{ *store.Store }

func (p people) Agents(ctx context.Context) ([]web.Agent, error) {
	list, err := p.Store.Agents(ctx)
	out := make([]web.Agent, len(list))
	for i, a := range list {
		out[i] = web.Agent(a)
	}
	return out, err
}

func (p people) AddAgent(ctx context.Context, a web.Agent) error {
	return p.Store.AddAgent(ctx, store.Agent(a))
}

func (p people) CheckPIN(ctx context.Context, id hotline.AgentID, pin string) (web.Agent, error) {
	a, err := p.Store.CheckPIN(ctx, id, pin)
	return web.Agent(a), err
}

type phones struct{ *store.Store }

func (p phones) Phones(ctx context.Context) ([]web.Phone, error) {
	list, err := p.Store.Phones(ctx)
	out := make([]web.Phone, len(list))
	for i, a := range list {
		out[i] = web.Phone{ID: a.ID, Display: a.Display}
	}
	return out, err
}

type users struct{ *store.Store }

func (u users) UserByToken(ctx context.Context, token string) (web.User, error) {
	user, err := u.Store.UserByToken(ctx, token)
	return web.User(user), err
}

func (u users) Users(ctx context.Context) ([]web.User, error) {
	list, err := u.Store.Users(ctx)
	out := make([]web.User, len(list))
	for i, a := range list {
		out[i] = web.User(a)
	}
	return out, err
}

func (u users) AddUser(ctx context.Context, a web.User) error {
	return u.Store.AddUser(ctx, store.User(a))
}

type books struct{ *store.Store }

func (b books) ListTickets(ctx context.Context, f web.Filter) ([]ticket.Ticket, error) {
	return b.Store.ListTickets(ctx, store.Filter(f))
}

type facts struct{ *memory.Store }

func (f facts) Follow(ctx context.Context, from string, do func(web.Fact) error) error {
	return f.Store.Follow(ctx, from, func(x fact.Fact) error { return do(web.Fact(x)) })
}

// quiet are phones that ring for ever.
type quiet struct{}

func (quiet) Ring(context.Context, hotline.Offer) error { return nil }
func (quiet) Cancel(context.Context, hotline.Offer)     {}

// city is what the city wrote.
type city struct {
	mu    sync.Mutex
	fault error
}

func (*city) Hotlines() []web.Hotline {
	return []web.Hotline{{Key: "zilaishui", Name: "市自来水公司", Queue: "water", Keys: "1"}}
}

func (*city) Queues() []web.Queue {
	return []web.Queue{{Key: "water", Name: "供水"}, {Key: "city", Name: "城建"}}
}

func (*city) Flows(time.Time) []web.Flow {
	return []web.Flow{{Name: "menu", Hash: "aa", Current: true}, {Name: "night", Hash: "bb"}}
}

func (c *city) breaks(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = err
}

func (c *city) Reload(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fault
}

// parts is an Asterisk and a database that can be away.
type parts struct {
	mu            sync.Mutex
	away, noBooks bool
}

func (p *parts) booksGo(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noBooks = away
}

func (p *parts) books(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.noBooks {
		return errors.New("the database is away")
	}
	return nil
}

func (p *parts) goes(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = away
}

func (p *parts) asterisk(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away {
		return errors.New("the event socket is not connected")
	}
	return nil
}

// syncLog is a log that tests read.
type syncLog struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *syncLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *syncLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
