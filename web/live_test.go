package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotline"
	"hotline/web"
)

// event is one server-sent event.
type event struct{ kind, id, data string }

// browser follows the live events.
type browser struct {
	events chan event // closed when the stream ends
	leave  context.CancelFunc
}

// follows opens the stream; last is the Last-Event-ID.
func (h *house) follows(token, query, last string) *browser {
	h.t.Helper()
	ctx, leave := context.WithCancel(h.t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.http.URL+"/api/v1/live"+query, nil)
	must(h.t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := h.http.Client().Do(req)
	must(h.t, err)
	if ct := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || !strings.HasPrefix(ct, "text/event-stream") {
		h.t.Fatalf("the stream answered %d %s", res.StatusCode, ct)
	}
	b := &browser{events: make(chan event, 4096), leave: leave}
	go func() {
		defer close(b.events)
		defer res.Body.Close()
		read(bufio.NewScanner(res.Body), b.events)
	}()
	h.t.Cleanup(func() {
		leave()
		for range b.events {
		}
	})
	return b
}

func read(lines *bufio.Scanner, events chan<- event) {
	lines.Buffer(nil, 1<<20)
	var e event
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			e.kind = value
		case "id":
			e.id = value
		case "data":
			e.data = value
		case "":
			if e.kind != "" {
				events <- e
			}
			e = event{}
		}
	}
}

// hears waits for an event of the kind that has want in it.
func (b *browser) hears(t *testing.T, kind, want string, within time.Duration) event {
	t.Helper()
	late := time.After(within)
	for {
		select {
		case e, open := <-b.events:
			if !open {
				t.Fatalf("the stream ended before a %s with %q", kind, want)
			}
			if e.kind == kind && strings.Contains(e.data, want) {
				return e
			}
		case <-late:
			t.Fatalf("no %s with %q within %s", kind, want, within)
		}
	}
}

// ends waits for the end of the stream.
func (b *browser) ends(t *testing.T, within time.Duration) {
	t.Helper()
	late := time.After(within)
	for {
		select {
		case _, open := <-b.events:
			if !open {
				return
			}
		case <-late:
			t.Fatalf("the stream still goes on after %s", within)
		}
	}
}

// TestAWallIsLessThanASecondBehind: agents sign in one after the other; each is
// on the wall within a second.
func TestAWallIsLessThanASecondBehind(t *testing.T) {
	h := open(t)
	wall := h.follows(h.token(web.Supervisor), "?facts=false", "")
	wall.hears(t, "board", `"agents":[]`, time.Second)
	for i := range 5 {
		phone := fmt.Sprintf("800%d", i+1)
		began := time.Now()
		must(t, h.board.SignIn(t.Context(), hotline.AgentID(fmt.Sprintf("100%d", i+1)), hotline.PhoneID(phone), nil))
		wall.hears(t, "board", `"phone":"`+phone+`"`, time.Second)
		t.Logf("agent %d was on the wall after %s", i+1, time.Since(began).Round(time.Millisecond))
	}
	h.joins("a.1", "city", "nobody")
	e := wall.hears(t, "board", `"key":"city","name":"城建","waiting":1`, time.Second)
	var w web.Wall
	must(t, json.Unmarshal([]byte(e.data), &w))
	if w.Now.IsZero() || w.Today == nil {
		t.Errorf("the wall is %s", e.data)
	}
	wall.hears(t, "tick", "now", 3*time.Second) // nothing happens: it speaks all the same
}

// TestFactsGoOnWhereABrowserLeft: a browser that was away hears what it missed,
// once each and in order.
func TestFactsGoOnWhereABrowserLeft(t *testing.T) {
	h := open(t)
	token := h.token(web.Supervisor)
	desk := h.follows(token, "", "")
	must(t, h.memory.Tell(t.Context(), "said", "n", "1"))
	first := desk.hears(t, "fact", `"n":"1"`, time.Second)
	desk.leave()
	desk.ends(t, time.Second)
	for i := 2; i <= 6; i++ {
		must(t, h.memory.Tell(t.Context(), "said", "n", fmt.Sprint(i)))
	}
	desk = h.follows(token, "", first.id)
	for i := 2; i <= 6; i++ {
		for {
			e := desk.hears(t, "fact", "", time.Second)
			if strings.Contains(e.data, `"kind":"said"`) {
				if !strings.Contains(e.data, fmt.Sprintf(`"n":"%d"`, i)) {
					t.Fatalf("after %d facts comes %s", i-1, e.data)
				}
				break
			}
		}
	}
	for _, odd := range []string{"1-1", "nonsense", "99999999999999-0"} {
		h.follows(token, "", odd).hears(t, "reset", "", time.Second)
	}
}

