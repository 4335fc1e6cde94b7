package app

import (
	"context"
	"net/http"
	"time"

	"hotline"
	"hotline/city"
	"hotline/live"
	"hotline/live/fact"
	"hotline/live/lease"
	"hotline/routing"
	"hotline/store"
	"hotline/ticket"
	"hotline/web"
)

const generalQueue = city.General

// newWeb gives the API its parts.
func (s *Service) newWeb(version string) *web.Server {
	return web.New(web.Options{
		Board: s.app.board, Desk: s.app, People: people{s.store}, Phones: telephones{s}, Users: users{s.store},
		Books: books{s.store}, Facts: facts{s.live}, City: theCity{s},
		Calls: s.app.liveCalls, As: store.As, Parts: s.parts(),
		Metrics: s.metrics.Handler(), Readers: web.Readers(s.cfg.City.Settings.HTTP.Metrics), Meter: s.metrics, Version: version, Log: s.log,
	})
}

// parts are what this controller needs to serve.
func (s *Service) parts() []web.Part {
	return []web.Part{
		{Name: "asterisk", Check: func(context.Context) error { return s.app.connected() }},
		{Name: "board", Check: func(context.Context) error { return s.app.holdsBoard() }},
		{Name: "redis", Check: s.live.Ping},
		{Name: "sql", Check: s.store.Ping, Spare: true},
		{Name: "journal", Check: func(context.Context) error { return s.app.booked() }, Spare: true},
	}
}

// mostUnbooked is how many finished calls may wait for SQL before that is worth a
// word: more than a second of the busiest hour brings.
const mostUnbooked = 100

// booked tells whether finished calls reach SQL.
func (a *App) booked() error {
	if n := a.journal.Backlog(); n > mostUnbooked {
		return hotline.Errorf(hotline.Unavailable, "%d finished calls wait in the journal for SQL", n)
	}
	return nil
}

// connected tells whether Asterisk's events reach us. With several, one is enough
// to serve; the others are in the log and in the figures.
func (a *App) connected() error {
	var why error
	for _, n := range a.nodes {
		switch x := n.exchange.Load(); {
		case x == nil:
			why = hotline.Errorf(hotline.Unavailable, "Asterisk %s was never connected", n.Name)
		case x.Err() != nil:
			why = hotline.Errorf(hotline.Unavailable, "Asterisk %s is not connected: %w", n.Name, x.Err())
		default:
			return nil
		}
	}
	return why
}

// holdsBoard tells whether callers are offered by this controller.
func (a *App) holdsBoard() error {
	if !a.leases.Confirmed(lease.Board) {
		return hotline.Errorf(hotline.Unavailable, "the lease of the board is not confirmed")
	}
	return nil
}

// liveCalls are the calls played now.
func (a *App) liveCalls(context.Context) ([]web.Call, error) {
	var calls []web.Call
	for _, r := range a.calls.all() {
		o, step := r.known()
		calls = append(calls, web.Call{ID: o.Call, Ticket: o.Ticket, Caller: o.Caller, Arrived: o.Arrived, Flow: o.Flow,
			Step: step, Hotline: o.Hotline, Queue: o.Queue, Agent: o.Agent})
	}
	return calls, nil
}

// view is the board for a scrape.
func (s *Service) view() (routing.View, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	v, err := s.app.board.View(ctx)
	return v, err == nil && s.app.holdsBoard() == nil
}

type people struct{ *store.Store }

func (p people) Agents(ctx context.Context) ([]web.Agent, error) {
	all, err := p.Store.Agents(ctx)
	list := make([]web.Agent, len(all))
	for i, a := range all {
		list[i] = web.Agent(a)
	}
	return list, err
}

func (p people) AddAgent(ctx context.Context, a web.Agent) error {
	return p.Store.AddAgent(ctx, store.Agent(a))
}

