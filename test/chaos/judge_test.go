package chaos

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// at is a moment of a made-up run.
func at(seconds float64) time.Time {
	return time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC).Add(time.Duration(seconds * float64(time.Second)))
}

// good is a run in which nothing goes wrong: two wait, agent 1001 takes the first,
// who hangs up, and then the second, whom he leaves.
func good() Seen {
	one := Caller{Number: "00000000001", Asked: at(1), Queued: at(1.5), Menus: []time.Time{at(0.5)}, Hung: at(10), Ended: at(10.1), Heard: map[int]Span{0: {First: at(3), Last: at(10)}}}
	two := Caller{Number: "00000000002", Asked: at(2), Queued: at(2.5), Menus: []time.Time{at(0.7), at(1.9)}, Ended: at(20.3), ByThem: true, Heard: map[int]Span{1: {First: at(11), Last: at(20)}}}
	gone := Caller{Number: "00000000003", Asked: at(3), Queued: at(3.5), Hung: at(6), Ended: at(6.1)}
	return Seen{
		Callers: []Caller{one, two, gone},
		Legs: []Leg{
			{Agent: "1001", Invited: at(2.6), Answered: at(2.9), Ended: at(10.2), ByThem: true, Heard: map[int]Span{0: {First: at(3), Last: at(10)}}},
			{Agent: "1001", Invited: at(10.4), Answered: at(10.9), Hung: at(20), Ended: at(20.1), Heard: map[int]Span{1: {First: at(11), Last: at(20)}}},
		},
		Tickets: []Ticket{
			{Number: "CZ1", Call: "a1-1", Caller: one.Number, Agent: "1001", Answered: true},
			{Number: "CZ2", Call: "a1-2", Caller: two.Number, Agent: "1001", Answered: true},
			{Number: "CZ3", Call: "a1-3", Caller: gone.Number},
		},
	}
}

