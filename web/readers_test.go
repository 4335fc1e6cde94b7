package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hotline"
	"hotline/web"
)

// oneToken is whoever has the token "good"; nothing else of users is asked for.
type oneToken struct{ allUsers }

type allUsers = web.Users

func (oneToken) UserByToken(_ context.Context, token string) (web.User, error) {
	if token != "good" {
		return web.User{}, hotline.Errorf(hotline.Forbidden, "no such token")
	}
	return web.User{Name: "scraper", Role: "viewer"}, nil
}

// The figures, and what is wrong with each part, are for this machine or for whoever
// shows a token; a load balancer anywhere learns only whether calls are served.
func TestWhoReadsTheFigures(t *testing.T) {
	figures := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hotline_calls 1")) })
	for _, story := range []struct {
		readers      web.Readers
		from, header string
		want         bool
	}{
		{"", "127.0.0.1:5000", "", true},
		{"", "[::1]:5000", "", true},
		{"", "192.0.2.7:5000", "", false},
		{"", "127.0.0.1:5000", "X-Forwarded-For", false},
		{web.ReadersLoopback, "127.0.0.1:5000", "Forwarded", false},
		{web.ReadersToken, "127.0.0.1:5000", "", false},
		{web.ReadersOpen, "192.0.2.7:5000", "", true},
	} {
		s := web.New(web.Options{
			Metrics: figures, Readers: story.readers, Users: oneToken{},
			Parts: []web.Part{{Name: "redis", Check: func(context.Context) error { return nil }}},
		})
		ask := func(path, token string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.RemoteAddr = story.from
			if story.header != "" {
				r.Header.Set(story.header, "198.51.100.1")
			}
			if token != "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			return w
		}
		got := ask("/metrics", "")
		if (got.Code == http.StatusOK) != story.want || strings.Contains(got.Body.String(), "hotline_calls") != story.want {
			t.Errorf("%+v: /metrics answers %d", story, got.Code)
		}
		ready := ask("/readyz", "")
		if ready.Code != http.StatusOK || strings.Contains(ready.Body.String(), "redis") != story.want {
			t.Errorf("%+v: /readyz answers %d %s", story, ready.Code, ready.Body)
		}
		if got := ask("/healthz", ""); got.Code != http.StatusOK {
			t.Errorf("%+v: /healthz answers %d", story, got.Code)
		}
		if got := ask("/metrics", "good"); got.Code != http.StatusOK {
			t.Errorf("%+v: /metrics answers a token with %d", story, got.Code)
		}
		if got := ask("/metrics", "bad"); (got.Code == http.StatusOK) != story.want {
			t.Errorf("%+v: /metrics answers a wrong token with %d", story, got.Code)
		}
	}
}
