package web

import (
	"net/http"
	"net/netip"
)

// Readers says who may read figures.
type Readers string

// Who may read figures. Whoever shows a token always may.
const (
	ReadersLoopback Readers = "loopback" // whoever is on this machine, and is no proxy that says so
	ReadersToken    Readers = "token"    // nobody else
	ReadersOpen     Readers = "open"     // everybody
)

// figures answers a scrape.
func (s *Server) figures(w http.ResponseWriter, r *http.Request) {
	note(w, "metrics")
	if !s.reads(r) {
		refuse(w, deny(http.StatusUnauthorized, unauthenticated, "the figures are for this machine (http.metrics): send a token in the header Authorization, after the word Bearer"))
		return
	}
	s.o.Metrics.ServeHTTP(w, r)
}

// reads tells whether whoever asks may read figures.
func (s *Server) reads(r *http.Request) bool {
	switch s.o.Readers {
	case ReadersOpen:
		return true
	case ReadersToken:
	default:
		if fromHere(r) {
			return true
		}
	}
	v, err := s.visitor(r)
	return err == nil && v.known()
}

// fromHere tells that a request comes from this machine and was not passed on by a
// proxy that says for whom. One that says nothing cannot be told from us: where there
// is such a one, ReadersToken is right.
func fromHere(r *http.Request) bool {
	for _, name := range [...]string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && from.Addr().Unmap().IsLoopback()
}
