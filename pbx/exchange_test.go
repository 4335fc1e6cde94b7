package pbx_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"hotline"
	"hotline/pbx"
	"hotline/pbx/ari"
)

// early is an Asterisk that tells of a stray leg before it has answered the first
// request of a connection, which a real one does by chance.
type early struct {
	t      *testing.T
	told   chan struct{}
	hungUp chan string
}

const strayLeg = `{"type":"StasisStart","application":"hotline","timestamp":"2026-01-02T03:04:05.678+0000","args":["agent","1"],` +
	`"channel":{"id":"agent.1001.1","name":"PJSIP/8001-00000001","state":"Down"}}`

func (a early) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/events") {
		<-a.told
		time.Sleep(100 * time.Millisecond)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		a.t.Error(err)
		return
	}
	defer ws.CloseNow()
	if r.URL.Query().Get("app") == "hotline" {
		if err := ws.Write(r.Context(), websocket.MessageText, []byte(strayLeg)); err != nil {
			a.t.Error(err)
		}
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
		if err := ws.Write(r.Context(), websocket.MessageText, answer); err != nil {
			return
		}
	}
}

// A leg that nobody here made is hung up, also when it shows before the connection
// is complete: a controller crashed over that.
func TestAStrayLegBeforeTheConnectionIsComplete(t *testing.T) {
	t.Parallel()
	a := early{t, make(chan struct{}), make(chan string, 1)}
	server := httptest.NewServer(a)
	defer server.Close()
	x, err := pbx.Connect(t.Context(), pbx.Options{ARI: ari.Config{URL: server.URL, User: "u", Password: "p", App: "hotline"}}, pbx.Ears{
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
