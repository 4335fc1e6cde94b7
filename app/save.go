package app

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"hotline"
	"hotline/ivr"
)

// unsaved are records that did not reach Redis, and records that could not be
// dropped; they are written when Redis is back. Nobody hears Redis.
type unsaved struct {
	mu      sync.Mutex
	records map[hotline.CallID][]byte // nil: to be dropped
	some    chan struct{}             // there are some again
}

func (u *unsaved) init() {
	u.records, u.some = map[hotline.CallID][]byte{}, make(chan struct{}, 1)
}

func (u *unsaved) put(id hotline.CallID, b []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.records[id] = b
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

func (u *unsaved) any() (hotline.CallID, []byte, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, b := range u.records {
		return id, b, true
	}
	return "", nil, false
}

// same tells whether b is still what is to be written for id.
func (u *unsaved) done(id hotline.CallID, b []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now, ok := u.records[id]; ok && len(now) == len(b) && string(now) == string(b) {
		delete(u.records, id)
	}
}

// save writes where a call stands; it waits 200 ms at most (package live).
func (a *App) save(ctx context.Context, rec *ivr.Record) bool {
	id := rec.Facts.Call
	if r := a.calls.get(id); r != nil {
		r.note(rec)
	}
	b, err := json.Marshal(rec)
	if err == nil {
		err = a.opt.Live.SaveCall(context.WithoutCancel(ctx), id, b)
	}
	if hotline.KindOf(err) == hotline.Forbidden {
		a.overtaken()
	}
	if err != nil {
		a.unsaved.put(id, b)
		a.opt.Meter.Unsaved()
		return false
	}
	if rec.Unsaved {
		a.unsaved.forget(id)
	}
	return true
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

func (a *App) write(ctx context.Context, id hotline.CallID, b []byte) error {
	if b == nil {
		return a.opt.Live.DropCall(ctx, id)
	}
	return a.opt.Live.SaveCall(ctx, id, b)
}
