package live

import (
	"context"
	"slices"
	"strconv"

	"hotline"
	"hotline/live/lease"
	"hotline/routing"
)

// Load reads the whole board, places in the order of their numbers, agents in
// the order of theirs.
func (s *Store) Load(ctx context.Context) (routing.Snapshot, error) {
	const what = "load the board"
	got, err := s.run(ctx, what, s.scripts.load, []string{s.key.board, s.key.places, s.key.agents})
	if err != nil {
		return routing.Snapshot{}, err
	}
	parts, err := list(what, got, 4)
	if err != nil {
		return routing.Snapshot{}, err
	}
	snap := routing.Snapshot{Now: hotline.Millis(number(parts[0])), Offer: hotline.OfferID(number(parts[1]))}
	if snap.Places, err = all(parts[2], parsePlace); err != nil {
		return routing.Snapshot{}, err
	}
	if snap.Agents, err = all(parts[3], parseAgent); err != nil {
		return routing.Snapshot{}, err
	}
	slices.SortFunc(snap.Places, func(a, b hotline.Place) int { return int(a.Seq - b.Seq) })
	slices.SortFunc(snap.Agents, func(a, b routing.Agent) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return snap, nil
}

func all[T any](values any, parse func(string) (T, error)) ([]T, error) {
	var ts []T
	parts, _ := values.([]any)
	for _, v := range parts {
		text, _ := v.(string)
		t, err := parse(text)
		if err != nil {
			return nil, err
		}
		ts = append(ts, t)
	}
	return ts, nil
}

// Join gives the caller a place. Its number is the board's time in
// milliseconds or the last number + 1, whichever is higher, so that the order
// holds even after Redis was emptied.
func (s *Store) Join(ctx context.Context, w routing.Wish) (hotline.Place, error) {
	b, err := placeBody(hotline.Place{Call: w.Call, Queue: w.Queue, Needs: w.Needs, Priority: w.Priority})
	if err != nil {
		return hotline.Place{}, err
	}
	const what = "join the queue"
	got, err := s.run(ctx, what, s.scripts.join, []string{s.key.board, s.key.places, s.key.facts, s.key.lease + lease.Board},
		string(w.Call), b, w.Seq, int64(w.Since), s.facts, s.token.Load())
	if err == nil {
		err = forbidden(what, got)
	}
	if err != nil {
		return hotline.Place{}, err
	}
	value, _ := got.(string)
	return parsePlace(value)
}

// Leave takes the caller's place away, whatever holds it; none is fine.
func (s *Store) Leave(ctx context.Context, call hotline.CallID) error {
	const what = "leave the queue"
	got, err := s.run(ctx, what, s.scripts.leave, []string{s.key.board, s.key.places, s.key.facts, s.key.lease + lease.Board},
		string(call), s.facts, s.token.Load())
	if err != nil {
		return err
	}
	return forbidden(what, got)
}

// Commit makes all changes or none; see routing.Store.
func (s *Store) Commit(ctx context.Context, t hotline.Token, changes []routing.Change) (routing.Truth, error) {
	const what = "commit to the board"
	if err := routing.CheckChanges(changes); err != nil {
		return routing.Truth{}, err
	}
	args, err := s.commitArgs(t, changes)
	if err != nil {
		return routing.Truth{}, err
	}
	keys := []string{s.key.lease + lease.Board, s.key.board, s.key.agents, s.key.places, s.key.facts}
	got, err := s.run(ctx, what, s.scripts.commit, keys, args...)
	if err != nil {
		return routing.Truth{}, err
	}
	parts, err := list(what, got, 2)
	if err != nil {
		return routing.Truth{}, err
	}
	switch parts[0] {
	case "done":
		return routing.Done(hotline.Millis(number(parts[1])), changes), nil
	case "refused":
		return refusal(hotline.Millis(number(parts[1])), changes, parts[2:])
	}
	return routing.Truth{}, hotline.Errorf(hotline.Forbidden, "the board's lease is lost: token %v is newer than %d", parts[1], t)
}

func (s *Store) commitArgs(t hotline.Token, changes []routing.Change) ([]any, error) {
	args := make([]any, 0, 3+6*len(changes))
	args = append(args, int64(t), int64(routing.HighestOffer(changes)), s.facts)
	for _, c := range changes {
		switch {
		case c.Gone && c.Agent != nil:
			args = append(args, "a", string(c.Agent.ID), c.Version(), "", 0, "")
		case c.Gone:
			args = append(args, "p", string(c.Place.Call), c.Version(), "", 0, "")
		case c.Place != nil:
			args = append(args, "P", string(c.Place.Call), c.Version(), int64(c.Place.Offer), 0, "")
		default:
			b, err := agentBody(*c.Agent)
			if err != nil {
				return nil, err
			}
			since := ""
			if !c.Since {
				since = strconv.FormatInt(int64(c.Agent.Since), 10)
			}
			args = append(args, "A", string(c.Agent.ID), c.Version(), since, max(0, c.Within.Milliseconds()), b)
		}
	}
	return args, nil
}

// refusal reads what the changed things really are; nothing was changed.
func refusal(now hotline.Millis, changes []routing.Change, values []any) (routing.Truth, error) {
	t := routing.Truth{Now: now, Refused: true}
	if len(values) == 1 {
		values, _ = values[0].([]any)
	}
	for i, c := range changes {
		value := ""
		if i < len(values) {
			value, _ = values[i].(string)
		}
		switch {
		case value == "":
			t.Missing = append(t.Missing, c.Name())
		case c.Agent != nil:
			a, err := parseAgent(value)
			if err != nil {
				return routing.Truth{}, err
			}
			t.Agents = append(t.Agents, a)
		default:
			p, err := parsePlace(value)
			if err != nil {
				return routing.Truth{}, err
			}
			t.Places = append(t.Places, p)
		}
	}
	return t, nil
}
