package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"hotline"
)

const (
	// tickEvery is how often a browser hears something although nothing
	// happened, so that it can tell silence from a dead line.
	tickEvery = 2 * time.Second
	// writeTime is how long one message may take; then the browser is cut off.
	writeTime = 5 * time.Second
	// askEvery is how often a watcher's token is looked at again: a revoked one
	// ends its stream.
	askEvery = 15 * time.Second
)

// FactView is one thing that happened, as the live events tell it.
type FactView struct {
	ID        string            `json:"id"`
	At        time.Time         `json:"at"`
	Kind      string            `json:"kind" doc:"commit, or a kind of its own with fields"`
	Fields    map[string]string `json:"fields,omitempty" doc:"For those who may see callers"`
	Agents    []Seat            `json:"agents,omitempty" doc:"As they are now"`
	SignedOut []hotline.AgentID `json:"signed_out,omitempty"`
	Places    []PlaceView       `json:"places,omitempty" doc:"As they are now"`
	Left      []PlaceView       `json:"left,omitempty" doc:"As they were when the caller left, or was joined"`
}

// PlaceView is where a caller stands; it names the call, never the caller.
type PlaceView struct {
	Call    hotline.CallID   `json:"call"`
	Queue   hotline.QueueKey `json:"queue"`
	Since   time.Time        `json:"since"`
	Ringing bool             `json:"ringing"`
}

// showFact gives the fact as the role may see it.
func showFact(f Fact, r Role) FactView {
	v := FactView{ID: f.ID, At: f.At.Time(), Kind: f.Kind, Places: places(f.Places), Left: places(f.Left)}
	for _, a := range f.Agents {
		v.Agents = append(v.Agents, seat(a, ""))
	}
	for _, a := range f.SignedOut {
		v.SignedOut = append(v.SignedOut, a.ID)
	}
	if r.Can("see-callers") {
		v.Fields = f.Fields
	}
	return v
}

func places(list []hotline.Place) []PlaceView {
	var views []PlaceView
	for _, p := range list {
		views = append(views, PlaceView{Call: p.Call, Queue: p.Queue, Since: p.Since.Time(), Ringing: p.Offer != 0})
	}
	return views
}

// CallView is a call that is played now.
type CallView struct {
	ID      hotline.CallID     `json:"id"`
	Ticket  hotline.TicketNo   `json:"ticket,omitempty"`
	Caller  string             `json:"caller,omitempty" doc:"For those who may see callers"`
	Arrived time.Time          `json:"arrived"`
	Flow    string             `json:"flow,omitempty"`
	Step    string             `json:"step,omitempty"`
	Hotline hotline.HotlineKey `json:"hotline,omitempty"`
	Queue   hotline.QueueKey   `json:"queue,omitempty"`
	Agent   hotline.AgentID    `json:"agent,omitempty"`
}

type callsOutput struct {
	Body struct {
		Calls []CallView `json:"calls"`
	}
}

type todayOutput struct{ Body Today }

type liveInput struct {
	Last  string `header:"Last-Event-ID" maxLength:"64" doc:"The id of the last fact that was seen; a browser sends it by itself"`
	Facts bool   `query:"facts" default:"true" doc:"false: the board only"`
}

func (s *Server) addLive() {
	add(s, "board", func(ctx context.Context, v visitor, _ *struct{}) (*wallOutput, error) {
		s.readBooks(ctx)
		w, err := s.wall(ctx)
		if !v.role.Can("see-names") {
			w = w.hideNames()
		}
		return &wallOutput{Body: w}, err
	})
	add(s, "today", func(ctx context.Context, _ visitor, _ *struct{}) (*todayOutput, error) {
		t, err := s.countToday(ctx)
		if err != nil {
			return nil, err
		}
		return &todayOutput{Body: *t}, nil
	})
	add(s, "calls", s.calls)
	add(s, "live", func(_ context.Context, v visitor, in *liveInput) (*huma.StreamResponse, error) {
		w := &watcher{role: v.role, facts: in.Facts, out: make(chan []byte, outBuffer), cut: make(chan struct{})}
		missed, known, err := s.hub.join(w, in.Last)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			defer s.hub.leave(w)
			s.stream(ctx, v, w, missed, known)
		}}, nil
	})
	s.describeLive()
}

func (s *Server) calls(ctx context.Context, v visitor, _ *struct{}) (*callsOutput, error) {
	out := &callsOutput{}
	out.Body.Calls = []CallView{}
	if s.o.Calls == nil {
		return out, nil
	}
	list, err := s.o.Calls(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		view := CallView{ID: c.ID, Ticket: c.Ticket, Arrived: c.Arrived.UTC(), Flow: c.Flow, Step: c.Step,
			Hotline: c.Hotline, Queue: c.Queue, Agent: c.Agent}
		if v.role.Can("see-callers") {
			view.Caller = c.Caller.Number
		}
		out.Body.Calls = append(out.Body.Calls, view)
	}
	s.looked(ctx, v, "calls", "")
	return out, nil
}

// stream writes events until the browser goes, is too slow, or may no more.
func (s *Server) stream(ctx huma.Context, v visitor, w *watcher, missed []Fact, known bool) {
	r, rw := humago.Unwrap(ctx)
	rw.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	rw.Header().Set("X-Accel-Buffering", "no")
	line := sender{w: rw, c: http.NewResponseController(rw)}
	_ = line.c.SetReadDeadline(time.Time{}) // the listener's limits are for requests; a stream has its own

	s.readBooks(r.Context())
	opening := []byte("retry: 1000\n\n")
	if !known {
		opening = append(opening, message("reset", "", struct{}{})...)
	}
	opening = append(opening, wallMessage(s.currentWall(r.Context()), v.role)...)
	if !line.send(opening) {
		return
	}
	if w.facts {
		for _, f := range missed {
			if !line.send(factMessage(f, v.role)) {
				return
			}
		}
	}
	s.pump(r.Context(), v, w, line)
}

func (s *Server) pump(ctx context.Context, v visitor, w *watcher, line sender) {
	tick, ask := time.NewTicker(tickEvery), time.NewTicker(s.ask)
	defer tick.Stop()
	defer ask.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.cut:
			return
		case m := <-w.out:
			if !line.send(m) {
				return
			}
		case <-tick.C:
			if !line.send(message("tick", "", struct {
				Now time.Time `json:"now"`
			}{s.o.Now().UTC()})) {
				return
			}
		case <-ask.C:
			u, err := s.o.Users.UserByToken(ctx, v.token)
			if hotline.KindOf(err) == hotline.Forbidden || err == nil && Role(u.Role) != v.role {
				return // it comes back and is asked who it is
			}
		}
	}
}

// sender writes to one browser.
type sender struct {
	w http.ResponseWriter
	c *http.ResponseController
}

func (l sender) send(m []byte) bool {
	_ = l.c.SetWriteDeadline(time.Now().Add(writeTime)) // where it cannot be set, nothing is lost but the limit
	if _, err := l.w.Write(m); err != nil {
		return false
	}
	return l.c.Flush() == nil
}

// describeLive says in the API's document what the stream carries.
func (s *Server) describeLive() {
	doc := s.api.OpenAPI()
	doc.Components.Schemas.Schema(factViewType, true, "FactView")
	doc.Paths[find("live").path].Get.Responses["200"] = &huma.Response{
		Description: "Server-sent events: board (data: Wall), fact (data: FactView, with an id), reset, tick",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
}
