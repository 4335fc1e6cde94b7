package web

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// checkTime is how long a part may take to answer.
const checkTime = time.Second

// Health is what /readyz answers.
type Health struct {
	Ready    bool         `json:"ready"`
	Degraded bool         `json:"degraded"`        // calls are served, but not all works: see the parts
	Parts    []PartHealth `json:"parts,omitempty"` // only for those who may read figures
}

// PartHealth is how one part does.
type PartHealth struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Why  string `json:"why,omitempty"` // what is wrong, in one sentence
}

// healthz tells that the process lives and answers.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	note(w, "healthz")
	answer(w, http.StatusOK, struct {
		Alive bool `json:"alive"`
	}{true})
}

// readyz tells whether calls are served: 200 only when every part works that they
// need. What they can spare shows as degraded.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	note(w, "readyz")
	h := s.Health(r.Context())
	status := http.StatusOK
	if !h.Ready {
		status = http.StatusServiceUnavailable
	}
	if !s.reads(r) { // a load balancer needs no more
		h.Parts = nil
	}
	answer(w, status, h)
}

// Health asks all parts at once.
func (s *Server) Health(ctx context.Context) Health {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	h := Health{Ready: true, Parts: make([]PartHealth, len(s.o.Parts))}
	var all sync.WaitGroup
	for i, p := range s.o.Parts {
		all.Go(func() {
			err := p.Check(ctx)
			h.Parts[i] = PartHealth{Name: p.Name, OK: err == nil}
			if err != nil {
				h.Parts[i].Why = err.Error()
			}
		})
	}
	all.Wait()
	for i, p := range h.Parts {
		h.Ready = h.Ready && (p.OK || s.o.Parts[i].Spare)
		h.Degraded = h.Degraded || !p.OK
	}
	return h
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the asker may be gone
}
