package sitetest

import (
	"bytes"
	"sync"
)

// Said keeps what a program or a log says; it is written and read by several
// goroutines. Its zero value is ready.
type Said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds to it.
func (s *Said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

// String is all that was said so far.
func (s *Said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
