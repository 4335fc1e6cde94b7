package live

import (
	"context"
	"strconv"

	"github.com/redis/go-redis/v9"

	"hotline"
)

// Remembers tells whether Redis still has what was written in the name of t: it
// leaves a mark on the board, and asks for it. The first answer for a token is
// false, and so is the first one after Redis was emptied: then whatever is only
// there must be written again.
func (s *Store) Remembers(ctx context.Context, t hotline.Token) (bool, error) {
	const what, field = "look for the mark on the board", "mark"
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	mine := strconv.FormatInt(int64(t), 10)
	mark, err := s.rdb.HGet(ctx, s.key.board, field).Result()
	if err != nil && err != redis.Nil {
		return false, failed(what, err)
	}
	if mark == mine {
		return true, nil
	}
	return false, failed(what, s.rdb.HSet(ctx, s.key.board, field, mine).Err())
}
