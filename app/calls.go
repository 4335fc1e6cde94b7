package app

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/pbx"
)

// doors of calls (extensions.conf).
const (
	doorCode = "code"
)

// calls are the calls this process plays, and the records of those whose line
// it lost and will find again.
type calls struct {
	mu      sync.Mutex
	running map[hotline.CallID]*running
	lost    map[hotline.CallID]*ivr.Record
	closed  bool // none begins any more
	playing sync.WaitGroup
}

// running is one call while it is played.
type running struct {
	ticket hotline.TicketNo
	mu     sync.Mutex
	rangs  time.Time // when an agent's phone first rang for it
	line   *pbx.Line
	facts  hotline.Outcome
	step   string
	saved  []byte // its record as it was last to be in Redis
}

// note keeps what is known of the call, for whoever watches.
func (r *running) note(rec *ivr.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.facts, r.step = rec.Facts, rec.At
}

// keep keeps the record as it was last saved, for a Redis that forgets it.
func (r *running) keep(record []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.saved = record
}

// stands tells whether record is still the last one.
func (r *running) stands(record []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Equal(r.saved, record)
}

func (r *running) last() (hotline.CallID, []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.facts.Call, r.saved
}

func (r *running) known() (hotline.Outcome, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.facts, r.step
}

// on gives the call's line, once it is played; nil before.
func (r *running) on() *pbx.Line {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.line
}

func (r *running) rang(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rangs.IsZero() {
		r.rangs = at.UTC()
	}
}

func (r *running) firstRang() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rangs
}

func (c *calls) init() {
	c.running, c.lost = map[hotline.CallID]*running{}, map[hotline.CallID]*ivr.Record{}
}

func (c *calls) get(id hotline.CallID) *running {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running[id]
}

func (c *calls) has(id hotline.CallID) bool { return c.get(id) != nil }

// talking tells whether the recording of that name belongs to a call that is
// still played: recordings are named after the ticket.
func (c *calls) talking(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.running {
		if string(r.ticket) == name {
			return true
		}
	}
	return false
}

// all are the calls that are played now.
func (c *calls) all() []*running {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Values(c.running))
}

// count is how many calls are played now.
func (c *calls) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.running)
}

// begin notes that a call is played; nil when it is already, or none begins any more.
func (c *calls) begin(id hotline.CallID, ticket hotline.TicketNo) *running {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running[id] != nil || c.closed {
		return nil
	}
	r := &running{ticket: ticket}
	c.running[id] = r
	delete(c.lost, id)
	c.playing.Add(1)
	return r
}

// end notes that a call is played no more; park keeps its record for the next
// connection.
func (c *calls) end(id hotline.CallID, park *ivr.Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.running, id)
	if park != nil {
		c.lost[id] = park
	}
	c.playing.Done()
}

// parked gives the records of those calls, which are kept no more.
func (c *calls) parked(of func(hotline.CallID) bool) map[hotline.CallID]*ivr.Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	lost := map[hotline.CallID]*ivr.Record{}
	for id, rec := range c.lost {
		if of(id) {
			lost[id] = rec
			delete(c.lost, id)
		}
	}
	return lost
}

// park keeps a record for the next connection.
func (c *calls) park(rec *ivr.Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lost[rec.Facts.Call] = rec
}

// isParked tells whether a record is kept for the next connection.
func (c *calls) isParked(id hotline.CallID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost[id] != nil
}

// unpark gives the record of one call and keeps it no more; nil: none is kept.
func (c *calls) unpark(id hotline.CallID) *ivr.Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	rec := c.lost[id]
	delete(c.lost, id)
	return rec
}

// wait waits for those that are played; whoever arrives from now on is the next
// controller's.
func (c *calls) wait() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.playing.Wait()
}

// arrived begins a call that reached the application: a new one, or one that
// the dialplan held while no controller served. It is called from the
// exchange's reader and does not wait. A call that was found already is played.
func (a *App) arrived(c pbx.Arrival, line func() *pbx.Line) {
	if a.life.Err() != nil {
		return // the next controller finds the channel
	}
	if c.Door == doorCode {
		l := line()
		a.done.Go(func() { a.code(c, l) })
		return
	}
	if c.Door == pbx.DoorLeft {
		l := line()
		a.done.Go(func() { a.left(c, l) })
		return
	}
	if a.calls.has(c.Call) || a.turnAway(c) {
		return
	}
	rec := a.newRecord(c)
	if r := a.calls.begin(c.Call, rec.Facts.Ticket); r != nil {
		a.moment("arrived", c.Call)
		a.play(r, line(), rec, "")
	}
}

// newRecord begins the record of a call: its ticket number, who calls, and
// which old number it came through.
func (a *App) newRecord(c pbx.Arrival) *ivr.Record {
	rec := &ivr.Record{Facts: hotline.Outcome{Call: c.Call, Caller: c.Caller, Dialled: c.Dialled, Arrived: c.At}}
	no, code, err := a.numbers.Next(a.now())
	if err != nil {
		a.log.Error("no ticket number in hand; the call gets one when it is written", "call", c.Call, "err", err)
	}
	rec.Facts.Ticket, rec.Facts.QueryCode = no, code
	if key, ok := a.opt.Script.OldNumber(c.Dialled, c.Diversion, c.History, c.To); ok {
		rec.Facts.Hotline, rec.Facts.Keyed = key, hotline.KeyedOldNumber
	}
	return rec
}

