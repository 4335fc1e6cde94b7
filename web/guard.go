package web

import (
	"net/http"
	"strings"
	"time"

	"hotline"
)

// policy lets the page use its own scripts, styles and connections and nothing
// else: no foreign host, no inline script, no frame around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// answerTime is how long an answer may take to be read by whoever asked; the
// live events have limits of their own.
const answerTime = 30 * time.Second

// harden sets the headers that every answer has.
func harden(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if strings.HasPrefix(r.URL.Path, "/api/") {
			h.Set("Cache-Control", "no-store")
		}
		next.ServeHTTP(w, r)
	})
}

// noted remembers what an answer was, for the meter.
type noted struct {
	http.ResponseWriter
	operation string
	status    int
}

func (n *noted) WriteHeader(status int) {
	if n.status == 0 {
		n.status = status
	}
	n.ResponseWriter.WriteHeader(status)
}

func (n *noted) Write(b []byte) (int, error) {
	if n.status == 0 {
		n.status = http.StatusOK
	}
	return n.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (n *noted) Unwrap() http.ResponseWriter { return n.ResponseWriter }

// note tells the meter's wrapper which operation it is.
func note(w http.ResponseWriter, operation string) {
	if n, ok := w.(*noted); ok {
		n.operation = operation
	}
}

// watch counts requests and turns a panic into an answer and a line in the log.
func (s *Server) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.o.Now()
		n := &noted{ResponseWriter: w, operation: "other"}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime)) // a recorder in a test has none
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				s.o.Log.Error("a request panicked", "operation", n.operation, "panic", p)
				if n.status == 0 {
					refuse(n, deny(http.StatusInternalServerError, string(hotline.Internal), "something went wrong on our side; it is in the log"))
				}
			}
			s.o.Meter.Served(n.operation, n.status, s.o.Now().Sub(began))
		}()
		next.ServeHTTP(n, r)
	})
}
