package memory

import (
	"context"
	"maps"
	"slices"

	"hotline"
	"hotline/live/fact"
	"hotline/live/lease"
	"hotline/routing"
)

// Load reads the whole board, in the order of numbers.
func (s *Store) Load(ctx context.Context) (routing.Snapshot, error) {
	now, err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return routing.Snapshot{}, err
	}
	snap := routing.Snapshot{Now: now, Offer: s.offer, Above: s.offer}
	for _, id := range slices.Sorted(maps.Keys(s.agents)) {
		snap.Agents = append(snap.Agents, copyAgent(s.agents[id]))
	}
	for _, p := range s.places {
		snap.Places = append(snap.Places, copyPlace(p))
	}
	slices.SortFunc(snap.Places, func(a, b hotline.Place) int { return int(a.Seq - b.Seq) })
	return snap, nil
}

// Commit makes all changes or none.
func (s *Store) Commit(ctx context.Context, t hotline.Token, changes []routing.Change) (routing.Truth, error) {
	if err := routing.CheckChanges(changes); err != nil {
		return routing.Truth{}, err
	}
	now, err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return routing.Truth{}, err
	}
	l := s.leases[lease.Board]
	if l.Token > t {
		return routing.Truth{}, hotline.Errorf(hotline.Forbidden, "the board's lease is lost: token %d is newer than %d", l.Token, t)
	}
	l.Name, l.Token = lease.Board, t
	s.leases[lease.Board] = l
	if s.stale(changes) {
		return s.truth(now, changes), nil
	}
	truth := routing.Done(now, changes, s.join(changes))
	s.write(now, changes, truth)
	s.offer = max(s.offer, routing.HighestOffer(changes))
	return truth, nil
}

// join numbers those who stand behind everybody. Here numbers count 1, 2, 3.
func (s *Store) join(changes []routing.Change) (joined []int64) {
	for _, c := range changes {
		switch {
		case c.Place == nil || c.Gone:
		case c.Place.Seq == 0:
			s.seq++
			joined = append(joined, s.seq)
		default:
			s.seq = max(s.seq, c.Place.Seq)
		}
	}
	return joined
}

func (s *Store) stale(changes []routing.Change) bool {
	return slices.ContainsFunc(changes, func(c routing.Change) bool {
		switch {
		case c.Agent != nil:
			return s.agents[c.Agent.ID].Version != c.Agent.Version
		case c.Place != nil:
			return s.places[c.Place.Call].Version != c.Place.Version
		}
		return false
	})
}

// truth is the answer to a refused commit.
func (s *Store) truth(now hotline.Millis, changes []routing.Change) routing.Truth {
	t := routing.Truth{Now: now, Refused: true}
	for _, c := range changes {
		switch {
		case c.Note != nil:
			continue
		case c.Agent != nil:
			if a, ok := s.agents[c.Agent.ID]; ok {
				t.Agents = append(t.Agents, copyAgent(a))
				continue
			}
		default:
			if p, ok := s.places[c.Place.Call]; ok {
				t.Places = append(t.Places, copyPlace(p))
				continue
			}
		}
		t.Missing = append(t.Missing, c.Name())
	}
	return t
}

func (s *Store) write(now hotline.Millis, changes []routing.Change, truth routing.Truth) {
	f := fact.Fact{Kind: fact.Commit}
	for _, c := range changes {
		switch {
		case c.Note != nil:
			s.calls[c.Note.Call] = slices.Clone(c.Note.Record)
		case c.Gone && c.Agent != nil:
			f.SignedOut = append(f.SignedOut, s.agents[c.Agent.ID])
			delete(s.agents, c.Agent.ID)
		case c.Gone:
			f.Left = append(f.Left, s.places[c.Place.Call])
			delete(s.places, c.Place.Call)
		}
	}
	for _, a := range truth.Agents {
		s.agents[a.ID] = copyAgent(a)
		f.Agents = append(f.Agents, copyAgent(a))
	}
	for _, p := range truth.Places {
		s.places[p.Call] = copyPlace(p)
		f.Places = append(f.Places, copyPlace(p))
	}
	if len(f.SignedOut)+len(f.Left)+len(f.Agents)+len(f.Places) > 0 {
		s.tell(now, f)
	}
}

func copyAgent(a routing.Agent) routing.Agent {
	a.Skills = slices.Clone(a.Skills)
	return a
}

func copyPlace(p hotline.Place) hotline.Place {
	p.Needs = slices.Clone(p.Needs)
	return p
}
