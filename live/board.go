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
	snap.Above = max(snap.Offer, hotline.OfferID(snap.Now))
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
	keys := []string{s.key.lease + lease.Board, s.key.board, s.key.agents, s.key.places, s.key.facts, s.key.calls}
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
		joined := make([]int64, len(parts)-2)
		for i, seq := range parts[2:] {
			joined[i] = number(seq)
		}
		return routing.Done(hotline.Millis(number(parts[1])), changes, joined), nil
	case "refused":
		return refusal(hotline.Millis(number(parts[1])), changes, parts[2:])
	}
	return routing.Truth{}, hotline.Errorf(hotline.Forbidden, "the board's lease is lost: token %v is newer than %d", parts[1], t)
}

func (s *Store) commitArgs(t hotline.Token, changes []routing.Change) ([]any, error) {
	args := make([]any, 0, 3+7*len(changes))
	args = append(args, int64(t), int64(routing.HighestOffer(changes)), s.facts)
	for _, c := range changes {
		switch {
		case c.Note != nil:
			args = append(args, "N", string(c.Note.Call), "", "", 0, 0, c.Note.Record)
		case c.Gone && c.Agent != nil:
			args = append(args, "a", string(c.Agent.ID), c.Version(), "", 0, 0, "")
		case c.Gone:
			args = append(args, "p", string(c.Place.Call), c.Version(), "", 0, 0, "")
		case c.Place != nil:
			b, err := placeBody(*c.Place)
			if err != nil {
				return nil, err
			}
			args = append(args, "P", string(c.Place.Call), c.Version(), moment(c.Place.Since), int64(c.Place.Offer), c.Place.Seq, b)
		default:
			b, err := agentBody(*c.Agent)
			if err != nil {
				return nil, err
			}
			since := hotline.Millis(0)
			if !c.Since {
				since = c.Agent.Since
			}
			args = append(args, "A", string(c.Agent.ID), c.Version(), moment(since), max(0, c.Within.Milliseconds()), 0, b)
		}
	}
	return args, nil
}

// moment writes a moment of the board's clock; "" is now.
func moment(m hotline.Millis) string {
	if m == 0 {
		return ""
	}
	return strconv.FormatInt(int64(m), 10)
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
		case c.Note != nil:
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
