package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"hotline/web"
)

// TestThePageAsksNobodyElse: every file of the page comes from us, under a
// policy that lets nothing else in, and none writes HTML from text.
func TestThePageAsksNobodyElse(t *testing.T) {
	h := open(t)
	foreign := regexp.MustCompile(`(https?:)?//[a-z0-9-]+\.[a-z]`)
	unsafe := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|\son[a-z]+=|style=|javascript:`)
	for _, path := range []string{"/", "/static/page.css", "/static/page.js", "/static/words.js", "/static/icon.svg", "/api/v1/docs", "/static/docs.js"} {
		res, err := h.http.Client().Get(h.http.URL + path)
		must(t, err)
		res.Body.Close()
		_, body := h.ask("", http.MethodGet, path, "")
		if res.StatusCode != http.StatusOK || len(body) < 100 {
			t.Errorf("%s answers %d with %d bytes", path, res.StatusCode, len(body))
		}
		text := strings.ReplaceAll(body, "http://www.w3.org/2000/svg", "")
		if found := foreign.FindString(text); found != "" {
			t.Errorf("%s speaks of another host: %s", path, found)
		}
		if found := unsafe.FindString(text); found != "" {
			t.Errorf("%s has %q", path, found)
		}
		csp := res.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"} {
			if !strings.Contains(csp, want) || strings.Contains(csp, "unsafe") {
				t.Errorf("the policy of %s is %q", path, csp)
			}
		}
		if res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("ETag") == "" {
			t.Errorf("the headers of %s are %v", path, res.Header)
		}
	}
}

// TestThePageIsSentOnce: a browser that has it is told so.
func TestThePageIsSentOnce(t *testing.T) {
	h := open(t)
	res, err := h.http.Client().Get(h.http.URL + "/static/page.js")
	must(t, err)
	res.Body.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.http.URL+"/static/page.js", nil)
	must(t, err)
	req.Header.Set("If-None-Match", res.Header.Get("ETag"))
	res, err = h.http.Client().Do(req)
	must(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusNotModified {
		t.Errorf("the same page is sent again: %d", res.StatusCode)
	}
}

// TestBothLanguagesHaveTheSameWords: no word is missing on the screen.
func TestBothLanguagesHaveTheSameWords(t *testing.T) {
	h := open(t)
	_, words := h.ask("", http.MethodGet, "/static/words.js", "")
	_, page := h.ask("", http.MethodGet, "/", "")
	_, script := h.ask("", http.MethodGet, "/static/page.js", "")
	zh, en, ok := strings.Cut(words, "  en: {")
	if !ok {
		t.Fatal("words.js has no English")
	}
	has := func(part, key string) bool {
		return regexp.MustCompile(`[\s{]'?` + regexp.QuoteMeta(key) + `'?: `).MatchString(part)
	}
	var keys []string
	for _, m := range regexp.MustCompile(`data-word="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		keys = append(keys, m[1])
	}
	for _, m := range regexp.MustCompile(`word\('([^']+)'\)`).FindAllStringSubmatch(script, -1) {
		keys = append(keys, m[1])
	}
	keys = append(keys, "free", "offered", "talking", "wrap-up", "paused", "offline", "viewer", "supervisor", "administrator",
		"live", "lost", "connecting", "declined", "no-answer", "phone-gone", "recovered", "signing-out", "break", "ofAnswered", "ofOffered")
	if len(keys) < 40 {
		t.Fatalf("only %d words were found", len(keys))
	}
	for _, k := range keys {
		if !has(zh, k) || !has(en, k) {
			t.Errorf("%q is missing: Chinese %t, English %t", k, has(zh, k), has(en, k))
		}
	}
}

// TestRequestsAreCounted: the meter hears each operation by its name.
func TestRequestsAreCounted(t *testing.T) {
	m := &meter{}
	h := open(t, func(o *web.Options) { o.Meter = m })
	h.ask("", http.MethodGet, "/api/v1/board", "")
	h.do(h.token(web.Viewer), http.MethodGet, "/api/v1/board", "")
	h.ask("", http.MethodGet, "/api/v1/"+strings.Repeat("x", 30), "")
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.got["board 401"] != 1 || m.got["board 200"] != 1 || m.got["other 404"] != 1 {
		t.Errorf("counted: %v", m.got)
	}
}
