package ari

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Request is one ARI operation, made by a verb (Answer, Play, CreateBridge …)
// and sent by Conn or Client. It is a value and can be sent again.
type Request struct {
	// Verb names the operation for errors and metrics, for example
	// "channel.answer"; there are about fifty.
	Verb   string
	method string
	path   string // below /ari/, each part escaped
	query  string // encoded
	body   []byte // JSON, or nil
	also   []int  // refusals that mean: it is already so
	// Patient says that Asterisk may answer late (it waits for a prompt to
	// end, writes a file, lists thousands of channels). Do sends such a
	// request over a socket or connection of its own, where it delays no other.
	Patient bool
}

// Doer sends a request and waits for Asterisk's answer, whose JSON it returns.
// It waits until the context's deadline or, where there is none, for
// Config.Timeout. Conn and Client are Doers.
type Doer interface {
	Do(ctx context.Context, r Request) error
	Ask(ctx context.Context, r Request) (json.RawMessage, error)
}

// make builds a request; Asterisk decodes "+" in paths too, hence QueryEscape.
func request(verb, method string, path ...string) Request {
	for i, part := range path {
		path[i] = url.QueryEscape(part)
	}
	return Request{Verb: verb, method: method, path: strings.Join(path, "/")}
}

func get(verb string, path ...string) Request    { return request(verb, http.MethodGet, path...) }
func post(verb string, path ...string) Request   { return request(verb, http.MethodPost, path...) }
func put(verb string, path ...string) Request    { return request(verb, http.MethodPut, path...) }
func remove(verb string, path ...string) Request { return request(verb, http.MethodDelete, path...) }

// with adds a parameter; an empty value adds nothing.
func (r Request) with(name, value string) Request {
	if value == "" {
		return r
	}
	if r.query != "" {
		r.query += "&"
	}
	r.query += name + "=" + url.QueryEscape(value)
	return r
}

// json sets the body. Only values that always marshal are given here.
func (r Request) json(v any) Request {
	r.body, _ = json.Marshal(v)
	return r
}

// patient marks the request as one that may wait inside Asterisk.
func (r Request) patient() Request {
	r.Patient = true
	return r
}

// Or returns the request with further statuses that mean "it is already so"
// and count as success, for example Hangup's 404.
func (r Request) Or(statuses ...int) Request {
	r.also = append(slices.Clip(r.also), statuses...)
	return r
}

// target is the path with its parameters.
func (r Request) target() string {
	if r.query == "" {
		return r.path
	}
	return r.path + "?" + r.query
}

// frame is the request as Asterisk reads it from the event socket. Method and
// target are plain ASCII by construction and need no escaping.
func (r Request) frame(id string) []byte {
	b := make([]byte, 0, 160+len(r.path)+len(r.query)+2*len(r.body))
	b = append(b, `{"type":"RESTRequest","request_id":"`...)
	b = append(b, id...)
	b = append(b, `","method":"`...)
	b = append(b, r.method...)
	b = append(b, `","uri":"`...)
	b = append(b, r.target()...)
	if r.body != nil {
		quoted, _ := json.Marshal(string(r.body))
		b = append(b, `","content_type":"application/json","message_body":`...)
		b = append(b, quoted...)
		return append(b, '}')
	}
	return append(b, `"}`...)
}

// judge turns Asterisk's answer into the caller's: success, "already so", or
// a StatusError with Asterisk's own words.
func (r Request) judge(status int, reason string, body []byte) error {
	if status/100 == 2 || slices.Contains(r.also, status) {
		return nil
	}
	var said struct{ Message, Error string }
	if json.Unmarshal(body, &said) == nil && said.Message+said.Error != "" {
		reason = said.Message + said.Error
	}
	return &StatusError{Verb: r.Verb, Code: status, Message: reason}
}

// Fetch sends a request and decodes the answer's content.
func Fetch[T any](ctx context.Context, d Doer, r Request) (T, error) {
	var v T
	raw, err := d.Ask(ctx, r)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fmt.Errorf("ari: %s: Asterisk's answer is not understood: %w", r.Verb, err)
	}
	return v, nil
}

// seconds is a duration as ARI wants it, rounded up.
func seconds(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return fmt.Sprint(int64((d + time.Second - 1) / time.Second))
}
