package store

import (
	"reflect"
	"testing"

	"hotline"
	"hotline/ticket"
)

func TestACallWrittenTwiceIsOneTicket(t *testing.T) {
	engines(t, func(t *testing.T, s *Store) {
		first := talk(0)
		if err := s.WriteOutcomes(t.Context(), []hotline.Outcome{first, talk(1), first}); err != nil {
			t.Fatal(err)
		}
		again := first
		again.End, again.Ticket = hotline.EndLost, talk(2).Ticket
		if err := s.WriteOutcomes(t.Context(), []hotline.Outcome{again, talk(1)}); err != nil {
			t.Fatal(err)
		}
		list, err := s.ListTickets(t.Context(), Filter{})
		if err != nil || len(list) != 2 {
			t.Fatalf("%d tickets, want 2 (%v)", len(list), err)
		}
		got, err := s.Ticket(t.Context(), first.Ticket[2:])
		if want := ticket.FromOutcome(first); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("read back (%v)\n%+v\nwant\n%+v", err, got, want)
		}
	})
}
