package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"strings"
)

// static holds the live page: plain HTML, CSS and JavaScript of our own, from
// no other host.
//
//go:embed static
var static embed.FS

// pages are the files a browser can ask for, and where.
var pages = map[string]struct{ file, kind string }{
	"/{$}":             {"page.html", "text/html; charset=utf-8"},
	"/static/page.css": {"page.css", "text/css; charset=utf-8"},
	"/static/page.js":  {"page.js", "text/javascript; charset=utf-8"},
	"/static/words.js": {"words.js", "text/javascript; charset=utf-8"},
	"/static/icon.svg": {"icon.svg", "image/svg+xml"},
	prefix + "/docs":   {"docs.html", "text/html; charset=utf-8"},
	"/static/docs.js":  {"docs.js", "text/javascript; charset=utf-8"},
}

func (s *Server) addPage(mux *http.ServeMux) {
	for path, p := range pages {
		mux.HandleFunc("GET "+path, servePage(p.file, p.kind))
	}
}

// servePage serves one embedded file; the browser asks each time and is told
// when it has the newest already.
func servePage(file, kind string) http.HandlerFunc {
	body, err := static.ReadFile("static/" + file)
	if err != nil {
		panic("web: " + file + " is not embedded")
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		note(w, "page")
		w.Header().Set("ETag", tag)
		w.Header().Set("Cache-Control", "no-cache")
		if strings.Contains(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(body) // the browser may be gone
	}
}
