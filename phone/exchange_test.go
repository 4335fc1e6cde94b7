package phone

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"hotline/site"
	"hotline/site/sitetest"
)

// exchange is a real Asterisk with the smallest controller that tests telephones:
// what it does with a call is told by the number dialled.
type exchange struct {
	site *site.Site
	http *http.Client
	key  string

	mu    sync.Mutex
	calls map[string]*leg // by channel
}

// leg is one channel as Asterisk sees it.
type leg struct {
	id, door, dialled string
	number, name      string
	keys              []byte
	gone              chan struct{}
}

func startExchange(t *testing.T) *exchange {
	t.Helper()
	x := &exchange{site: sitetest.Start(t), calls: map[string]*leg{}}
	password, err := x.site.Addresses().BootPassword()
	if err != nil {
		t.Fatal(err)
	}
	x.key = "boot:" + password
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	x.http = &http.Client{Transport: transport, Timeout: 5 * time.Second}
	return x
}

// serve begins to serve calls and returns when Asterisk knows it.
func (x *exchange) serve(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	login := http.Header{}
	login.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(x.key)))
	socket, _, err := websocket.Dial(ctx, x.ari()+"/events?app=hotline", &websocket.DialOptions{HTTPHeader: login})
	if err != nil {
		stop()
		t.Fatal(err)
	}
	socket.SetReadLimit(1 << 20)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			_, data, err := socket.Read(ctx)
			if err != nil {
				return
			}
			x.event(data)
		}
	}()
	t.Cleanup(func() {
		stop()
		<-over
		socket.CloseNow()
	})
}

func (x *exchange) event(data []byte) {
	var e struct {
		Type, Digit string
		Args        []string
		Channel     struct {
			ID     string
			Caller struct{ Name, Number string }
		}
	}
	if json.Unmarshal(data, &e) != nil {
		return
	}
	x.mu.Lock()
	l := x.calls[e.Channel.ID]
	switch {
	case e.Type == "StasisStart" && len(e.Args) >= 2:
		l = &leg{id: e.Channel.ID, door: e.Args[0], dialled: e.Args[1], number: e.Channel.Caller.Number, name: e.Channel.Caller.Name, gone: make(chan struct{})}
		x.calls[e.Channel.ID] = l
	case e.Type == "ChannelDtmfReceived" && l != nil:
		l.keys = append(l.keys, e.Digit...)
	case e.Type == "StasisEnd" && l != nil:
		close(l.gone)
	}
	x.mu.Unlock()
	if e.Type == "StasisStart" && l != nil {
		go x.treat(l) // ends with its few requests; the site outlives it
	}
}

// treat does what the number dialled says.
func (x *exchange) treat(l *leg) {
	channel := "/channels/" + l.id
	switch {
	case l.door == "agent":
		x.ask("POST", "/bridges/b-"+l.dialled, nil)
		x.ask("POST", "/bridges/b-"+l.dialled+"/addChannel?channel="+l.dialled+","+l.id, nil)
	case l.dialled == "100": // rings for ever
		x.ask("POST", channel+"/ring", nil)
	case l.dialled == "101": // speaks before it answers
		x.ask("POST", channel+"/play?media=sound:hotline/please-hold", nil)
	case l.dialled == "103": // speaks, then answers
		x.ask("POST", channel+"/play/early?media=sound:hotline/please-hold", nil)
		time.Sleep(300 * time.Millisecond)
		x.ask("DELETE", "/playbacks/early", nil) // or the answer would wait for its end
		x.ask("POST", channel+"/answer", nil)
		x.ask("POST", channel+"/play?media=sound:hotline/please-hold", nil)
	case l.door == "code": // signs the agent in, and is done
		x.ask("POST", channel+"/answer", nil)
		time.Sleep(100 * time.Millisecond)
		x.ask("DELETE", channel, nil)
	case l.dialled == "102":
		x.ask("DELETE", channel+"?reason=busy", nil)
	case strings.HasPrefix(l.dialled, "8"): // joined to an agent
		x.ask("POST", channel+"/answer", nil)
		x.ask("POST", fmt.Sprintf("/channels?endpoint=PJSIP/%s&app=hotline&appArgs=agent,%s&timeout=20&callerId=%s", l.dialled, l.id, l.number), nil)
	default:
		x.ask("POST", channel+"/answer", nil)
	}
}

func (x *exchange) ask(method, path string, body any) (int, string) {
	var data []byte
	if body != nil {
		data, _ = json.Marshal(body)
	}
	r, err := http.NewRequest(method, x.ari()+path, bytes.NewReader(data))
	if err != nil {
		return 0, err.Error()
	}
	user, password, _ := strings.Cut(x.key, ":")
	r.SetBasicAuth(user, password)
	r.Header.Set("Content-Type", "application/json")
	answer, err := x.http.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text)
}

// addPhone makes a SIP account, as the controller will do at run time.
func (x *exchange) addPhone(t *testing.T, id, password string) {
	t.Helper()
	type field struct {
		Attribute string `json:"attribute"`
		Value     string `json:"value"`
	}
	for _, object := range []struct {
		kind   string
		fields []field // in order: "disallow" must come before "allow"
	}{
		{"auth", []field{{"auth_type", "userpass"}, {"username", id}, {"password", password}}},
		{"aor", []field{{"max_contacts", "1"}, {"remove_existing", "yes"}, {"minimum_expiration", "1"}}},
		{"endpoint", []field{{"aors", id}, {"auth", id}, {"context", "from-phone"}, {"disallow", "all"}, {"allow", "alaw,ulaw"}, {"dtmf_mode", "rfc4733"}, {"direct_media", "no"}, {"rtp_symmetric", "yes"}, {"redirect_method", "user"}}},
	} {
		if code, text := x.ask("PUT", "/asterisk/config/dynamic/res_pjsip/"+object.kind+"/"+id, map[string]any{"fields": object.fields}); code != 200 {
			t.Fatalf("push %s %s: %d %s", object.kind, id, code, text)
		}
	}
}

// citizen opens a telephone on the trunk's address, agent one with an account.
func (x *exchange) citizen(t *testing.T, o Options) *Phone {
	t.Helper()
	o.Server, o.Bind = x.site.Addresses().SIP, "127.0.0.2"
	if o.Number == "" {
		o.Number = "00055501"
	}
	return open(t, o)
}

func (x *exchange) agent(t *testing.T, number, password string) *Phone {
	t.Helper()
	x.addPhone(t, number, password)
	return open(t, Options{Server: x.site.Addresses().SIP, Number: number, Password: password})
}

// find waits for the leg that want picks.
func (x *exchange) find(t *testing.T, want func(*leg) bool) *leg {
	t.Helper()
	for range 500 {
		x.mu.Lock()
		for _, l := range x.calls {
			if want(l) {
				x.mu.Unlock()
				return l
			}
		}
		x.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("Asterisk never saw the call")
	return nil
}

func (x *exchange) keysOf(l *leg) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return string(l.keys)
}

// ari is the base of all requests, whether or not the address names it.
func (x *exchange) ari() string {
	return strings.TrimSuffix(x.site.Addresses().ARI, "/ari") + "/ari"
}
