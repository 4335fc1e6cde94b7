package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"hotline"
)

type actorKey struct{}

// As gives a context whose changes are written down as done by actor, for
// example "user:chen" or "agent:1001". Without it the actor is "system".
func As(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

func actor(ctx context.Context) string {
	if a, ok := ctx.Value(actorKey{}).(string); ok {
		return a
	}
	return "system"
}

// Deed is one line of the audit: who did what to what.
type Deed struct {
	At     time.Time
	Actor  string
	Verb   string // for example "agent.add"
	Object string // for example "1001"
	Detail string
}

func audit(ctx context.Context, db bun.IDB, verb, object, detail string) error {
	now := time.Now()
	id := fmt.Sprintf("%016x%s", now.UnixNano(), rand.Text()) // in order within a millisecond too
	_, err := db.NewRaw("INSERT INTO audit (id, at, actor, verb, object, detail) VALUES (?, ?, ?, ?, ?, ?)",
		id, now.UnixMilli(), clean(actor(ctx)), verb, clean(object), clean(detail)).Exec(ctx)
	return err
}

// Audit gives what was done, the newest first; limit at most 1,000.
func (s *Store) Audit(ctx context.Context, limit int) ([]Deed, error) {
	ctx, cancel := bounded(ctx, writeWithin)
	defer cancel()
	var rows []struct {
		At                          hotline.Millis
		Actor, Verb, Object, Detail string
	}
	err := s.read.NewRaw("SELECT at, actor, verb, object, detail FROM audit ORDER BY at DESC, id DESC LIMIT ?",
		min(limit, mostTickets)).Scan(ctx, &rows)
	deeds := make([]Deed, len(rows))
	for i, r := range rows {
		deeds[i] = Deed{At: r.At.Time(), Actor: r.Actor, Verb: r.Verb, Object: r.Object, Detail: r.Detail}
	}
	return deeds, kind(err)
}
