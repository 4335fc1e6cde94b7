package ari

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// lane is an event socket of which only requests are wanted: Asterisk carries
// out those of one socket one after the other, each socket in a thread of its
// own. A lane carries one request at a time, so one that waits delays nobody,
// and it costs less than HTTP: no headers, no further goroutines.
type lane struct {
	ws  *websocket.Conn
	buf []byte
}

// mostLanes is how many requests may be under way apart; what comes beyond goes
// over HTTP.
const mostLanes = 8

// lanes are those that carry nothing now; the one used last is used next, so that
// most of the time one or two are open.
type lanes struct {
	mu     sync.Mutex
	back   sync.Cond
	free   []*lane
	closed bool
}

func newLanes() *lanes {
	s := &lanes{}
	s.back.L = &s.mu
	for range mostLanes {
		s.free = append(s.free, &lane{})
	}
	return s
}

// take gives a lane to be given back; nil where all are busy.
func (s *lanes) take() *lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.free) - 1
	if last < 0 || s.closed {
		return nil
	}
	l := s.free[last]
	s.free = s.free[:last]
	return l
}

func (s *lanes) giveBack(l *lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, l)
	s.back.Signal()
}

// close waits for those that are busy, whose requests end with the connection's
// life, and closes all.
func (s *lanes) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for len(s.free) < mostLanes {
		s.back.Wait()
	}
	for _, l := range s.free {
		l.close()
	}
}

// askApart sends a request that may wait, over a lane or, when all are busy or
// the answer is a list, over HTTP.
func (c *Conn) askApart(ctx context.Context, r Request) (json.RawMessage, error) {
	if r.method != http.MethodGet {
		if l := c.lanes.take(); l != nil {
			defer c.lanes.giveBack(l)
			return c.apart(ctx, func(ctx context.Context) (json.RawMessage, error) { return l.ask(ctx, c, r) }, r)
		}
	}
	return c.apart(ctx, func(ctx context.Context) (json.RawMessage, error) { return c.client.Ask(ctx, r) }, r)
}

// apart asks, and ends with the connection: whoever lost the socket no longer
// knows what is so, and must not act.
func (c *Conn) apart(ctx context.Context, ask func(context.Context) (json.RawMessage, error), r Request) (json.RawMessage, error) {
	if err := c.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", r.Verb, err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.life, func() { cancel(c.why()) })()
	body, err := ask(ctx)
	if errors.Is(err, ErrUnauthorized) {
		c.end(ErrUnauthorized)
	}
	if err != nil && c.life.Err() != nil {
		return nil, fmt.Errorf("%s: %w", r.Verb, c.why())
	}
	return body, err
}

// ask sends the request and reads its answer. A lane that broke, or whose
// answer did not come in time, is opened anew for the next request.
func (l *lane) ask(ctx context.Context, c *Conn, r Request) (json.RawMessage, error) {
	began := time.Now()
	ctx, cancel := within(ctx, c.cfg.Timeout)
	defer cancel()
	a, err := l.send(ctx, c, r)
	c.cfg.Meter.Request(r.Verb, a.status, time.Since(began))
	if err != nil {
		l.close()
		return nil, fmt.Errorf("%s: %w", r.Verb, noAnswer(err))
	}
	return a.body(), r.judge(a.status, a.reason, a.body())
}

func (l *lane) send(ctx context.Context, c *Conn, r Request) (a answer, err error) {
	if l.ws == nil { // under a name of its own: ErrDeaf says why
		if l.ws, err = c.open(ctx, c.cfg.App+".lane."+rand.Text()); err != nil {
			return a, err
		}
	}
	if err := l.ws.Write(ctx, websocket.MessageText, r.frame("1")); err != nil {
		return a, err
	}
	for {
		if l.buf, err = message(ctx, l.ws, l.buf); err != nil {
			return a, err
		}
		if raw := string(l.buf); typeOf(raw) == RESTResponse {
			return decodeAnswer(raw), nil
		}
	}
}

func (l *lane) close() {
	if l.ws != nil {
		_ = l.ws.CloseNow()
		l.ws = nil
	}
}
