package app

import (
	"context"
	"encoding/json"

	"hotline"
	"hotline/ivr"
	"hotline/pbx"
	"hotline/routing"
)

// queue is the routing as one call sees it: its record is kept in the same step as
// what it does there, and its place is written on its channel.
type queue struct {
	*routing.Dispatcher
	a    *App
	line *pbx.Line
	in   hotline.QueueKey // where it waits, as far as we had its channel say
}

// Join takes a place and writes it on the channel, once for each queue and controller (the
// one before may have died over it). That is at once where nobody is rung for him yet, or
// Redis does not have it; who has waited before has it there already, most likely.
func (q *queue) Join(ctx context.Context, w hotline.Wish, rec *ivr.Record) (p hotline.Place, err error) {
	var kept bool
	err = q.keeping(ctx, rec, func(n routing.Note) (bool, error) {
		p, kept, err = q.Dispatcher.Join(ctx, w, n)
		return kept, err
	})
	if err == nil && q.in != p.Queue {
		q.in = p.Queue
		b, _ := json.Marshal(p)
		q.line.PlaceOn(string(b), !kept || p.Offer == 0 && w.Seq == 0)
	}
	return p, err
}

// Joined gives the place up.
func (q *queue) Joined(ctx context.Context, o hotline.Offer, rec *ivr.Record) error {
	return q.keeping(ctx, rec, func(n routing.Note) (bool, error) { return q.Dispatcher.Joined(ctx, o, n) })
}

// keeping does something at the board that keeps the record as well. Where that was
// not even tried (the controller hands over) the record goes alone: the next one is
// to play on from this step.
func (q *queue) keeping(ctx context.Context, rec *ivr.Record, do func(routing.Note) (bool, error)) error {
	if rec == nil {
		_, err := do(routing.Note{})
		return err
	}
	n, _ := q.a.entry(rec)
	kept, err := do(n)
	switch {
	case err == nil:
		q.a.noted(rec, n, kept)
	case hotline.KindOf(err) != hotline.Conflict:
		rec.Unsaved = !q.a.save(ctx, rec)
	}
	return err
}
