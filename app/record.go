package app

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"hotline"
	"hotline/ivr"
	"hotline/pbx"
	"hotline/routing"
)

// unreadable is the step of a call whose record names none that can be read; no
// flow has it, and so the call goes to where failed steps lead.
const unreadable = "unreadable"

// foreign are the parts of records that a newer version of this program wrote and
// this one does not know. They go back into the record each time it is saved: the
// newer version may come back (decision 11).
type foreign struct {
	mu    sync.Mutex
	parts map[hotline.CallID]unknown
}

// unknown are the fields of one record, and those of its facts.
type unknown struct{ record, facts map[string]json.RawMessage }

func (f *foreign) put(id hotline.CallID, u unknown) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.parts == nil {
		f.parts = map[hotline.CallID]unknown{}
	}
	f.parts[id] = u
}

func (f *foreign) forget(id hotline.CallID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.parts, id)
}

// with gives the record as it is saved: b, and what is kept for a newer version.
func (f *foreign) with(id hotline.CallID, b []byte) ([]byte, error) {
	f.mu.Lock()
	u, ok := f.parts[id]
	f.mu.Unlock()
	if !ok {
		return b, nil
	}
	var record, facts map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(b, &record), json.Unmarshal(record["facts"], &facts)); err != nil {
		return b, err
	}
	beside(record, u.record)
	beside(facts, u.facts)
	var err error
	if record["facts"], err = json.Marshal(facts); err != nil {
		return b, err
	}
	return json.Marshal(record)
}

// beside adds what this version has not written itself.
func beside(record, kept map[string]json.RawMessage) {
	for name, part := range kept {
		if _, ours := record[name]; !ours {
			record[name] = part
		}
	}
}

// readRecord reads a record that this version wrote, or an older or a newer one. Of
// a newer one, and of one that is damaged, everything is taken that can be read; the
// rest is kept beside it. The error, Invalid, says that nothing can be read.
func (a *App) readRecord(id hotline.CallID, b []byte) (*ivr.Record, error) {
	rec := new(ivr.Record)
	if err := json.Unmarshal(b, rec); err == nil && rec.Version <= ivr.RecordVersion {
		return rec, nil
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil {
		return nil, hotline.Errorf(hotline.Invalid, "the record of call %s cannot be read: %w", id, err)
	}
	rec = new(ivr.Record)
	u := unknown{record: read(parts, rec)}
	var facts map[string]json.RawMessage
	if json.Unmarshal(parts["facts"], &facts) == nil {
		rec.Facts = hotline.Outcome{}
		u.facts = read(facts, &rec.Facts)
	}
	a.log.Warn("a call's record is of another version; what can be read is taken, the rest is kept", "call", id,
		"version", rec.Version, "known", ivr.RecordVersion, "kept", len(u.record)+len(u.facts))
	a.foreign.put(id, u)
	rec.Version, rec.Facts.Call = ivr.RecordVersion, id
	if rec.At == "" {
		rec.At = unreadable
	}
	return rec, nil
}

// placeOf finds the place of a call whose record knows none: its channel carries it,
// and the board has that of one who joined a moment ago. served tells that an agent has
// the caller.
func (a *App) placeOf(ctx context.Context, line *pbx.Line) (p hotline.Place, served bool) {
	call := line.Call()
	place, err := line.Place(ctx)
	if err != nil && ctx.Err() == nil {
		a.log.Warn("the place on a channel cannot be read", "call", call, "err", err)
	}
	if place != "" && json.Unmarshal([]byte(place), &p) == nil {
		return p, false
	}
	v, err := a.board.View(ctx)
	if err != nil {
		return p, false
	}
	if i := slices.IndexFunc(v.Waiting, func(p hotline.Place) bool { return p.Call == call }); i >= 0 {
		return v.Waiting[i], false
	}
	return p, slices.ContainsFunc(v.Agents, func(ag routing.Agent) bool { return ag.Call == call })
}

// read fills the struct that to points to, field by field, and gives the parts that
// have no field or do not fit theirs.
func read(parts map[string]json.RawMessage, to any) (rest map[string]json.RawMessage) {
	rest = maps.Clone(parts)
	v := reflect.ValueOf(to).Elem()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		part, ok := parts[name]
		if !ok || name == "-" {
			continue
		}
		field := reflect.New(v.Field(i).Type())
		if json.Unmarshal(part, field.Interface()) == nil {
			v.Field(i).Set(field.Elem())
			delete(rest, name)
		}
	}
	delete(rest, "facts") // read by themselves, and never as a whole
	return rest
}
