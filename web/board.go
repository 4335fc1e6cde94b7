package web

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"hotline"
	"hotline/routing"
)

// Wall is the board as walls and desks see it.
type Wall struct {
	Now    time.Time `json:"now" doc:"The board's clock; every since is on it"`
	Stale  bool      `json:"stale" doc:"The board is away: callers wait, nobody is offered"`
	Queues []Line    `json:"queues"`
	Agents []Seat    `json:"agents" doc:"Signed in, by staff number"`
	Today  *Today    `json:"today,omitempty"`
}

// Line is one queue.
type Line struct {
	Key     hotline.QueueKey `json:"key"`
	Name    string           `json:"name"`
	Waiting int              `json:"waiting" doc:"Callers without a person, those whose agent's phone rings included"`
	Ringing int              `json:"ringing" doc:"Those whose agent's phone rings"`
	Since   time.Time        `json:"since,omitzero" doc:"When the one who waits longest joined"`
	Longest float64          `json:"longest_wait_seconds"`
}

// Seat is one agent at his phone.
type Seat struct {
	ID     hotline.AgentID `json:"id" doc:"Staff number"`
	Name   string          `json:"name,omitempty"`
	Phone  hotline.PhoneID `json:"phone,omitempty"`
	State  routing.State   `json:"state" enum:"offline,free,offered,talking,wrap-up,paused"`
	Reason hotline.Reason  `json:"reason,omitempty" doc:"Why paused"`
	Then   hotline.Reason  `json:"then,omitempty" doc:"Paused or signed out with this reason after the call"`
	Since  time.Time       `json:"since,omitzero"`
	Until  time.Time       `json:"until,omitzero" doc:"When the state ends by itself"`
	Call   hotline.CallID  `json:"call,omitempty"`
}

type wallOutput struct{ Body Wall }

// wall reads the board. Names are in it; hideNames takes them out.
func (s *Server) wall(ctx context.Context) (Wall, error) {
	v, err := s.o.Board.View(ctx)
	if err != nil {
		return Wall{}, err
	}
	w := Wall{Now: v.Now.Time(), Stale: v.Stale, Queues: s.lines(v), Agents: []Seat{}}
	names := s.names.known()
	for _, a := range v.Agents {
		w.Agents = append(w.Agents, seat(a, names[a.ID]))
	}
	slices.SortFunc(w.Agents, func(a, b Seat) int { return cmp.Compare(a.ID, b.ID) })
	w.Today, _ = s.counted.last()
	return w, nil
}

// lines gives the city's queues in its order, then any other that somebody
// waits in: a queue may outlive its line in the settings.
func (s *Server) lines(v routing.View) []Line {
	var list []Line
	at := map[hotline.QueueKey]int{}
	for _, q := range s.o.City.Queues() {
		at[q.Key] = len(list)
		list = append(list, Line{Key: q.Key, Name: q.Name})
	}
	for _, p := range v.Waiting {
		i, ok := at[p.Queue]
		if !ok {
			i = len(list)
			at[p.Queue] = i
			list = append(list, Line{Key: p.Queue, Name: string(p.Queue)})
		}
		l := &list[i]
		l.Waiting++
		if p.Offer != 0 {
			l.Ringing++
		}
		if l.Since.IsZero() || p.Since.Time().Before(l.Since) {
			l.Since = p.Since.Time()
			l.Longest = max(v.Now.Time().Sub(l.Since).Seconds(), 0)
		}
	}
	return slices.Clip(list)
}

func seat(a routing.Agent, name string) Seat {
	return Seat{
		ID: a.ID, Name: name, Phone: a.Phone, State: a.State, Reason: a.Reason, Then: a.Then,
		Since: a.Since.Time(), Until: a.Deadline.Time(), Call: a.Call,
	}
}

// hideNames gives the wall for those who may not see names.
func (w Wall) hideNames() Wall {
	w.Agents = slices.Clone(w.Agents)
	for i := range w.Agents {
		w.Agents[i].Name = ""
	}
	return w
}

// same tells whether two walls show the same, apart from time passing.
func (w Wall) same(o Wall) bool {
	return w.Stale == o.Stale && slices.Equal(w.Agents, o.Agents) &&
		slices.EqualFunc(w.Queues, o.Queues, func(a, b Line) bool {
			a.Longest, b.Longest = 0, 0
			return a == b
		}) && sameToday(w.Today, o.Today)
}

func sameToday(a, b *Today) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := *a, *b
	x.AsOf, y.AsOf = time.Time{}, time.Time{}
	return x == y
}

// names are the agents' names as read last. The wall never waits for SQL: it
// takes what is here.
type names struct {
	mu    sync.Mutex
	asked time.Time
	by    map[hotline.AgentID]string
}

// namesKept is how long names are good for.
const namesKept = 10 * time.Second

func (n *names) known() map[hotline.AgentID]string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.by
}

// due tells whether the names are to be read, and takes that upon the caller.
func (n *names) due(now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.asked.IsZero() && now.Sub(n.asked) < namesKept {
		return false
	}
	n.asked = now
	return true
}

// read reads the names when it is time; while SQL is away those known before
// stand.
func (n *names) read(ctx context.Context, people People, now time.Time) error {
	if !n.due(now) {
		return nil
	}
	list, err := people.Agents(ctx)
	if err != nil {
		return err
	}
	by := make(map[hotline.AgentID]string, len(list))
	for _, a := range list {
		by[a.ID] = a.Name
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.by = by
	return nil
}

// forget makes the next read ask SQL.
func (n *names) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = time.Time{}
}
