package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hotline/store"
	"hotline/web"
)

// bodied are the operations that read a body.
var bodied = [...]struct{ method, path string }{
	{"PUT", "/agents/1001"}, {"POST", "/agents/1001/pause"}, {"PUT", "/agents/1001/pin"}, {"POST", "/agents/1001/ready"},
	{"POST", "/agents/1001/recording/pause"}, {"POST", "/agents/1001/sign-in"}, {"POST", "/agents/1001/sign-out"},
	{"POST", "/phones"}, {"POST", "/session"}, {"PUT", "/users/chen"},
}

// longestAnswer is how long any request may take, on a machine that fuzzes with
// all its processors.
const longestAnswer = 5 * time.Second

// Whatever is sent as a body or asked for in a list, the answer comes soon, is
// JSON, and is not "something failed in here".
func FuzzBody(f *testing.F) {
	for i := range bodied {
		for _, body := range []string{
			`{"name":"陈静","enabled":true,"skills":["water"]}`, `{"pin":"240524","phone":"8001","reason":"break"}`, `{"id":"8009","display":"a"}`,
			`{"token":"hl_x"}`, `{"role":"viewer","enabled":true}`, `{"id":`, `null`, `[]`, `{"phone":8001}`, strings.Repeat(`[`, 70000),
			`{"pin":"\u0000"}`, "{\"name\":\"\xff\"}", `{"skills":[null,{"a":1e999}]}`,
		} {
			f.Add(uint8(i), body, "limit=10&end=answered&before=CZ20261124000018")
		}
	}
	h := open(f, func(o *web.Options) { o.Log = nil })
	must(f, h.store.AddUser(f.Context(), store.User{Name: "root", Role: string(web.Administrator), Enabled: true}))
	token, err := h.store.NewToken(f.Context(), "root")
	must(f, err)
	ask := func(t *testing.T, method, path, query, body string) {
		r := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		began := time.Now()
		h.web.ServeHTTP(w, r)
		if took := time.Since(began); took > longestAnswer {
			t.Errorf("%s %s took %v", method, path, took)
		}
		if w.Code >= http.StatusInternalServerError && w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s %s?%s with %q is answered %d %s", method, path, query, body, w.Code, w.Body)
		}
		if w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s?%s is answered with %q", method, path, query, w.Body)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, body, query string) {
		o := bodied[int(which)%len(bodied)]
		ask(t, o.method, o.path, "", body)
		ask(t, http.MethodGet, "/tickets", query, "")
	})
}
