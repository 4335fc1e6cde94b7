// Package memory is the plain-memory twin of package live, for fast stories:
// it keeps the board, the records of calls, leases and facts in this process.
// It obeys the same suite (live/livetest) and goes with testing/synctest.
package memory

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"hotline"
	"hotline/live/fact"
	"hotline/live/lease"
	"hotline/routing"
)

// Store keeps everything in memory. Its zero value is not ready; use New.
type Store struct {
	// Now is the store's clock; set it before the first use. A clock that goes
	// back is not followed.
	Now func() time.Time

	mu     sync.Mutex
	away   bool
	token  hotline.Token // Fence
	last   hotline.Millis
	seq    int64
	offer  hotline.OfferID
	agents map[hotline.AgentID]routing.Agent
	places map[hotline.CallID]hotline.Place
	calls  map[hotline.CallID][]byte
	leases map[string]held
	facts  []fact.Fact
	told   chan struct{} // closed and made new with every fact
}

type held struct {
	lease.Lease
	until hotline.Millis
}

// New gives an empty store on this process's clock.
func New() *Store {
	s := &Store{Now: time.Now, told: make(chan struct{})}
	s.empty()
	return s
}

// Empty forgets everything, as Redis does when it is emptied.
func (s *Store) Empty() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.empty()
}

func (s *Store) empty() {
	s.seq, s.offer, s.facts = 0, 0, nil
	s.agents = map[hotline.AgentID]routing.Agent{}
	s.places = map[hotline.CallID]hotline.Place{}
	s.calls = map[hotline.CallID][]byte{}
	s.leases = map[string]held{}
}

// Away makes every method fail with Unavailable until it is called with false,
// as when Redis is down.
func (s *Store) Away(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// enter locks the store and reads its clock; the caller unlocks.
func (s *Store) enter(ctx context.Context) (hotline.Millis, error) {
	s.mu.Lock()
	if err := ctx.Err(); err != nil {
		return 0, hotline.Errorf(hotline.Unavailable, "the store was not asked: %w", context.Cause(ctx))
	}
	if s.away {
		return 0, hotline.Errorf(hotline.Unavailable, "the store is away; try again")
	}
	s.last = max(s.last, hotline.MillisOf(s.Now()))
	return s.last, nil
}

// Fence names the token in whose name is written from now on.
func (s *Store) Fence(t hotline.Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = t
}

// enterToWrite is enter, and Forbidden where the board is held with a newer token.
func (s *Store) enterToWrite(ctx context.Context) (hotline.Millis, error) {
	now, err := s.enter(ctx)
	if held := s.leases[lease.Board].Token; err == nil && s.token != 0 && held > s.token {
		err = hotline.Errorf(hotline.Forbidden, "another controller holds the board with the token %d", held)
	}
	return now, err
}

// SaveCall keeps the call's record, which is opaque here.
func (s *Store) SaveCall(ctx context.Context, id hotline.CallID, record []byte) error {
	_, err := s.enterToWrite(ctx)
	defer s.mu.Unlock()
	if err == nil {
		s.calls[id] = slices.Clone(record)
	}
	return err
}

// DropCall forgets the call's record; none is fine.
func (s *Store) DropCall(ctx context.Context, id hotline.CallID) error {
	_, err := s.enterToWrite(ctx)
	defer s.mu.Unlock()
	if err == nil {
		delete(s.calls, id)
	}
	return err
}

// Calls gives every record that is kept.
func (s *Store) Calls(ctx context.Context) (map[hotline.CallID][]byte, error) {
	_, err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	all := maps.Clone(s.calls)
	for id, r := range all {
		all[id] = slices.Clone(r)
	}
	return all, nil
}

// Keys names what is kept, for tests that look for what was left behind.
func (s *Store) Keys(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	add := func(n int, key string) {
		if n > 0 {
			keys = append(keys, key)
		}
	}
	add(len(s.agents), "agents")
	add(int(s.last), "board")
	add(len(s.calls), "calls")
	add(len(s.facts), "facts")
	for name := range s.leases {
		keys = append(keys, "lease:"+name)
	}
	add(len(s.places), "places")
	slices.Sort(keys)
	return keys, nil
}
