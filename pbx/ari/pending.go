package ari

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// maxPending bounds the requests on the socket that Asterisk has not answered.
const maxPending = 4096

// Pending is a request on its way over the event socket.
type Pending struct {
	conn   *Conn
	req    Request
	id     string
	began  time.Time
	answer chan answer // of size one: the reader never waits
}

// answer is Asterisk's RESTResponse, or why there will be none.
type answer struct {
	id     string
	status int
	reason string
	quoted string // the body as a JSON string, still quoted
	err    error
}

// Wait waits for Asterisk's consent, until the context's deadline or for
// Config.Timeout. A request need not be waited for, and only once.
func (p *Pending) Wait(ctx context.Context) error {
	_, err := p.wait(ctx)
	return err
}

// wait gives the answer of a request that succeeded.
func (p *Pending) wait(ctx context.Context) (a answer, err error) {
	ctx, cancel := within(ctx, p.conn.cfg.Timeout)
	defer cancel()
	select {
	case a = <-p.answer:
		return a, p.judge(a)
	case <-ctx.Done():
		p.conn.pending.take(p.id)
		p.conn.cfg.Meter.Request(p.req.Verb, 0, time.Since(p.began))
		return a, fmt.Errorf("%s: %w", p.req.Verb, noAnswer(ctx.Err()))
	}
}

func (p *Pending) judge(a answer) error {
	switch {
	case a.err != nil:
		return fmt.Errorf("%s: %w", p.req.Verb, a.err)
	case a.status/100 == 2:
		return nil
	}
	return p.req.judge(a.status, a.reason, a.body())
}

// body is the content of the answer, which most callers do not want.
func (a answer) body() []byte {
	if a.quoted == "" {
		return nil
	}
	return []byte(unquote(a.quoted))
}

// pendings are the requests on the socket, by id.
type pendings struct {
	mu   sync.Mutex
	last uint64
	byID map[string]*Pending // nil: the connection has ended
}

// add gives a request its id.
func (s *pendings) add(p *Pending) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.byID == nil:
		return p.conn.why()
	case len(s.byID) >= maxPending:
		return ErrBusy
	}
	s.last++
	p.id = strconv.FormatUint(s.last, 10)
	s.byID[p.id] = p
	return nil
}

// take finds a request and forgets it; nil where it was taken before.
func (s *pendings) take(id string) *Pending {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.byID[id]
	delete(s.byID, id)
	return p
}

// fail answers every request with err, and those to come.
func (s *pendings) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.byID {
		p.answer <- answer{err: err}
	}
	s.byID = nil
}

// Start sends a request over the event socket, behind those sent before, and
// returns at once. Asterisk carries them out one after the other: start
// nothing that may wait (Request.Patient) unless what it would wait for has
// been stopped just before.
func (c *Conn) Start(r Request) (*Pending, error) {
	p := &Pending{conn: c, req: r, began: time.Now(), answer: make(chan answer, 1)}
	if err := c.pending.add(p); err != nil {
		return nil, fmt.Errorf("%s: %w", r.Verb, err)
	}
	if err := c.write(r.frame(p.id)); err != nil {
		c.pending.take(p.id)
		return nil, fmt.Errorf("%s: %w", r.Verb, err)
	}
	return p, nil
}

// Batch sends requests over the event socket without awaiting each answer and
// then waits for all. All are sent, whatever becomes of the first; the error
// is that of the first that failed.
func (c *Conn) Batch(ctx context.Context, requests ...Request) (err error) {
	started := make([]*Pending, 0, len(requests))
	for _, r := range requests {
		p, failed := c.Start(r)
		if failed != nil {
			err = failed
			break
		}
		started = append(started, p)
	}
	for _, p := range started {
		if failed := p.Wait(ctx); failed != nil && err == nil {
			err = failed
		}
	}
	return err
}

// Do sends a request and waits for Asterisk's consent: over the event socket,
// or apart from it if it is Patient.
func (c *Conn) Do(ctx context.Context, r Request) error {
	if r.Patient {
		_, err := c.askApart(ctx, r)
		return err
	}
	p, err := c.Start(r)
	if err != nil {
		return err
	}
	return p.Wait(ctx)
}

// Ask sends a request like Do and waits for the content of its answer.
func (c *Conn) Ask(ctx context.Context, r Request) (json.RawMessage, error) {
	if r.Patient {
		return c.askApart(ctx, r)
	}
	p, err := c.Start(r)
	if err != nil {
		return nil, err
	}
	a, err := p.wait(ctx)
	return a.body(), err
}

// answered hands a RESTResponse to whoever waits for it.
func (c *Conn) answered(raw string) {
	a := decodeAnswer(raw)
	if a.status == http.StatusUnauthorized {
		c.end(ErrUnauthorized)
	}
	if p := c.pending.take(a.id); p != nil {
		c.cfg.Meter.Request(p.req.Verb, a.status, time.Since(p.began))
		p.answer <- a
	}
}

func decodeAnswer(raw string) (a answer) {
	p := scanner{s: raw}
	for name := range p.fields {
		switch name {
		case "request_id":
			a.id = p.str()
		case "status_code":
			a.status = p.num()
		case "reason_phrase":
			a.reason = p.str()
		case "message_body":
			a.quoted = p.text()
		default:
			p.skip()
		}
	}
	return a
}

// text gives a string with its quotes: a body is unescaped where it is wanted,
// not on the reader's goroutine.
func (p *scanner) text() string {
	if p.peek() != '"' {
		p.surprise()
		return ""
	}
	quoted, _ := p.quoted()
	return quoted
}
