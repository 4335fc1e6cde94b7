package rig

import (
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"hotline"
	"hotline/pbx/ari"
	"hotline/phone"
	"hotline/routing"
	"hotline/site"
	"hotline/store"
	"hotline/ticket"
	"hotline/voice"
)

// Tickets waits until n tickets are in SQL and gives them, newest first.
func (r *Rig) Tickets(n int) []ticket.Ticket {
	r.T.Helper()
	var ts []ticket.Ticket
	r.Within(5*time.Second, "the tickets are written", func() bool {
		ts = r.Written()
		return len(ts) >= n
	})
	if len(ts) != n {
		r.T.Fatalf("%d tickets, %d expected", len(ts), n)
	}
	return ts
}

// Written are the tickets that are in SQL now, newest first.
func (r *Rig) Written() []ticket.Ticket { return slices.Collect(r.Newest()) }

// Newest gives the tickets that are in SQL now, newest first; they are read as they
// are asked for.
func (r *Rig) Newest() iter.Seq[ticket.Ticket] {
	const page = 1000 // the store gives no more at once
	return func(yield func(ticket.Ticket) bool) {
		for f := (store.Filter{Limit: page}); ; {
			ts, err := r.Store.ListTickets(r.T.Context(), f)
			r.must(err)
			for _, k := range ts {
				if !yield(k) {
					return
				}
				f.Before = k.Number
			}
			if len(ts) < page {
				return
			}
		}
	}
}

// TicketOf waits for the one ticket of the citizen who calls from this number.
func (r *Rig) TicketOf(number string) ticket.Ticket {
	r.T.Helper()
	var ts []ticket.Ticket
	r.Within(5*time.Second, "the ticket of "+number+" is written", func() bool {
		ts = slices.DeleteFunc(r.Written(), func(t ticket.Ticket) bool { return t.Caller.Number != number })
		return len(ts) > 0
	})
	if len(ts) != 1 {
		r.T.Fatalf("%s has %d tickets; one is right", number, len(ts))
	}
	return ts[0]
}

// Clean waits until nothing of any call is left: no channel, no bridge, no
// place, no record, and every agent free.
func (r *Rig) Clean() {
	r.T.Helper()
	left := ""
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if left = r.left(); left == "" {
			return
		}
		if time.Now().After(end) {
			r.T.Fatalf("left behind: %s", left)
		}
	}
}

func (r *Rig) left() string {
	ctx := r.T.Context()
	asterisk := r.boot()
	defer asterisk.Close()
	var left []string
	channels, err := ari.Channels(ctx, asterisk)
	r.must(err)
	for _, c := range channels {
		left = append(left, fmt.Sprintf("channel %s (%s, %s, in %s %s)", c.ID, c.Name, c.State, c.Dialplan.App, c.Dialplan.AppData))
	}
	bridges, err := ari.Bridges(ctx, asterisk)
	r.must(err)
	for _, b := range bridges {
		left = append(left, "bridge "+b.ID)
	}
	board, err := r.Live.Load(ctx)
	r.must(err)
	for _, p := range board.Places {
		left = append(left, fmt.Sprintf("place %+v", p))
	}
	for _, a := range board.Agents {
		if a.State != routing.Free || a.Call != "" || a.Offer != 0 {
			left = append(left, fmt.Sprintf("agent %+v", a))
		}
	}
	keys, err := r.Live.Keys(ctx)
	r.must(err)
	for _, k := range keys {
		if !slices.Contains([]string{"agents", "board", "facts"}, k) && !strings.HasPrefix(k, "lease:") {
			left = append(left, "key "+k)
		}
	}
	return strings.Join(left, "; ")
}

// boot speaks to Asterisk beside the controllers, only to look.
func (r *Rig) boot() *ari.Client {
	at := r.Site.Addresses()
	password, err := at.BootPassword()
	r.must(err)
	c, err := ari.NewClient(ari.Config{URL: at.ARI, User: site.BootUser, Password: password})
	r.must(err)
	return c
}

// ChannelOf finds the call of a citizen by the number he calls from.
func (r *Rig) ChannelOf(number string) (hotline.CallID, bool) {
	asterisk := r.boot()
	defer asterisk.Close()
	channels, err := ari.Channels(r.T.Context(), asterisk)
	r.must(err)
	for _, c := range channels {
		if c.Caller.Number == number && strings.HasPrefix(c.Name, "PJSIP/trunk-") {
			return hotline.CallID(c.ID), true
		}
	}
	return "", false
}

// Prompts names what a telephone hears.
func (r *Rig) Prompts() *phone.Library { return r.prompts }

func promptsOf(sounds *voice.Library) (*phone.Library, error) {
	samples := map[string][]int16{}
	for _, s := range sounds.All() {
		b, err := os.ReadFile(s.Sound.Path + ".wav")
		if err != nil {
			return nil, err
		}
		if samples[s.Prompt.Key], err = phone.DecodeWAV(b); err != nil {
			return nil, err
		}
	}
	return phone.NewLibrary(samples), nil
}
