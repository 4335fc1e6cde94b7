package ari

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Config says which Asterisk, as whom, and for which application.
type Config struct {
	// URL is where Asterisk's HTTP server listens, for example
	// http://127.0.0.1:8088/ari (the path may be left out).
	URL string
	// User and Password are those of an ARI user of ari.conf or of Take.
	User, Password string
	// App is the name of the Stasis application; only Connect needs it.
	App string
	// Events are the types the application lets through. RESTResponse is
	// always let through, because a filter hides the answers to requests too,
	// and ChannelUserevent, by which Connect makes sure that it hears.
	// Empty means no filter. The filter belongs to the application in
	// Asterisk and survives reconnects, so Connect sets it each time.
	Events []Type
	// Timeout bounds a request whose context has no deadline of its own, and
	// each write to the socket. Default 2 s.
	Timeout time.Duration
	// Hear is how long Connect waits for the first event before the connection
	// is ErrDeaf. Default Timeout.
	Hear time.Duration
	// Ping is the longest time a dead or frozen Asterisk stays unnoticed.
	// Asterisk itself never pings. Default 5 s.
	Ping time.Duration
	// Meter is told what happens; nil means nobody listens.
	Meter Meter
}

// Meter counts what this package does. Its methods are called on the reader's
// goroutine and must return at once.
type Meter interface {
	// Event is called for every event handed over; lag is the time since
	// Asterisk stamped it (its clock has milliseconds).
	Event(t Type, lag time.Duration)
	// Skipped is called for an event of an unknown type, with its type, and
	// for a field of a surprising kind, with "Type.field".
	Skipped(what string)
	// Request is called when a request is over: its verb (for example
	// "channel.answer"), the HTTP status (0: no answer) and the time it took.
	Request(verb string, status int, took time.Duration)
}

type silent struct{}

func (silent) Event(Type, time.Duration)          {}
func (silent) Skipped(string)                     {}
func (silent) Request(string, int, time.Duration) {}

// maxConns bounds the HTTP connections of one client. Asterisk's default
// sessionlimit is 100 for everybody together.
const maxConns = 16

// complete fills in the defaults and refuses what cannot work.
func (c Config) complete() (Config, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return c, fmt.Errorf("ari: the URL %q should look like http://127.0.0.1:8088/ari", c.URL)
	case c.User == "" || strings.Contains(c.User, ":"):
		return c, errors.New("ari: an ARI user's name is required, without a colon")
	}
	c.URL = strings.TrimSuffix(strings.TrimRight(c.URL, "/"), "/ari") + "/ari"
	if c.Timeout <= 0 {
		c.Timeout = 2 * time.Second
	}
	if c.Hear <= 0 {
		c.Hear = c.Timeout
	}
	if c.Ping <= 0 {
		c.Ping = 5 * time.Second
	}
	if c.Meter == nil {
		c.Meter = silent{}
	}
	return c, nil
}

// authorization is the value of the header of that name.
func (c Config) authorization() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.User+":"+c.Password))
}
