package live

import (
	"context"

	"hotline"
	"hotline/live/lease"
)

// SaveCall keeps the call's record: where it stands, opaque here. Forbidden where
// another controller holds the board (Fence).
func (s *Store) SaveCall(ctx context.Context, id hotline.CallID, record []byte) error {
	return s.record(ctx, s.key.calls, "save", id, record)
}

// DropCall forgets the call's record; none is fine.
func (s *Store) DropCall(ctx context.Context, id hotline.CallID) error {
	return s.record(ctx, s.key.calls, "drop", id, nil)
}

// PutAside keeps a record that could not be read, for a person to look at (key
// aside, by call): whoever plays the call anew writes over it.
func (s *Store) PutAside(ctx context.Context, id hotline.CallID, record []byte) error {
	return s.record(ctx, s.key.aside, "save", id, record)
}

func (s *Store) record(ctx context.Context, key, verb string, id hotline.CallID, record []byte) error {
	what := verb + " the call"
	got, err := s.run(ctx, what, s.scripts.save, []string{s.key.lease + lease.Board, key},
		s.token.Load(), verb, string(id), record)
	if err != nil {
		return err
	}
	return forbidden(what, got)
}

// Calls gives every record that is kept, for start-up.
func (s *Store) Calls(ctx context.Context) (map[hotline.CallID][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	got, err := s.rdb.HGetAll(ctx, s.key.calls).Result()
	if err != nil {
		return nil, failed("read the calls", err)
	}
	calls := make(map[hotline.CallID][]byte, len(got))
	for id, r := range got {
		calls[hotline.CallID(id)] = []byte(r)
	}
	return calls, nil
}
