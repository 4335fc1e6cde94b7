package house

import (
	"context"
	"fmt"
	"testing"
	"time"

	"hotline/phone"
)

// Who is offered to whom: only who can what the caller needs; one caller to an
// agent; who has priority overtakes those who have not waited so much longer.
func TestWhoIsOffered(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"routing.ageing": "2s", "budgets.levels": "3"})
	h.edit("flows/menu.yaml", "  queue:\n    do: queue\n", `  care:
    do: menu
    wait: 1s
    silence: queue
    choices:
      - {key: "0", say: menu.person, next: queue}
      - {key: "7", next: queue, priority: 2}

  queue:
    do: queue
`)
	h.edit("flows/menu.yaml", "    person: queue\n", "    person: care\n")
	h.hire("1001", "8001", "city")
	h.hire("1002", "8002", "water", "city")
	h.start()
	one, two := h.work("1001"), h.work("1002")
	one.OnInvite(meets(phone.Answer(0)))
	two.OnInvite(meets(phone.Answer(0)))
	t.Run("only an agent who has the skill", func(t *testing.T) {
		h := h.within(t)
		h.longestIdle(one, two) // it would be his turn
		c := h.dial("00031001")
		h.press(c, "1") // water
		agent := h.ring(two)
		h.talk(c, agent)
		h.quiet(one, 300*time.Millisecond)
		second := h.dial("00031002")
		h.press(second, "1")
		h.waiting(1)
		third := h.dial("00031003") // does not stand behind the one whom nobody can serve
		h.press(third, "22")
		other := h.ring(one)
		h.talk(third, other)
		h.goodbye(third, other)
		h.quiet(one, 300*time.Millisecond)
		h.goodbye(c, agent)
		agent = h.ring(two)
		h.talk(second, agent)
		h.goodbye(second, agent)
	})
	t.Run("one caller to an agent, one agent to a caller", func(t *testing.T) {
		h := h.within(t)
		for _, d := range []*desk{one, two} {
			d.OnInvite(func(*phone.Call) phone.Policy {
				if n := d.Calls(); n > 1 {
					t.Errorf("phone %s has %d calls at once", d.id, n)
				}
				return phone.Answer(100 * time.Millisecond).Talk(300 * time.Millisecond)
			})
		}
		var calls []*phone.Call
		for i := range 8 {
			c, err := h.citizen(fmt.Sprintf("0003200%d", i)).Dial(t.Context(), "8101", phone.DialOptions{})
			h.must(err)
			calls = append(calls, c)
		}
		offers := 0
		for i, c := range calls {
			h.finished(c)
			offers += h.ticket(fmt.Sprintf("0003200%d", i)).Offers
		}
		rung := 0
		for _, d := range []*desk{one, two} {
			for range calls {
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				if _, err := d.NextCall(ctx); err == nil {
					rung++
				}
				cancel()
			}
		}
		if rung != offers {
			t.Errorf("the tickets count %d offers, the phones rang %d times", offers, rung)
		}
		one.OnInvite(meets(phone.Answer(0)))
		two.OnInvite(meets(phone.Answer(0)))
	})
	t.Run("priority overtakes, and ages", func(t *testing.T) {
		h := h.within(t)
		h.code(two, "*0", "desk.out")
		busy := h.dial("00033000")
		h.press(busy, "22")
		agent := h.ring(one)
		h.talk(busy, agent)
		waits := func(number, keys string, hz float64, n int) *phone.Call {
			c := h.dial(number)
			h.press(c, keys)
			h.waiting(n)
			c.Tone(hz)
			return c
		}
		long := waits("00033001", "22", 610, 1) // who has waited for more than two levels are worth
		time.Sleep(4500 * time.Millisecond)
		late := waits("00033002", "22", 710, 2)
		prior := waits("00033003", "07", 810, 3)
		h.must(agent.Hangup(h.soon()))
		h.finished(busy)
		for i, hz := range []float64{610, 810, 710} {
			agent = h.ring(one)
			if _, err := agent.HearTone(h.soon(), hz); err != nil {
				t.Fatalf("number %d is another: %v", i+1, err)
			}
			h.must(agent.Hangup(h.soon()))
		}
		for _, c := range []*phone.Call{long, late, prior} {
			h.finished(c)
		}
	})
}
