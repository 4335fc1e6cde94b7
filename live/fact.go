package live

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline"
	"hotline/live/fact"
)

// patience is how long one question for new facts waits before it is asked
// again, gather how long Follow lets further facts come together after some came
// (each question costs both sides more than the facts it brings), pause how long
// it waits after Redis could not answer. A Redis that looks at its clock once a
// second (hz 1) may say that there is nothing so much late.
const (
	patience = time.Second
	late     = time.Second
	gather   = 200 * time.Millisecond
	pause    = 100 * time.Millisecond
)

// Names of the fields of a fact that a caller of Tell cannot give.
const (
	fieldKind  = "kind"
	fieldAt    = "at"
	fieldBoard = "board"
	fieldForm  = "v"
)

// Tell adds a fact of the kind with fields (name, value, name, value …).
func (s *Store) Tell(ctx context.Context, kind string, fields ...string) error {
	if kind == "" || len(fields)%2 != 0 {
		return hotline.Errorf(hotline.Invalid, "a fact needs a kind, and a value for each of its fields")
	}
	values := []string{fieldForm, strconv.Itoa(fact.Version), fieldKind, kind}
	for i := 0; i < len(fields); i += 2 {
		// The underscore keeps a teller's names apart from the board's own.
		values = append(values, "_"+fields[i], fields[i+1])
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return failed("tell a fact", s.rdb.XAdd(ctx, &redis.XAddArgs{Stream: s.key.facts, MaxLen: int64(s.facts), Approx: true, Values: values}).Err())
}

// LastFact gives the id of the newest fact: read it, load the board, and
// follow from it.
func (s *Store) LastFact(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	got, err := s.rdb.XRevRangeN(ctx, s.key.facts, "+", "-", 1).Result()
	if err != nil || len(got) == 0 {
		return fact.Start, failed("read the last fact", err)
	}
	return got[0].ID, nil
}

// Follow tells every fact after from, and then each new one, within a fifth of a
// second, until ctx ends or do gives an error. While Redis is away it waits and goes
// on from where it was. Its error is do's, ctx's cause, or Conflict when facts after from are no
// longer kept, or of a newer version that cannot be read: then the board must be
// loaded again.
func (s *Store) Follow(ctx context.Context, from string, do func(fact.Fact) error) error {
	sure := from == fact.Start
	for {
		facts, err := s.next(ctx, from, &sure)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case hotline.KindOf(err) == hotline.Unavailable:
			sure = from == fact.Start // Redis may come back emptied
			if err := sleep(ctx, pause); err != nil {
				return err
			}
		case err != nil:
			return err
		}
		for _, f := range facts {
			if err := do(f); err != nil {
				return err
			}
			from = f.ID
		}
		if len(facts) > 0 && len(facts) < most {
			if err := sleep(ctx, gather); err != nil {
				return err
			}
		}
	}
}

// most is how many facts one question brings.
const most = 500

// next reads the facts after from, after making sure that none are lost.
func (s *Store) next(ctx context.Context, from string, sure *bool) ([]fact.Fact, error) {
	if !*sure {
		if err := s.kept(ctx, from); err != nil {
			return nil, err
		}
		*sure = true
	}
	ctx, cancel := context.WithTimeout(ctx, patience+late+s.timeout)
	defer cancel()
	streams, err := s.rdb.XRead(ctx, &redis.XReadArgs{Streams: []string{s.key.facts, from}, Count: most, Block: patience}).Result()
	if err == redis.Nil {
		return nil, nil
	}
	if err != nil {
		return nil, failed("follow the facts", err)
	}
	var facts []fact.Fact
	for _, stream := range streams {
		for _, m := range stream.Messages {
			f, err := parseFact(m)
			if err != nil && len(facts) > 0 {
				return facts, nil // the next question begins with this one
			}
			if form, _ := m.Values[fieldForm].(string); err != nil && number(form) > fact.Version {
				return nil, hotline.Errorf(hotline.Conflict, "the fact %s was written by a newer version of this program; load the board again", m.ID)
			}
			if err != nil {
				return nil, err
			}
			facts = append(facts, f)
		}
	}
	return facts, nil
}

func (s *Store) kept(ctx context.Context, from string) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	got, err := s.rdb.XRangeN(ctx, s.key.facts, "-", from, 1).Result()
	if err != nil {
		return failed("find the fact "+from, err)
	}
	if len(got) == 0 {
		return hotline.Errorf(hotline.Conflict, "facts after %s are no longer kept; load the board again", from)
	}
	return nil
}

func parseFact(m redis.XMessage) (fact.Fact, error) {
	at, _, _ := strings.Cut(m.ID, "-")
	f := fact.Fact{ID: m.ID, At: hotline.Millis(number(at))}
	for name, v := range m.Values {
		value, _ := v.(string)
		switch name {
		case fieldKind:
			f.Kind = value
		case fieldForm: // of use only where the rest cannot be read
		case fieldAt:
			f.At = hotline.Millis(number(value))
		case fieldBoard:
			if err := parseBoard(value, &f); err != nil {
				return f, err
			}
		default:
			if f.Fields == nil {
				f.Fields = map[string]string{}
			}
			f.Fields[strings.TrimPrefix(name, "_")] = value
		}
	}
	return f, nil
}

// parseBoard reads one line for each thing that changed: the change's letter
// and then the value, as commit.lua writes them.
func parseBoard(lines string, f *fact.Fact) error {
	for line := range strings.SplitSeq(lines, "\n") {
		if line == "" {
			continue
		}
		if op := line[0]; op == 'A' || op == 'a' {
			a, err := parseAgent(line[1:])
			if err != nil {
				return err
			}
			if op == 'A' {
				f.Agents = append(f.Agents, a)
			} else {
				f.SignedOut = append(f.SignedOut, a)
			}
			continue
		}
		p, err := parsePlace(line[1:])
		if err != nil {
			return err
		}
		if line[0] == 'P' {
			f.Places = append(f.Places, p)
		} else {
			f.Left = append(f.Left, p)
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
