package memory

import (
	"context"
	"fmt"
	"slices"

	"hotline"
	"hotline/live/fact"
)

// keptFacts is how many facts are kept; the oldest go first.
const keptFacts = 10_000

// tell adds a fact; the store is locked.
func (s *Store) tell(now hotline.Millis, f fact.Fact) {
	n := 0
	if len(s.facts) > 0 {
		if last := s.facts[len(s.facts)-1]; last.At == now {
			_, n = parseID(last.ID)
			n++
		}
	}
	f.ID, f.At = fmt.Sprintf("%d-%d", now, n), now
	s.facts = append(s.facts, f)
	if len(s.facts) > 2*keptFacts {
		s.facts = slices.Clone(s.facts[keptFacts:])
	}
	close(s.told)
	s.told = make(chan struct{})
}

func parseID(id string) (at hotline.Millis, n int) {
	fmt.Sscanf(id, "%d-%d", &at, &n)
	return at, n
}

func after(id, from string) bool {
	at, n := parseID(id)
	fromAt, fromN := parseID(from)
	return at > fromAt || at == fromAt && n > fromN
}

// Tell adds a fact of the kind with fields (name, value, name, value …).
func (s *Store) Tell(ctx context.Context, kind string, fields ...string) error {
	if kind == "" || len(fields)%2 != 0 {
		return hotline.Errorf(hotline.Invalid, "a fact needs a kind, and a value for each of its fields")
	}
	now, err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	f := fact.Fact{Kind: kind, Fields: map[string]string{}}
	for i := 0; i < len(fields); i += 2 {
		f.Fields[fields[i]] = fields[i+1]
	}
	s.tell(now, f)
	return nil
}

// LastFact gives the id of the newest fact: read it, load the board, and
// follow from it.
func (s *Store) LastFact(ctx context.Context) (string, error) {
	_, err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil || len(s.facts) == 0 {
		return fact.Start, err
	}
	return s.facts[len(s.facts)-1].ID, nil
}

// Follow tells every fact after from, and then each new one, until ctx ends or
// do gives an error. Its error is do's, ctx's cause, or Conflict when facts
// after from are no longer kept: then the board must be loaded again.
func (s *Store) Follow(ctx context.Context, from string, do func(fact.Fact) error) error {
	first := true
	for {
		facts, told, err := s.factsAfter(from, first)
		if err != nil {
			return err
		}
		first = false
		for _, f := range facts {
			if err := do(f); err != nil {
				return err
			}
			from = f.ID
		}
		if len(facts) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-told:
		}
	}
}

func (s *Store) factsAfter(from string, first bool) ([]fact.Fact, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if first && from != fact.Start && (len(s.facts) == 0 || after(s.facts[0].ID, from)) {
		return nil, nil, hotline.Errorf(hotline.Conflict, "facts after %s are no longer kept; load the board again", from)
	}
	i := slices.IndexFunc(s.facts, func(f fact.Fact) bool { return after(f.ID, from) })
	if i < 0 {
		return nil, s.told, nil
	}
	return slices.Clone(s.facts[i:]), s.told, nil
}
