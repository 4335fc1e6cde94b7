package house

import (
	"io"
	"net/http"
	"strings"

	"hotline/store"
)

// supervisor adds a user and gives his token.
func (h *house) supervisor() string {
	h.Helper()
	h.must(h.books.AddUser(h.Context(), store.User{Name: "chief", Role: "supervisor", Enabled: true}))
	token, err := h.books.NewToken(h.Context(), "chief")
	h.must(err)
	return token
}

// api asks the API, and gives its answer.
func (h *house) api(token, method, path, body string) string {
	h.Helper()
	r, err := http.NewRequestWithContext(h.soon(), method, "http://"+h.at.API+path, strings.NewReader(body))
	h.must(err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	h.must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	h.must(err)
	if res.StatusCode >= 300 {
		h.Fatalf("%s %s: %s %s", method, path, res.Status, b)
	}
	return string(b)
}
