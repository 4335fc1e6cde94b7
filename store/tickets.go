package store

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"hotline"
	"hotline/ticket"
)

// The longest list of tickets, and how long it is when nothing is said.
const (
	mostTickets  = 1000
	usualTickets = 50
)

// Filter says which tickets are wanted; an empty field leaves it open.
type Filter struct {
	Limit   int              // at most 1,000; 0: 50
	Before  hotline.TicketNo // only tickets older than this one: the next page
	Hotline hotline.HotlineKey
	End     hotline.End
	Agent   hotline.AgentID
	Call    hotline.CallID
}

// ticketRow is a ticket with its call as SQL gives them.
type ticketRow struct {
	Number, QueryCode, Call, Source, State, Hotline, Keyed, Agent, Caller string
	CallerRaw, Dialled, Flow, Queue, Phone                                string
	Ending, EndedBy, Path, Recording, Gaps, Message, Note                 string
	Created, Chosen, Rang, Joined, TalkEnded, Ended                       hotline.Millis
	Offers                                                                int
}

// ListTickets gives tickets, the newest call first.
func (s *Store) ListTickets(ctx context.Context, f Filter) ([]ticket.Ticket, error) {
	ctx, cancel := bounded(ctx, writeWithin)
	defer cancel()
	if f.Limit <= 0 {
		f.Limit = usualTickets
	}
	var rows []ticketRow
	q := s.selectTickets().OrderExpr("t.created DESC, t.number DESC").Limit(int64(min(f.Limit, mostTickets)))
	if f.Before != "" {
		q.Where("(t.created, t.number) < (SELECT b.created, b.number FROM tickets AS b WHERE b.number = ?)", string(f.Before))
	}
	for column, value := range map[string]string{
		"t.hotline": string(f.Hotline), "c.ending": string(f.End), "t.agent": string(f.Agent), "t.call": string(f.Call),
	} {
		if value != "" {
			q.Where("? = ?", bun.Ident(column), value)
		}
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, kind(err)
	}
	list := make([]ticket.Ticket, len(rows))
	for i, r := range rows {
		t, err := r.ticket()
		if err != nil {
			return nil, err
		}
		list[i] = t
	}
	return list, nil
}

// Ticket gives one ticket by its number, written in any way ParseNumber reads.
// Errors: Invalid, NotFound.
func (s *Store) Ticket(ctx context.Context, no hotline.TicketNo) (ticket.Ticket, error) {
	ctx, cancel := bounded(ctx, writeWithin)
	defer cancel()
	no, err := ticket.ParseNumber(string(no))
	if err != nil {
		return ticket.Ticket{}, err
	}
	var rows []ticketRow
	if err := s.selectTickets().Where("t.number = ?", string(no)).Scan(ctx, &rows); err != nil {
		return ticket.Ticket{}, kind(err)
	}
	if len(rows) == 0 {
		return ticket.Ticket{}, hotline.Errorf(hotline.NotFound, "there is no ticket %s", no)
	}
	return rows[0].ticket()
}

func (s *Store) selectTickets() *bun.SelectQuery {
	return s.read.NewSelect().TableExpr("tickets AS t").Join("LEFT JOIN calls AS c ON c.call = t.call").
		ColumnExpr("t.number, t.query_code, t.call, t.source, t.state, t.hotline, t.keyed, t.agent, t.caller, t.created").
		ColumnExpr("c.caller_raw, c.dialled, c.flow, c.queue, c.phone, c.chosen, c.rang, c.joined, c.talk_ended").
		ColumnExpr("c.ended, c.ending, c.ended_by, c.path, c.offers, c.recording, c.gaps, c.message, c.note")
}

func (r ticketRow) ticket() (ticket.Ticket, error) {
	t := ticket.Ticket{
		Number: hotline.TicketNo(r.Number), QueryCode: r.QueryCode, Source: ticket.Source(r.Source), State: ticket.State(r.State),
		Hotline: hotline.HotlineKey(r.Hotline), Keyed: hotline.Keyed(r.Keyed), Agent: hotline.AgentID(r.Agent),
		Caller: hotline.Phone{Number: r.Caller, Raw: r.CallerRaw}, Created: r.Created.Time(),
		Call: hotline.CallID(r.Call), Dialled: r.Dialled, Flow: r.Flow, Queue: hotline.QueueKey(r.Queue),
		Phone: hotline.PhoneID(r.Phone), Chosen: r.Chosen.Time(), Rang: r.Rang.Time(), Joined: r.Joined.Time(),
		TalkEnded: r.TalkEnded.Time(), Ended: r.Ended.Time(), End: hotline.End(r.Ending), EndedBy: hotline.Side(r.EndedBy),
		Offers: r.Offers, Recording: r.Recording, Message: r.Message, Note: r.Note,
	}
	if r.Path != "" {
		if err := json.Unmarshal([]byte(r.Path), &t.Path); err != nil {
			return t, hotline.Errorf(hotline.Internal, "the path of ticket %s cannot be read: %w", r.Number, err)
		}
	}
	if r.Gaps != "" {
		if err := json.Unmarshal([]byte(r.Gaps), &t.Gaps); err != nil {
			return t, hotline.Errorf(hotline.Internal, "the gaps of ticket %s cannot be read: %w", r.Number, err)
		}
	}
	return t, nil
}
