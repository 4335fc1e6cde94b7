package live

import (
	"context"

	"hotline"
)

// SaveCall keeps the call's record: where it stands, opaque here.
func (s *Store) SaveCall(ctx context.Context, id hotline.CallID, record []byte) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return failed("save the call", s.rdb.HSet(ctx, s.key.calls, string(id), record).Err())
}

// DropCall forgets the call's record; none is fine.
func (s *Store) DropCall(ctx context.Context, id hotline.CallID) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return failed("drop the call", s.rdb.HDel(ctx, s.key.calls, string(id)).Err())
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
