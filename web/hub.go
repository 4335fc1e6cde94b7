package web

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"hotline"
)

const (
	// keptFacts is how many facts a browser that comes back can be told of.
	keptFacts = 2000
	// mostWatchers bounds what walls and desks can cost one controller.
	mostWatchers = 200
	// outBuffer is how many messages a browser may be behind before it is cut
	// off; it comes back by itself and gets the whole board.
	outBuffer = 256
)

// hub follows the facts once and tells every watcher.
type hub struct {
	most  int
	wake  chan struct{} // something happened; one slot
	comes chan struct{} // somebody watches; one slot

	mu       sync.Mutex
	closed   bool
	watchers map[*watcher]struct{}
	facts    []Fact // the newest keptFacts
	wall     *Wall  // as told last
	told     bool   // everybody has been told it
}

// watcher is one browser.
type watcher struct {
	role  Role
	facts bool          // wants facts, not only the wall
	out   chan []byte   // messages in order
	cut   chan struct{} // closed when it was too slow, or the server stops
}

func newHub(most int) *hub {
	return &hub{most: most, wake: make(chan struct{}, 1), comes: make(chan struct{}, 1), watchers: map[*watcher]struct{}{}}
}

func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.watchers)
}

// join adds a watcher and gives what it missed since the fact called last; ok
// is false when that is no longer known.
func (h *hub) join(w *watcher, last string) (missed []Fact, ok bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, false, hotline.Errorf(hotline.Unavailable, "the controller stops; another one takes over")
	}
	if len(h.watchers) >= h.most {
		return nil, false, hotline.Errorf(hotline.Unavailable, "%d browsers follow already, no more are let in", h.most)
	}
	h.watchers[w] = struct{}{}
	h.told = false // the newcomer reads the wall himself; whatever overtakes that is told again
	stir(h.wake)
	stir(h.comes)
	if last == "" {
		return nil, true, nil
	}
	for i := len(h.facts) - 1; i >= 0; i-- {
		if h.facts[i].ID == last {
			return append([]Fact(nil), h.facts[i+1:]...), true, nil
		}
	}
	return nil, false, nil
}

func (h *hub) leave(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers, w)
}

// tell keeps a fact and gives it to everybody who wants facts. It returns how
// many were too slow and are cut off.
func (h *hub) tell(f Fact) (cut int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.facts = append(h.facts, f)
	if len(h.facts) > 2*keptFacts {
		h.facts = append([]Fact(nil), h.facts[keptFacts:]...)
	}
	cut = h.each(func(w *watcher) bool { return w.facts }, func(r Role) []byte { return factMessage(f, r) })
	stir(h.wake)
	return cut
}

// stir fills a channel's one slot.
func stir(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// lost forgets the facts: some were missed, so nobody can resume over the gap.
func (h *hub) lost() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.facts = nil
	h.each(func(w *watcher) bool { return w.facts }, func(Role) []byte { return message("reset", "", struct{}{}) })
}

// show gives the wall to everybody, unless it is as it was.
func (h *hub) show(w Wall) (cut int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.told && h.wall != nil && h.wall.same(w) {
		return 0
	}
	h.wall, h.told = &w, true
	return h.each(func(*watcher) bool { return true }, func(r Role) []byte { return wallMessage(w, r) })
}

// each gives a message to those who want it, made once for each role. The hub
// is locked.
func (h *hub) each(wants func(*watcher) bool, make func(Role) []byte) (cut int) {
	made := map[Role][]byte{}
	for w := range h.watchers {
		if !wants(w) {
			continue
		}
		m, ok := made[w.role]
		if !ok {
			m = make(w.role)
			made[w.role] = m
		}
		select {
		case w.out <- m:
		default:
			close(w.cut)
			delete(h.watchers, w)
			cut++
		}
	}
	return cut
}

// close sends everybody away.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for w := range h.watchers {
		close(w.cut)
		delete(h.watchers, w)
	}
}

func (s *Server) cut(n int) {
	for range n {
		s.o.Meter.CutOff()
		s.o.Log.Warn("a browser was too slow for the live events and is cut off; it comes back by itself")
	}
}

// pauseFor waits, or until ctx ends.
func pauseFor(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func wallMessage(w Wall, r Role) []byte {
	if !r.Can("see-names") {
		w = w.hideNames()
	}
	return message("board", "", w)
}

func factMessage(f Fact, r Role) []byte { return message("fact", f.ID, showFact(f, r)) }

// message is one server-sent event. JSON has no line breaks, so nothing in a
// name can end the event or begin another.
func message(event, id string, v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		body = []byte("{}")
	}
	m := []byte("event: " + event + "\n")
	if id != "" {
		m = append(m, "id: "+id+"\n"...)
	}
	m = append(m, "data: "...)
	m = append(m, body...)
	return append(m, "\n\n"...)
}
