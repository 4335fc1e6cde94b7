// Package live keeps in Redis what is so right now: the board (who waits, what
// each agent is doing), where each call stands, leases, and the stream of
// facts that walls and desks follow. Every method is one atomic step and ends
// within Options.Timeout, also when Redis is frozen; when it is away the error
// is Unavailable, and the next call works again by itself once it is back.
//
// An error Unavailable does not say that nothing was done: a step that was on
// its way may be done when Redis wakes. Join is safe to repeat, a commit that
// was done is refused when repeated and answers the truth.
package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline"
)

// Options say where Redis is.
type Options struct {
	Address      string        // host:port, or the path of a unix socket; unused with Sentinels
	Sentinels    []string      // host:port of each Sentinel that knows which Redis is the master; none: Address is asked
	Master       string        // the name the Sentinels watch it under
	Username     string        // default: none
	Password     string        // default: none
	PasswordFile string        // file that holds the password, read for each connection; instead of Password
	Database     int           // default 0
	Prefix       string        // default "hl"; every key is named {prefix}:name, so all are on one node of a cluster
	Timeout      time.Duration // of every step; default 200 ms (design §3)
	Connections  int           // default 10 for each processor
	Facts        int           // how many facts are kept, about; default 10,000
}

// Store is the live state in Redis.
type Store struct {
	rdb     *redis.Client
	timeout time.Duration
	prefix  string
	facts   int
	scripts *scripts
	token   atomic.Int64 // Fence
	key     struct{ board, agents, places, calls, facts, lease, aside string }
}

// Open connects to Redis; it fails with Unavailable when Redis does not answer
// in time. The caller closes the store.
func Open(ctx context.Context, o Options) (*Store, error) {
	if _, _, err := o.credentials(ctx); err != nil {
		return nil, err
	}
	if o.Timeout == 0 {
		o.Timeout = 200 * time.Millisecond
	}
	if o.Prefix == "" {
		o.Prefix = "hl"
	}
	if o.Facts == 0 {
		o.Facts = 10_000
	}
	sc, err := readScripts()
	if err != nil {
		return nil, fmt.Errorf("read the scripts: %w", err)
	}
	s := &Store{rdb: connect(o), timeout: o.Timeout, prefix: "{" + strings.Trim(o.Prefix, "{}:") + "}:", facts: o.Facts, scripts: sc}
	s.key.board, s.key.agents, s.key.places = s.prefix+"board", s.prefix+"agents", s.prefix+"places"
	s.key.calls, s.key.facts, s.key.lease = s.prefix+"calls", s.prefix+"facts", s.prefix+"lease:"
	s.key.aside = s.prefix + "aside"
	if err := s.Ping(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Quiet silences the Redis client's own lines on standard error, for the whole
// process: every failure is returned, and logged at the edge once. To be called
// by the program, once, before Open.
func Quiet() { redis.SetLogger(quiet{}) }

type quiet struct{}

// Printf says nothing.
func (quiet) Printf(context.Context, string, ...any) {}

// Close ends all connections.
func (s *Store) Close() error { return s.rdb.Close() }

// Ping asks whether Redis is there.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return failed("reach Redis", s.rdb.Ping(ctx).Err())
}

// Keys names every key that is kept, without the prefix and in order, for
// tests that look for what was left behind. It walks all of Redis.
func (s *Store) Keys(ctx context.Context) ([]string, error) {
	var keys []string
	it := s.rdb.Scan(ctx, 0, s.prefix+"*", 1000).Iterator()
	for it.Next(ctx) {
		keys = append(keys, strings.TrimPrefix(it.Val(), s.prefix))
	}
	slices.Sort(keys)
	return keys, failed("list the keys", it.Err())
}

// failed gives err its kind: what may pass by itself is Unavailable.
func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	kind := hotline.Unavailable
	var answer redis.Error
	if errors.As(err, &answer) && !passing(answer.Error()) {
		kind = hotline.Internal
	}
	var wire net.Error
	if errors.As(err, &wire) || errors.Is(err, io.EOF) {
		kind = hotline.Unavailable
	}
	return hotline.Errorf(kind, "%s: %w", what, err)
}

// passing tells whether an answer of Redis is about its own state and not
// about the question.
func passing(answer string) bool {
	word, _, _ := strings.Cut(answer, " ")
	return slices.Contains([]string{"LOADING", "BUSY", "MISCONF", "OOM", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS", "NOAUTH", "WRONGPASS"}, strings.Trim(word, "-:"))
}