// play plays a call that was begun in a goroutine of its own, from where its
// record stands.
func (a *App) play(r *running, line *pbx.Line, rec *ivr.Record, tag string) {
	r.mu.Lock()
	r.line = line
	r.mu.Unlock()
	go func() {
		ctx, end := context.WithCancelCause(a.life)
		defer end(nil)
		line.Listen(end, tag)
		err := a.script(ctx, line, rec)
		if !ivr.PlaysOn(err) {
			line.Tidy()
		}
		line.Release()
		if rec.Facts.Rang.IsZero() {
			rec.Facts.Rang = r.firstRang()
		}
		a.finish(rec, err)
	}()
}

// script plays the flow that the record names, or the one of this hour.
func (a *App) script(ctx context.Context, line *pbx.Line, rec *ivr.Record) error {
	flow, known := a.opt.Script.Flow(rec.Hash)
	if !known {
		flow = a.opt.Script.FlowAt(a.now())
	}
	line.OnAgent = flow.OnAgent
	c := &ivr.Call{
		Record: rec, Line: recorded{line, a}, Machine: machine{line, a}, Now: a.now, Save: a.save,
		Queue: &queue{Dispatcher: a.board, a: a, line: line},
	}
	if rec.Hash == "" {
		flow.Start(c)
	}
	if line.Found() && rec.Facts.Chosen.IsZero() { // he may wait, or talk, all the same
		var served bool
		rec.Place, served = a.placeOf(ctx, line)
		flow.Resume(c, served)
	}
	err := flow.Play(ctx, c, func(step string, err error) {
		a.log.Error("a step failed; the caller gets the apology", "call", rec.Facts.Call, "step", step, "err", err)
	})
	if err == nil {
		err = line.End(context.WithoutCancel(ctx))
		if err != nil && !ivr.PlaysOn(err) {
			a.log.Warn("hang up", "call", rec.Facts.Call, "err", err)
			err = nil
		}
	}
	return err
}

// finish closes a call, or leaves its record for whoever plays on.
func (a *App) finish(rec *ivr.Record, why error) {
	id := rec.Facts.Call
	switch {
	case errors.Is(why, ivr.ErrHandOver):
		a.calls.end(id, nil)
	case errors.Is(why, ivr.ErrResync):
		a.calls.end(id, rec)
		a.opt.Meter.Resync("call")
		a.again(id)
	case !a.inCharge(context.WithoutCancel(a.life)):
		a.calls.end(id, nil)
		a.overtaken()
	default:
		a.close(rec, why)
		a.calls.end(id, nil)
	}
}

// againEvery is how long is waited before a call that fell behind is looked for.
const againEvery = 200 * time.Millisecond

// again looks for one call that fell behind while the connection stands.
func (a *App) again(id hotline.CallID) {
	x := a.nodeOf(id).up()
	if x == nil {
		return // the next connection finds it
	}
	a.done.Go(func() {
		for { // a moment later: what failed once may fail again
			select {
			case <-a.life.Done():
				return
			case <-x.Done():
				return // the next connection finds it
			case <-time.After(againEvery):
			}
			err := a.resume(a.parts, x, id)
			if err == nil {
				return
			}
			a.log.Warn("resync", "call", id, "err", err)
		}
	})
}

// close books a finished call: first into the journal, then its record goes.
func (a *App) close(rec *ivr.Record, why error) {
	by := hotline.SideCaller
	if why == nil {
		by = hotline.SideSystem
		if rec.Facts.EndedBy != "" {
			by = rec.Facts.EndedBy
		}
	}
	if rec.Facts.EndedBy != "" && !rec.Facts.TalkEnded.IsZero() {
		by = rec.Facts.EndedBy // the talk was ended by the agent before
	}
	id := rec.Facts.Call
	ctx := context.Background()
	if errors.Is(why, ivr.ErrLost) {
		by, rec.Facts.End = hotline.SideSystem, hotline.EndLost
	}
	under, offers := a.board.Leave(ctx, id)
	rec.Facts.Offers = max(rec.Facts.Offers, offers)
	rec.Rang(under)
	o := rec.Close(a.now().UTC(), by, under.ID != 0)
	a.book(ctx, o)
	a.keepRecording(o)
}

// book writes down how a call ended, counts it and says so.
func (a *App) book(ctx context.Context, o hotline.Outcome) {
	a.file(ctx, o)
	a.opt.Meter.Ended(o)
	a.log.Info("call ended", "call", o.Call, "ticket", o.Ticket, "end", o.End, "by", o.EndedBy, "agent", o.Agent)
}

// file appends the outcome to the journal and then drops the call's record. The
// record of an outcome that the disk did not take stays: whoever starts next
// finds it. The journal itself goes on trying meanwhile.
func (a *App) file(ctx context.Context, o hotline.Outcome) {
	id := o.Call
	if err := a.journal.Append(ctx, o); err != nil {
		a.log.Error("the journal cannot be written; it is tried again", "call", id, "ticket", o.Ticket, "err", err)
		return
	}
	if r := a.calls.get(id); r != nil {
		r.keep(nil) // an older record that is under way is followed by a drop
	}
	a.unsaved.forget(id)
	a.foreign.forget(id)
	if err := a.opt.Live.DropCall(ctx, id); err != nil {
		a.unsaved.drop(id)
	}
}
