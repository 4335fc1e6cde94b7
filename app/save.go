package app

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/routing"
)

// unsaved are records that did not reach Redis, and records that could not be
// dropped; they are written when Redis is back. Nobody hears Redis.
type unsaved struct {
	mu      sync.Mutex
	records map[hotline.CallID][]byte // nil: to be dropped
	doubt   map[hotline.CallID]bool   // those of the outage that is not over yet
	some    chan struct{}             // there are some again
}

func (u *unsaved) init() {
	u.records, u.doubt, u.some = map[hotline.CallID][]byte{}, map[hotline.CallID]bool{}, make(chan struct{}, 1)
}

func (u *unsaved) put(id hotline.CallID, b []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.records[id], u.doubt[id] = b, true
	select {
	case u.some <- struct{}{}:
	default:
	}
}

func (u *unsaved) drop(id hotline.CallID) { u.put(id, nil) }

func (u *unsaved) forget(id hotline.CallID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.records, id)
}

// doubtful gives the calls whose steps did not get through, once.
func (u *unsaved) doubtful() []hotline.CallID {
	u.mu.Lock()
	defer u.mu.Unlock()
	ids := slices.Collect(maps.Keys(u.doubt))
	clear(u.doubt)
	return ids
}

func (u *unsaved) any() (hotline.CallID, []byte, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, b := range u.records {
		return id, b, true
	}
	return "", nil, false
}

// done forgets what is to be written for id, where it is still b.
func (u *unsaved) done(id hotline.CallID, b []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now, ok := u.records[id]; ok && len(now) == len(b) && string(now) == string(b) {
		delete(u.records, id)
	}
}

// save writes where a call stands; it waits 200 ms at most (package live).
func (a *App) save(ctx context.Context, rec *ivr.Record) bool {
	n, err := a.entry(rec)
	if err == nil {
		err = a.opt.Live.SaveCall(context.WithoutCancel(ctx), n.Call, n.Record)
	}
	if hotline.KindOf(err) == hotline.Forbidden {
		a.overtaken()
	}
	return a.noted(rec, n, err == nil)
}

// entry is where a call stands, in the form in which it is kept; from now on that is
// what is to be in Redis. The error says that it has none.
func (a *App) entry(rec *ivr.Record) (routing.Note, error) {
	n := routing.Note{Call: rec.Facts.Call}
	r := a.calls.get(n.Call)
	if r != nil {
		r.note(rec)
	}
	b, err := json.Marshal(rec)
	if err == nil {
		b, err = a.foreign.with(n.Call, b)
	}
	if err != nil {
		return routing.Note{}, err
	}
	n.Record = b
	if r != nil {
		r.keep(b)
	}
	return n, nil
}

// noted tells the record whether it was kept; what was not is written later.
func (a *App) noted(rec *ivr.Record, n routing.Note, kept bool) bool {
	if !kept {
		a.opt.Meter.Unsaved()
	}
	switch {
	case n.Call == "": // nothing that could be kept
	case !kept:
		a.unsaved.put(n.Call, n.Record)
	case rec.Unsaved:
		a.unsaved.forget(n.Call)
	}
	rec.Unsaved = !kept
	return kept
}

const saveAgainEvery = 250 * time.Millisecond

// saveLater writes what did not get through.
func (a *App) saveLater(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.unsaved.some:
		}
		for !a.saveAll(ctx) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(saveAgainEvery):
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(settled):
		}
		a.settle(ctx)
	}
}

// settled is how long after an outage Redis has done what it still had in hand.
const settled = 500 * time.Millisecond

// settle writes once more what an outage concerned: a Redis that stood still wakes
// up with old steps in hand, nobody's any more, and may do them after newer ones.
func (a *App) settle(ctx context.Context) {
	for _, id := range a.unsaved.doubtful() {
		var b []byte // dropped, unless it is played or waits for its line
		if r := a.calls.get(id); r != nil {
			if _, b = r.last(); b == nil {
				continue
			}
		} else if a.calls.isParked(id) {
			continue
		}
		if a.write(ctx, id, b) != nil {
			a.unsaved.put(id, b)
		}
	}
}

// saveAll writes all that is unsaved and tells whether nothing is left.
func (a *App) saveAll(ctx context.Context) bool {
	for id, b, ok := a.unsaved.any(); ok; id, b, ok = a.unsaved.any() {
		if a.write(ctx, id, b) != nil {
			return false
		}
		a.unsaved.done(id, b)
	}
	return true
}

// write saves a record, or drops it where b is nil.
func (a *App) write(ctx context.Context, id hotline.CallID, b []byte) error {
	if b == nil {
		return a.opt.Live.DropCall(ctx, id)
	}
	err := a.opt.Live.SaveCall(ctx, id, b)
	if hotline.KindOf(err) == hotline.Forbidden {
		a.overtaken()
	}
	switch r := a.calls.get(id); {
	case r != nil && !r.stands(b): // the call went on, or was closed, while its record was under way
		_, b := r.last()
		a.unsaved.put(id, b)
	case r == nil && !a.calls.isParked(id): // it ended
		a.unsaved.drop(id)
	}
	return err
}

// saveAgain has the record of every call written again and tells how many.
func (a *App) saveAgain() (calls int) {
	for _, r := range a.calls.all() {
		id, b := r.last()
		if b != nil {
			a.unsaved.put(id, b)
			calls++
		}
		if !a.calls.has(id) {
			a.unsaved.forget(id) // it ended meanwhile
		}
	}
	return calls
}