// TestNoNameAndNoNumberReachAViewer: the same stream for two roles.
func TestNoNameAndNoNumberReachAViewer(t *testing.T) {
	h := open(t)
	viewer, supervisor := h.follows(h.token(web.Viewer), "", ""), h.follows(h.token(web.Supervisor), "", "")
	must(t, h.board.SignIn(t.Context(), "1001", "8001", nil))
	must(t, h.memory.Tell(t.Context(), "call", "caller", "00012345678"))
	supervisor.hears(t, "fact", "00012345678", time.Second)
	supervisor.hears(t, "board", "陈静", 2*time.Second)
	deadline := time.After(1500 * time.Millisecond)
	for kinds := map[string]bool{}; ; {
		select {
		case e := <-viewer.events:
			kinds[e.kind] = true
			if strings.Contains(e.data, "陈静") || strings.Contains(e.data, "00012345678") {
				t.Fatalf("a viewer hears %s", e.data)
			}
		case <-deadline:
			if !kinds["fact"] || !kinds["board"] {
				t.Errorf("the viewer heard only %v", kinds)
			}
			return
		}
	}
}

// TestANameCannotBeginAnEvent: names with line breaks and tags come through as
// data.
func TestANameCannotBeginAnEvent(t *testing.T) {
	h := open(t)
	desk := h.follows(h.token(web.Supervisor), "", "")
	must(t, h.memory.Tell(t.Context(), "said", "what", "x\n\nevent: board\ndata: {}\n\n"))
	e := desk.hears(t, "fact", "said", time.Second)
	if !strings.Contains(e.data, `x\n\nevent: board`) {
		t.Errorf("the fact is %s", e.data)
	}
	must(t, h.board.SignIn(t.Context(), "1002", "8002", nil))
	e = desk.hears(t, "board", "1002", time.Second)
	if strings.Contains(e.data, "<script>") || !strings.Contains(e.data, `\u003cscript\u003e`) {
		t.Errorf("the wall is %s", e.data)
	}
}

// narrow is a listener whose connections hold little, so that a browser that
// does not read is soon behind.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		err = tcp.SetWriteBuffer(4096)
	}
	return c, err
}

// TestASlowBrowserIsCutOffAndNobodyElseWaits: one browser reads nothing.
func TestASlowBrowserIsCutOffAndNobodyElseWaits(t *testing.T) {
	meter := &meter{}
	h := open(t, func(o *web.Options) { o.Meter = meter })
	token := h.token(web.Supervisor)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	server := &httptest.Server{Listener: narrow{l}, Config: &http.Server{Handler: h.web, ReadHeaderTimeout: time.Second}}
	server.Start()
	defer server.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	must(t, err)
	defer conn.Close()
	must(t, conn.(*net.TCPConn).SetReadBuffer(4096))
	fmt.Fprintf(conn, "GET /api/v1/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", token)
	quick := h.follows(token, "", "")
	waitFor(t, "both to follow", func() bool { return h.web.Watchers() == 2 })

	pad := strings.Repeat("x", 2000)
	for i := range 1200 {
		must(t, h.memory.Tell(t.Context(), "said", "n", fmt.Sprint(i), "pad", pad))
		if i%50 == 49 {
			quick.hears(t, "fact", fmt.Sprintf(`"n":"%d"`, i), 2*time.Second)
		}
	}
	waitFor(t, "the slow one to be cut off", func() bool { return h.web.Watchers() == 1 && meter.cuts() == 1 })
	must(t, h.board.SignIn(t.Context(), "1001", "8001", nil))
	quick.hears(t, "board", `"1001"`, time.Second)
}

func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(8 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

type meter struct {
	mu  sync.Mutex
	cut int
	got map[string]int
}

func (m *meter) CutOff() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cut++
}

func (m *meter) cuts() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cut
}

func (m *meter) Served(operation string, status int, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.got == nil {
		m.got = map[string]int{}
	}
	m.got[fmt.Sprintf("%s %d", operation, status)]++
}

// TestNoMoreWatchersThanAllowed: the one too many is told why.
func TestNoMoreWatchersThanAllowed(t *testing.T) {
	h := open(t, func(o *web.Options) { o.Watchers = 2 })
	token := h.token(web.Viewer)
	one := h.follows(token, "", "")
	h.follows(token, "", "")
	if status, body := h.ask(token, http.MethodGet, "/api/v1/live", ""); status != http.StatusServiceUnavailable || !strings.Contains(body, "2 browsers") {
		t.Errorf("the third is answered %d %s", status, body)
	}
	one.leave()
	waitFor(t, "a place", func() bool { return h.web.Watchers() == 1 })
	h.follows(token, "", "").hears(t, "board", "", time.Second)
}

// TestStoppingSendsEverybodyAway: so that the listener can shut down.
func TestStoppingSendsEverybodyAway(t *testing.T) {
	h := open(t)
	desk := h.follows(h.token(web.Viewer), "", "")
	desk.hears(t, "board", "", time.Second)
	h.stop()
	desk.ends(t, time.Second)
}