func (p people) CheckPIN(ctx context.Context, id hotline.AgentID, pin string) (web.Agent, error) {
	a, err := p.Store.CheckPIN(ctx, id, pin)
	return web.Agent(a), err
}

type users struct{ *store.Store }

func (u users) UserByToken(ctx context.Context, token string) (web.User, error) {
	user, err := u.Store.UserByToken(ctx, token)
	return web.User(user), err
}

func (u users) Users(ctx context.Context) ([]web.User, error) {
	all, err := u.Store.Users(ctx)
	list := make([]web.User, len(all))
	for i, x := range all {
		list[i] = web.User(x)
	}
	return list, err
}

func (u users) AddUser(ctx context.Context, x web.User) error {
	return u.Store.AddUser(ctx, store.User(x))
}

type books struct{ *store.Store }

func (b books) ListTickets(ctx context.Context, f web.Filter) ([]ticket.Ticket, error) {
	return b.Store.ListTickets(ctx, store.Filter(f))
}

type facts struct{ *live.Store }

func (f facts) Follow(ctx context.Context, from string, do func(web.Fact) error) error {
	return f.Store.Follow(ctx, from, func(x fact.Fact) error { return do(web.Fact(x)) })
}

type telephones struct{ s *Service }

func (t telephones) Phones(ctx context.Context) ([]web.Phone, error) {
	all, err := t.s.store.Phones(ctx)
	if err != nil {
		return nil, err
	}
	online, known := map[string]bool{}, false
	for _, x := range t.s.app.exchanges() {
		if m, err := x.Registered(ctx); err == nil {
			known = true
			for id, on := range m {
				online[id] = online[id] || on
			}
		}
	}
	list := make([]web.Phone, len(all))
	for i, p := range all {
		list[i] = web.Phone{ID: p.ID, Display: p.Display, State: stateOf(online[string(p.ID)], known)}
	}
	return list, nil
}

func stateOf(online, known bool) string {
	switch {
	case !known:
		return ""
	case online:
		return "online"
	default:
		return "offline"
	}
}

func (t telephones) AddPhone(ctx context.Context, id hotline.PhoneID, display, password string) error {
	return t.s.app.AddPhone(ctx, id, display, password)
}

func (t telephones) RemovePhone(ctx context.Context, id hotline.PhoneID) error {
	return t.s.app.RemovePhone(ctx, id)
}

type theCity struct{ s *Service }

func (c theCity) Hotlines() []web.Hotline {
	now := c.s.city.Load()
	list := make([]web.Hotline, len(now.Hotlines))
	keys, queues := map[hotline.HotlineKey]string{}, map[hotline.HotlineKey]hotline.QueueKey{}
	for _, g := range now.Groups {
		for _, m := range g.Hotlines {
			queues[m.Hotline], keys[m.Hotline] = g.Key, g.Digit
			if m.Digit != "" {
				keys[m.Hotline] += "," + m.Digit
			}
		}
	}
	for i, h := range now.Hotlines {
		list[i] = web.Hotline{Key: h.Key, Name: h.NameZH, English: h.NameEN, Successor: h.Successor,
			Queue: queues[h.Key], Keys: keys[h.Key]}
	}
	return list
}

func (c theCity) Queues() []web.Queue {
	list := []web.Queue{{Key: generalQueue, Name: "综合"}}
	for _, g := range c.s.city.Load().Groups {
		list = append(list, web.Queue{Key: g.Key, Name: g.Name})
	}
	return list
}

func (c theCity) Flows(now time.Time) []web.Flow {
	at := c.s.city.Load()
	current := at.FlowAt(now)
	var list []web.Flow
	for _, f := range at.Flows {
		list = append(list, web.Flow{Name: f.Name, Hash: f.Hash, Current: f.Name == current.Name})
	}
	return list
}

func (c theCity) Reload(ctx context.Context) error { return c.s.Reload(ctx) }

var _ http.Handler = (*web.Server)(nil)
