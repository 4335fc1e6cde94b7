package ari

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// maxAnswer bounds an answer's size: two thousand channels are about 2 MB.
const maxAnswer = 64 << 20

// Client sends requests over HTTP, through at most sixteen kept connections of
// its own. It needs no event socket and no application.
type Client struct {
	cfg  Config
	http *http.Client
	pool *http.Transport
}

// NewClient makes a client; nothing is sent yet. Close it in the end.
func NewClient(cfg Config) (*Client, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	pool := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: cfg.Timeout}).DialContext,
		MaxConnsPerHost:     maxConns,
		MaxIdleConnsPerHost: maxConns,
		// Asterisk closes a connection that was idle for 15 s
		// (session_keep_alive); a request must not meet that moment.
		IdleConnTimeout:        10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
	}
	return &Client{cfg: cfg, http: &http.Client{Transport: pool}, pool: pool}, nil
}

// Close gives idle connections back.
func (c *Client) Close() { c.pool.CloseIdleConnections() }

// Do sends a request and waits for Asterisk's consent.
func (c *Client) Do(ctx context.Context, r Request) error {
	_, err := c.Ask(ctx, r)
	return err
}

// Ask sends a request and waits for the content of its answer.
func (c *Client) Ask(ctx context.Context, r Request) (json.RawMessage, error) {
	began := time.Now()
	ctx, cancel := within(ctx, c.cfg.Timeout)
	defer cancel()
	status, reason, body, err := c.send(ctx, r)
	c.cfg.Meter.Request(r.Verb, status, time.Since(began))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Verb, noAnswer(err))
	}
	return body, r.judge(status, reason, body)
}

func (c *Client) send(ctx context.Context, r Request) (status int, reason string, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, r.method, c.cfg.URL+"/"+r.target(), bytes.NewReader(r.body))
	if err != nil {
		return 0, "", nil, err
	}
	req.Header.Set("Authorization", c.cfg.authorization())
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, "", nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, http.StatusText(resp.StatusCode), body, err
}

// within bounds a context that has no deadline of its own.
func within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if _, bounded := ctx.Deadline(); bounded {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, limit)
}

// noAnswer adds ErrNoAnswer to a timeout, ErrLost to a broken connection.
func noAnswer(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w (%w)", ErrNoAnswer, err)
	}
	return fmt.Errorf("%w (%w)", ErrLost, err)
}
