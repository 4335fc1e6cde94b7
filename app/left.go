package app

import (
	"context"

	"hotline"
	"hotline/ivr"
	"hotline/pbx"
)

// left writes the ticket of a caller who hung up while no controller served. Where
// the call was served before, its own record tells more: whichever is written first
// is the ticket, and one call has one.
func (a *App) left(c pbx.Arrival, line *pbx.Line) {
	ctx, end := context.WithCancelCause(a.life)
	defer end(nil)
	line.Listen(end, "")
	defer line.Release()
	if rec := a.goneBefore(ctx, c); rec != nil {
		a.book(context.WithoutCancel(ctx), rec.Close(c.Left, hotline.SideCaller, false))
	}
	if err := line.End(context.WithoutCancel(ctx)); err != nil {
		a.log.Warn("a caller who was gone", "call", c.Call, "err", err)
	}
}

// goneBefore makes the record of such a call; nil where the call is known.
func (a *App) goneBefore(ctx context.Context, c pbx.Arrival) *ivr.Record {
	if c.Call == "" || a.calls.has(c.Call) {
		return nil
	}
	if records, err := a.opt.Live.Calls(ctx); err == nil && records[c.Call] != nil {
		return nil // recovery closes it
	}
	rec := a.newRecord(c)
	if c.Talked > 0 {
		rec.Facts.Joined, rec.Facts.TalkEnded = c.Left.Add(-c.Talked), c.Left
		rec.Facts.Note = "answered by a telephone on duty while no controller served"
	}
	return rec
}
