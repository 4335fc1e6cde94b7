package web

import (
	"context"
	"errors"
	"sync"
	"time"

	"hotline"
	"hotline/ticket"
)

// Today counts the calls that arrived since midnight in the city and are over.
type Today struct {
	AsOf       time.Time `json:"as_of"`
	Calls      int       `json:"calls" doc:"All calls, however they ended"`
	Offered    int       `json:"offered" doc:"Those who wanted a person: their choice was made"`
	Answered   int       `json:"answered" doc:"Those a person answered"`
	InTime     int       `json:"answered_in_15s" doc:"Answered within 15 s of the choice (GB/T 33358-2016)"`
	Abandoned  int       `json:"abandoned" doc:"The caller hung up before a person answered"`
	Short      int       `json:"abandoned_short" doc:"… within 5 s of arriving; counted in abandoned too"`
	Messages   int       `json:"messages" doc:"A message was left"`
	OfAnswered float64   `json:"rate_of_answered" doc:"answered_in_15s ÷ answered; 0 when nobody was"`
	OfOffered  float64   `json:"rate_of_offered" doc:"answered_in_15s ÷ offered; 0 when nobody was"`
}

const (
	inTime       = 15 * time.Second // the service level's edge
	shortAbandon = 5 * time.Second  // domain.md §3: counted apart
	// countEvery is how often today is counted anew while somebody looks.
	countEvery = 5 * time.Second
	// readEvery is the same where tickets must be read for it.
	readEvery = 20 * time.Second
	// booksTime is how long the wall's figures may take to be read.
	booksTime = time.Second
	mostRead  = 1000 // tickets on one page
	mostPages = 50   // a day of ten times the busiest known
)

// Count adds a call's ticket to the counts.
func (t *Today) Count(k ticket.Ticket) {
	t.Calls++
	if !k.Chosen.IsZero() || !k.Joined.IsZero() {
		t.Offered++
	}
	switch {
	case !k.Joined.IsZero():
		t.Answered++
		if from := later(k.Chosen, k.Created); k.Joined.Sub(from) <= inTime {
			t.InTime++
		}
	case k.End == hotline.EndMessage:
		t.Messages++
	case k.EndedBy == hotline.SideCaller:
		t.Abandoned++
		if k.Ended.Sub(k.Created) < shortAbandon {
			t.Short++
		}
	}
}

// Rate works out the two rates from the counts.
func (t *Today) Rate() {
	t.OfAnswered, t.OfOffered = ratio(t.InTime, t.Answered), ratio(t.InTime, t.Offered)
}

func ratio(part, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(part) / float64(of)
}

func later(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

// counted is today as counted last.
type counted struct {
	busy sync.Mutex // held while counting

	mu    sync.Mutex
	today *Today
	asked time.Time
}

func (c *counted) last() (*Today, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.today, c.asked
}

func (c *counted) set(t *Today, asked time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.today, c.asked = t, asked
}

// countToday counts anew when it is time; while SQL is away the last counts
// stand, and as_of says of when they are.
func (s *Server) countToday(ctx context.Context) (*Today, error) {
	c := &s.counted
	c.busy.Lock()
	defer c.busy.Unlock()
	count, every := s.o.Today, countEvery
	if count == nil {
		count, every = s.readToday, readEvery
	}
	last, asked := c.last()
	now := s.o.Now()
	if last != nil && now.Sub(asked) < every {
		return last, nil
	}
	t, err := count(ctx, midnight(now))
	if err != nil {
		c.set(last, now)
		return last, err
	}
	t.AsOf = now.UTC()
	t.Rate()
	c.set(&t, now)
	return &t, nil
}

// readBooks brings what the wall shows from SQL up to date, and gives up after
// a second: a wall without it is better than none.
func (s *Server) readBooks(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, booksTime)
	defer cancel()
	_, err := s.countToday(ctx)
	if err = errors.Join(err, s.names.read(ctx, s.o.People, s.o.Now())); err != nil && !errors.Is(err, context.Canceled) {
		s.o.Log.WarnContext(ctx, "the wall shows old counts or names", "err", err)
	}
}

// keepBooks reads them while somebody looks.
func (s *Server) keepBooks(ctx context.Context) {
	for ctx.Err() == nil {
		if s.hub.count() > 0 {
			s.readBooks(ctx)
		}
		pauseFor(ctx, booksTime)
	}
}

// readToday counts by reading the day's tickets.
func (s *Server) readToday(ctx context.Context, since time.Time) (Today, error) {
	var t Today
	f := Filter{Limit: mostRead}
	for range mostPages {
		list, err := s.o.Books.ListTickets(ctx, f)
		if err != nil {
			return t, err
		}
		for _, k := range list {
			if k.Created.Before(since) {
				return t, nil
			}
			t.Count(k)
		}
		if len(list) < mostRead {
			return t, nil
		}
		f.Before = list[len(list)-1].Number
	}
	return t, nil
}

// midnight is when the city's day of now began.
func midnight(now time.Time) time.Time {
	y, m, d := now.In(ticket.Zone()).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, ticket.Zone())
}