// Each kind of violation, made up, is caught, and nothing else is.
func TestTheJudge(t *testing.T) {
	for _, story := range []struct {
		name  string
		spoil func(*Seen)
		found string // which count is 1
	}{
		{"nothing goes wrong", func(*Seen) {}, ""},
		{"a talk ends that nobody ended", func(s *Seen) { s.Callers[0].Hung, s.Callers[0].ByThem = time.Time{}, true }, "dropped"},
		{"the agent hears BYE, the caller hangs up later", func(s *Seen) { s.Legs[0].Ended = at(7); s.Callers[0].Hung = at(9) }, "dropped"},
		{"the caller hears BYE, the agent hangs up later", func(s *Seen) { s.Callers[1].Ended = at(15) }, "dropped"},
		{"the agent is not heard any more", func(s *Seen) { s.Callers[0].Heard[0] = Span{First: at(3), Last: at(5)} }, "dropped"},
		{"the agent never hears the caller", func(s *Seen) { s.Legs[0].Heard = nil }, "dropped"},
		{"the two do not hear each other for a while", func(s *Seen) {
			s.Legs[1].Heard[1] = Span{First: at(11), Last: at(20), Pause: 5 * time.Second}
		}, "dropped"},
		{"a short pause is none", func(s *Seen) {
			s.Legs[1].Heard[1] = Span{First: at(11), Last: at(20), Pause: 200 * time.Millisecond}
		}, ""},
		{"one who waits hears BYE", func(s *Seen) { s.Callers[2].Hung, s.Callers[2].ByThem = time.Time{}, true }, "place"},
		{"one who waits hears the menu again", func(s *Seen) { s.Callers[2].Menus = []time.Time{at(0.9), at(5)} }, "place"},
		{"one in the menu hears it again: that is promised", func(s *Seen) { s.Callers[2].Menus = []time.Time{at(0.9), at(3.2)} }, ""},
		{"one cannot call at all", func(s *Seen) {
			s.Callers[2] = Caller{Number: s.Callers[2].Number, Err: "503"}
			s.Tickets = s.Tickets[:2]
		}, "place"},
		{"one hangs up, and is not answered in time", func(s *Seen) { s.Callers[2].Err = "no answer to our BYE" }, ""},
		{"a later caller is served first", func(s *Seen) {
			s.Callers[0].Heard, s.Callers[1].Heard = map[int]Span{1: {First: at(11), Last: at(19.9)}}, map[int]Span{0: {First: at(3), Last: at(10)}}
			s.Callers[0].Hung, s.Callers[1].Ended = at(20), at(10.4)
			s.Legs[0] = Leg{Agent: "1001", Invited: at(2.6), Answered: at(2.9), Hung: at(10), Ended: at(10.1), Heard: map[int]Span{1: {First: at(3), Last: at(10)}}}
			s.Legs[1] = Leg{Agent: "1001", Invited: at(10.4), Answered: at(10.9), Ended: at(20.1), ByThem: true, Heard: map[int]Span{0: {First: at(11), Last: at(19.9)}}}
		}, "order"},
		{"a later caller's telephone rings first, as the hotline itself says", func(s *Seen) {
			s.Legs = append(s.Legs, Leg{Agent: "1002", Invited: at(5), Ended: at(6.1), ByThem: true})
			s.Offers = []Offer{{Agent: "1002", Call: "a1-3", ID: 9, At: at(4.9)}}
		}, "order"},
		{"two who asked at once may be served in either order", func(s *Seen) {
			s.Callers[2].Asked = at(2.4)
			s.Legs = append(s.Legs, Leg{Agent: "1002", Invited: at(5), Ended: at(6.1), ByThem: true})
			s.Offers = []Offer{{Agent: "1002", Call: "a1-3", ID: 9, At: at(4.9)}}
		}, ""},
		{"an agent is called twice at once", func(s *Seen) { s.Legs[1].Invited = at(9.5) }, "double"},
		{"two telephones ring for one caller", func(s *Seen) {
			s.Legs = append(s.Legs, Leg{Agent: "1002", Invited: at(10.6), Ended: at(11.5), ByThem: true})
			s.Offers = []Offer{{Agent: "1002", Call: "a1-2", ID: 9, At: at(10.55)}}
		}, "double"},
		{"a telephone rings after the one before was given up", func(s *Seen) {
			s.Legs = append(s.Legs, Leg{Agent: "1002", Invited: at(9), Ended: at(10.3), ByThem: true})
			s.Offers = []Offer{{Agent: "1002", Call: "a1-2", ID: 9, At: at(8.9)}}
		}, ""},
		{"a call has no ticket", func(s *Seen) { s.Tickets = s.Tickets[:2] }, "missing"},
		{"a call has two tickets", func(s *Seen) {
			s.Tickets = append(s.Tickets, Ticket{Number: "CZ4", Call: "a1-9", Caller: "00000000003"})
		}, "twice"},
		{"there is a ticket of nobody", func(s *Seen) { s.Tickets = append(s.Tickets, Ticket{Number: "CZ4", Caller: "00000000099"}) }, "twice"},
		{"a ticket names another agent", func(s *Seen) { s.Tickets[0].Agent = "1002" }, "wrong"},
		{"a ticket tells of a talk after the hang-up", func(s *Seen) {
			s.Tickets[2].Answered, s.Tickets[2].Joined = true, s.Callers[2].Hung.Add(5*time.Second)
		}, "wrong"},
		{"a ticket knows of no talk", func(s *Seen) { s.Tickets[0].Answered = false }, "wrong"},
	} {
		t.Run(story.name, func(t *testing.T) {
			s := good()
			story.spoil(&s)
			v := Judge(s)
			for what, n := range map[string]int{
				"dropped": v.DroppedTalks, "place": v.LostPlaces, "order": v.OrderViolations, "double": v.DoubleOffers,
				"missing": v.TicketsMissing, "twice": v.TicketsDouble, "wrong": v.TicketsWrong,
			} {
				want := 0
				if what == story.found {
					want = 1
				}
				if n != want {
					t.Errorf("%s: %d, not %d (%s)", what, n, want, strings.Join(v.Faults, "; "))
				}
			}
			if v.Clean() != (story.found == "") {
				t.Errorf("clean: %t", v.Clean())
			}
		})
	}
}

// Marked sound is read from any place in it, sample by sample and from a packet.
func TestMarkedSound(t *testing.T) {
	sound := marks(4711, 3)
	var r reader
	var said []string
	for _, s := range sound[100:] {
		if id, ok := r.sample(s > 0); ok {
			said = append(said, fmt.Sprint(id))
		}
	}
	if got := strings.Join(said, " "); got != "4711 4711" {
		t.Errorf("heard %q from the middle of three frames", got)
	}
	packet := make([]byte, frameLength)
	for i, s := range sound[:frameLength] {
		if s > 0 {
			packet[i] = 0x80
		}
	}
	if id, ok := markOf(packet); !ok || id != 4711 {
		t.Errorf("the packet says %d, %t", id, ok)
	}
	if _, ok := markOf(packet[1:]); ok {
		t.Error("another packet says something too")
	}
}
