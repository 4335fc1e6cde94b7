package web

import (
	"context"
	"time"

	"hotline"
	"hotline/ticket"
)

// Ticket is a ticket as the API shows it. Fields that the role may not see are
// left out.
type Ticket struct {
	Number    hotline.TicketNo   `json:"number" example:"CZ20261124000017"`
	QueryCode string             `json:"query_code,omitempty" doc:"For those who may see callers, on a single ticket only"`
	Source    ticket.Source      `json:"source"`
	State     ticket.State       `json:"state"`
	Hotline   hotline.HotlineKey `json:"hotline,omitempty"`
	Keyed     hotline.Keyed      `json:"keyed,omitempty" doc:"How the hotline is known: old_number, key or agent"`
	Agent     hotline.AgentID    `json:"agent,omitempty"`
	Caller    string             `json:"caller,omitempty" doc:"For those who may see callers"`
	CallerRaw string             `json:"caller_raw,omitempty" doc:"What the network sent; likewise"`
	Created   time.Time          `json:"created"`
	Call      hotline.CallID     `json:"call,omitempty"`
	Dialled   string             `json:"dialled,omitempty"`
	Flow      string             `json:"flow,omitempty"`
	Queue     hotline.QueueKey   `json:"queue,omitempty"`
	Phone     hotline.PhoneID    `json:"phone,omitempty"`
	Chosen    time.Time          `json:"chosen,omitzero" doc:"The caller's choice ended"`
	Rang      time.Time          `json:"rang,omitzero" doc:"An agent's phone first rang"`
	Joined    time.Time          `json:"joined,omitzero" doc:"A person answered"`
	TalkEnded time.Time          `json:"talk_ended,omitzero"`
	Ended     time.Time          `json:"ended,omitzero"`
	End       hotline.End        `json:"end,omitempty"`
	EndedBy   hotline.Side       `json:"ended_by,omitempty"`
	Path      []Visit            `json:"path,omitempty" doc:"On a single ticket only"`
	Offers    int                `json:"offers,omitempty" doc:"Phones that were rung"`
	Recorded  bool               `json:"recorded"`
	Recording string             `json:"recording,omitempty" doc:"File name; for those who may see callers"`
	Gaps      []Gap              `json:"gaps,omitempty" doc:"What the agent left out of the recording: both sides are silent there"`
	Message   string             `json:"message,omitempty" doc:"File name; likewise"`
	Note      string             `json:"note,omitempty"`
}

// Gap is a part of a talk that was not recorded.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Visit is one step of a call's path.
type Visit struct {
	Step string    `json:"step"`
	At   time.Time `json:"at"`
	Keys string    `json:"keys,omitempty" doc:"What the caller pressed; for those who may see callers"`
}

// show gives the ticket as the role may see it; whole shows also what a list
// leaves out.
func show(t ticket.Ticket, r Role, whole bool) Ticket {
	k := Ticket{
		Number: t.Number, Source: t.Source, State: t.State, Hotline: t.Hotline, Keyed: t.Keyed, Agent: t.Agent,
		Created: t.Created, Call: t.Call, Dialled: t.Dialled, Flow: t.Flow, Queue: t.Queue, Phone: t.Phone,
		Chosen: t.Chosen, Rang: t.Rang, Joined: t.Joined, TalkEnded: t.TalkEnded, Ended: t.Ended,
		End: t.End, EndedBy: t.EndedBy, Offers: t.Offers, Recorded: t.Recording != "", Note: t.Note,
	}
	for _, g := range t.Gaps {
		k.Gaps = append(k.Gaps, Gap(g))
	}
	sees := r.Can("see-callers")
	if sees {
		k.Caller, k.CallerRaw, k.Recording, k.Message = t.Caller.Number, t.Caller.Raw, t.Recording, t.Message
	}
	if !whole {
		return k
	}
	for _, v := range t.Path {
		visit := Visit{Step: v.Step, At: v.At}
		if sees {
			visit.Keys = v.Keys
		}
		k.Path = append(k.Path, visit)
	}
	if sees {
		k.QueryCode = t.QueryCode
	}
	return k
}

type ticketsInput struct {
	Limit   int                `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	Before  string             `query:"before" maxLength:"40" doc:"Only tickets older than this one: the next page"`
	Hotline hotline.HotlineKey `query:"hotline" maxLength:"64"`
	End     hotline.End        `query:"end" enum:"answered,abandoned_greeting,abandoned_menu,abandoned_queue,abandoned_ringing,message,self_service,lost,refused,abandoned_message,abandoned_farewell,unfinished"`
	Agent   hotline.AgentID    `query:"agent" pattern:"^[0-9]{1,8}$" patternDescription:"one to eight digits"`
	Call    hotline.CallID     `query:"call" maxLength:"128"`
}

// Page is a part of a list.
type Page struct {
	Tickets []Ticket         `json:"tickets"`
	Next    hotline.TicketNo `json:"next,omitempty" doc:"Give it as before to read on; absent on the last page"`
}

type pageOutput struct{ Body Page }

type ticketInput struct {
	No string `path:"no" maxLength:"40" doc:"With or without CZ, as people write it"`
}

type ticketOutput struct{ Body Ticket }

func (s *Server) addTickets() {
	add(s, "list-tickets", s.listTickets)
	add(s, "ticket", s.ticket)
}

func (s *Server) listTickets(ctx context.Context, v visitor, in *ticketsInput) (*pageOutput, error) {
	f := Filter{Limit: in.Limit, Hotline: in.Hotline, End: in.End, Agent: in.Agent, Call: in.Call}
	if in.Before != "" {
		no, err := ticket.ParseNumber(in.Before)
		if err != nil {
			return nil, err
		}
		f.Before = no
	}
	list, err := s.o.Books.ListTickets(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &pageOutput{Body: Page{Tickets: make([]Ticket, len(list))}}
	for i, t := range list {
		out.Body.Tickets[i] = show(t, v.role, false)
	}
	if len(list) == in.Limit {
		out.Body.Next = list[len(list)-1].Number
	}
	s.looked(ctx, v, "tickets", "")
	return out, nil
}

func (s *Server) ticket(ctx context.Context, v visitor, in *ticketInput) (*ticketOutput, error) {
	no, err := ticket.ParseNumber(in.No)
	if err != nil {
		return nil, err
	}
	t, err := s.o.Books.Ticket(ctx, no)
	if err != nil {
		return nil, err
	}
	s.looked(ctx, v, "ticket", string(no))
	return &ticketOutput{Body: show(t, v.role, true)}, nil
}

// looked writes down who looked at callers' numbers: reads are logged, not
// only writes (domain.md §5).
func (s *Server) looked(ctx context.Context, v visitor, what, no string) {
	if v.role.Can("see-callers") {
		s.o.Log.InfoContext(ctx, "callers were looked at", "user", v.name, "what", what, "ticket", no)
	}
}
