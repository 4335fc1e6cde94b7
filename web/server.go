package web

import (
	"context"
	"log/slog"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"hotline"
)

// Options are the parts the server shows and works with. All but those said to
// be optional are needed.
type Options struct {
	Board  Board
	Desk   Desk
	People People
	Phones Phones
	Users  Users
	Books  Books
	Facts  Facts
	City   City

	// Calls gives the calls that are played now. Optional.
	Calls func(ctx context.Context) ([]Call, error)
	// Today counts the tickets of calls that arrived since a moment. Optional:
	// without it the tickets are read and counted here.
	Today func(ctx context.Context, since time.Time) (Today, error)
	// As marks what a context does as done by an actor ("user:chen",
	// "agent:1001"), for the audit. Optional.
	As func(ctx context.Context, actor string) context.Context
	// Parts are what /readyz looks at.
	Parts []Part
	// Metrics answers /metrics. Optional.
	Metrics http.Handler
	// Readers says who may read it, and what /readyz tells of each part; "" is
	// ReadersLoopback.
	Readers Readers
	// Meter counts requests. Optional.
	Meter Meter
	// SecureCookie makes browsers send the session over TLS only; to be set
	// when a proxy before us speaks TLS. With TLS of our own it is so anyway.
	SecureCookie bool
	// Watchers is how many may follow the live events at once; 0: 200.
	Watchers int
	Version  string       // of the program, for the API's document
	Log      *slog.Logger // 0: slog.Default
	Now      func() time.Time
}

// Server answers HTTP requests. It has no listener: the program gives it one.
// Run must run for the live events to flow.
type Server struct {
	o       Options
	api     huma.API
	served  []string // operations, to be held against the table
	handler http.Handler
	hub     *hub
	names   names
	counted counted
	ask     time.Duration // how often a watcher's token is looked at
}

var (
	faultType    = reflect.TypeFor[Fault]()
	factViewType = reflect.TypeFor[FactView]()
)

// New makes a server.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Meter == nil {
		o.Meter = deaf{}
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Watchers == 0 {
		o.Watchers = mostWatchers
	}
	s := &Server{o: o, hub: newHub(o.Watchers), ask: askEvery}
	s.handler = s.routes()
	return s
}

// routes is the table of contents of everything that is not the API's.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	s.api = newAPI(mux, s.o.Version)
	s.addSession()
	s.addLive()
	s.addTickets()
	s.addCity()
	s.addAgents()
	s.addPhones()
	s.addUsers()
	s.tidy()
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, deny(http.StatusNotFound, string(hotline.NotFound), "there is no %s %s; %s/openapi.json lists what there is", r.Method, r.URL.Path, prefix))
	})
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	if s.o.Metrics != nil {
		mux.HandleFunc("GET /metrics", s.figures)
	}
	s.addPage(mux)

	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, deny(http.StatusForbidden, string(hotline.Forbidden), "a page of another site may not do this"))
	}))
	return s.watch(harden(cross.Handler(mux)))
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Watchers is how many follow the live events now, for the gauge.
func (s *Server) Watchers() int { return s.hub.count() }

type deaf struct{}

func (deaf) Served(string, int, time.Duration) {}
func (deaf) CutOff()                           {}
