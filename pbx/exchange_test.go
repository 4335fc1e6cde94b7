package pbx_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"hotline"
	"hotline/pbx"
	"hotline/pbx/ari"
)

// asterisk plays what a real one does only by chance, when a connection is made:
// it tells of a stray leg before it has answered the first request, and it leaves
// connections deaf.
type asterisk struct {
	t       *testing.T
	unknown atomic.Int32 // connections yet to be made whose application it does not know
	deaf    atomic.Int32 // those after them that get no events
	told    chan struct{}
	hungUp  chan string
}

const strayLeg = `{"type":"StasisStart","application":"hotline","timestamp":"2026-01-02T03:04:05.678+0000","args":["agent","1"],` +
	`"channel":{"id":"agent.1001.1","name":"PJSIP/8001-00000001","state":"Down"}}`

func newAsterisk(t *testing.T) (*asterisk, pbx.Options) {
	a := &asterisk{t: t, told: make(chan struct{}), hungUp: make(chan string, 1)}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return a, pbx.Options{ARI: ari.Config{URL: server.URL, User: "u", Password: "p", App: "hotline", Timeout: 500 * time.Millisecond}}
}

func (a *asterisk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/events"):
		a.socket(w, r)
	case a.unknown.Add(-1) >= 0:
		w.WriteHeader(http.StatusNotFound)
	default:
		if a.deaf.Load() <= 0 {
			<-a.told
			time.Sleep(100 * time.Millisecond)
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func (a *asterisk) socket(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		a.t.Error(err)
		return
	}
	defer ws.CloseNow()
	say := func(what []byte) {
		_ = ws.Write(r.Context(), websocket.MessageText, what) // one that is gone is seen by Read
	}
	if r.URL.Query().Get("app") == "hotline" && a.unknown.Load() <= 0 && a.deaf.Load() <= 0 {
		say([]byte(strayLeg))
		close(a.told)
	}
	for {
		_, b, err := ws.Read(r.Context())
		if err != nil {
			return
		}
		var asked struct {
			ID          string `json:"request_id"`
			Method, URI string
		}
		if err := json.Unmarshal(b, &asked); err != nil {
			a.t.Error(err)
		}
		if asked.Method == http.MethodDelete {
			a.hungUp <- asked.URI
		}
		answer, _ := json.Marshal(map[string]any{"type": "RESTResponse", "request_id": asked.ID, "status_code": 204, "reason_phrase": "No Content"})
		say(answer)
		if _, name, is := strings.Cut(asked.URI, "events/user/"); is && a.deaf.Add(-1) < 0 {
			name, _, _ = strings.Cut(name, "?")
			say(fmt.Appendf(nil, `{"type":"ChannelUserevent","application":"hotline","timestamp":"2026-01-02T03:04:05.678+0000","eventname":%q,"userevent":{}}`, name))
		}
	}
}

// A leg that nobody here made is hung up, also when it shows before the connection
// is complete: a controller crashed over that.
func TestAStrayLegBeforeTheConnectionIsComplete(t *testing.T) {
	t.Parallel()
	a, to := newAsterisk(t)
	x, err := pbx.Connect(t.Context(), to, pbx.Ears{
		Trouble: func(_ hotline.CallID, doing string, err error) {
			if err != nil {
				t.Error(doing, err)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	select {
	case uri := <-a.hungUp:
		if !strings.Contains(uri, "channels/agent.1001.1") {
			t.Errorf("hung up %s", uri)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("it was not hung up")
	}
}

// Asterisk can leave a connection without events that comes as an older one is put
// away (ari.ErrDeaf). Whoever kept it would serve nobody and not know.
func TestADeafConnectionIsMadeAnew(t *testing.T) {
	t.Parallel()
	for name, deafen := range map[string]func(*asterisk){
		"Asterisk does not know the application":          func(a *asterisk) { a.unknown.Store(2) },
		"it knows it, for calls are in it, and is silent": func(a *asterisk) { a.deaf.Store(2) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, to := newAsterisk(t)
			deafen(a)
			var said []error
			x, err := pbx.Connect(t.Context(), to, pbx.Ears{Trouble: func(_ hotline.CallID, _ string, err error) { said = append(said, err) }})
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			if len(said) != 2 || !errors.Is(said[0], ari.ErrDeaf) || !errors.Is(said[1], ari.ErrDeaf) {
				t.Errorf("two connections were deaf, and that is said: %v", said)
			}
		})
	}
}