// stuck are people whose SQL does not answer.
type stuck struct {
	web.People
	is atomic.Bool
}

func (s *stuck) Agents(ctx context.Context) ([]web.Agent, error) {
	if s.is.Load() {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	return s.People.Agents(ctx)
}

// TestAWallDoesNotWaitForSQL: the books hang, the board goes on.
func TestAWallDoesNotWaitForSQL(t *testing.T) {
	people := &stuck{}
	h := open(t, func(o *web.Options) {
		people.People, o.People = o.People, people
		o.Today = func(ctx context.Context, _ time.Time) (web.Today, error) {
			if people.is.Load() {
				<-ctx.Done()
			}
			return web.Today{Calls: 7}, context.Cause(ctx)
		}
		var hours atomic.Int64 // each look at the clock is an hour later: always time to read anew
		o.Now = func() time.Time { return time.Now().Add(time.Duration(hours.Add(1)) * time.Hour) }
	})
	desk := h.follows(h.token(web.Supervisor), "?facts=false", "")
	desk.hears(t, "board", `"calls":7`, time.Second)
	people.is.Store(true)
	time.Sleep(100 * time.Millisecond)
	for i := range 3 {
		must(t, h.board.SignIn(t.Context(), hotline.AgentID(fmt.Sprintf("100%d", i+1)), hotline.PhoneID(fmt.Sprintf("800%d", i+1)), nil))
		e := desk.hears(t, "board", fmt.Sprintf(`"100%d"`, i+1), time.Second)
		if strings.Contains(e.data, `"stale":true`) || !strings.Contains(e.data, `"calls":7`) {
			t.Errorf("the wall is %s", e.data)
		}
	}
	desk.hears(t, "tick", "", 4*time.Second)
}

// TestARevokedTokenEndsTheStream: who may no more, sees no more.
func TestARevokedTokenEndsTheStream(t *testing.T) {
	h := open(t)
	h.web.AskEvery(50 * time.Millisecond)
	desk := h.follows(h.token(web.Viewer), "", "")
	time.Sleep(200 * time.Millisecond)
	desk.hears(t, "board", "", time.Second)
	_, err := h.store.RevokeTokens(t.Context(), "u-viewer")
	must(t, err)
	desk.ends(t, time.Second)
}

// TestABoardThatIsAwayIsShownAsOld: the routing stops, the wall says so.
func TestABoardThatIsAwayIsShownAsOld(t *testing.T) {
	h := open(t)
	must(t, h.board.SignIn(t.Context(), "1001", "8001", nil))
	desk := h.follows(h.token(web.Viewer), "?facts=false", "")
	desk.hears(t, "board", `"stale":false`, time.Second)
	h.memory.Away(true)
	defer h.memory.Away(false)
	must(t, h.board.Pause(t.Context(), "1001", "break")) // the image goes ahead of a board that is away
	e := desk.hears(t, "board", `"stale":true`, 2*time.Second)
	if !strings.Contains(e.data, `"1001"`) {
		t.Errorf("the wall forgot what it knew: %s", e.data)
	}
}

// TestNobodyWatchesAndNothingIsFollowed: facts that nobody hears cost nothing, and
// who comes later is told to load the board and hears what happens from then on.
func TestNobodyWatchesAndNothingIsFollowed(t *testing.T) {
	t.Parallel()
	var followed atomic.Int32
	h := open(t, func(o *web.Options) { o.Facts = counting{o.Facts, &followed} })
	token := h.token(web.Supervisor)
	desk := h.follows(token, "", "")
	must(t, h.memory.Tell(t.Context(), "said", "n", "1"))
	desk.hears(t, "fact", `"n":"1"`, time.Second)
	if followed.Load() != 1 {
		t.Fatal("the facts are not followed although somebody watches")
	}
	desk.leave()
	for end := time.Now().Add(20 * time.Second); followed.Load() != 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the facts are followed although nobody has watched for 20 s")
		}
	}
	for i := range 1000 { // more than a browser may be behind
		must(t, h.memory.Tell(t.Context(), "said", "n", fmt.Sprint("unheard", i)))
	}
	desk = h.follows(token, "", "")
	desk.hears(t, "reset", "", time.Second)
	must(t, h.memory.Tell(t.Context(), "said", "n", "2"))
	if e := desk.hears(t, "fact", "", time.Second); !strings.Contains(e.data, `"n":"2"`) {
		t.Errorf("it hears of %s", e.data)
	}
}

// counting counts who follows.
type counting struct {
	web.Facts
	now *atomic.Int32
}

func (c counting) Follow(ctx context.Context, from string, do func(web.Fact) error) error {
	c.now.Add(1)
	defer c.now.Add(-1)
	return c.Facts.Follow(ctx, from, do)
}
