package test

import (
	"fmt"
	"testing"
	"time"

	"hotline"
	"hotline/app"
	"hotline/phone"
	"hotline/site"
	"hotline/test/rig"
	"hotline/ticket"
)

// serviceUnavailable is what a trunk is told for a caller who is not taken.
const serviceUnavailable = 503

// Three calls are as many as there may be. The fourth is told so in words before
// he is answered, and the trunk then gets 503; a fifth at the same time, when only
// one may hear the words, gets it at once. Those who were taken notice nothing, and
// when one of them leaves, the next caller is taken.
func TestAFullHotlineTellsCallersSo(t *testing.T) {
	r := rig.New(t, patient(), func(o *site.Options) { o.TellRefused = 1 })
	r.Limits = app.Limits{Calls: 3}
	r.Spawn()
	desk := r.Agent("1001", "8001")
	desk.OnInvite(meets(phone.Answer(0)))
	talks := dial(r, "00058000")
	talks.press("2")
	agent := next(t, desk)
	talk(t, talks.Call, agent)
	first := waiting(r, "00058001")
	second := refused(r, "00058002") // is taken, and the next one comes before the dialplan knows
	_, err := second.Wait(soon(t), phone.Answered)
	must(t, err)
	told := refused(r, "00058003")
	r.Saw("msg", "ALARM: new callers are refused")
	_, err = told.Wait(soon(t), phone.EarlyMedia)
	must(t, err)
	at := refused(r, "00058004")
	ends(t, at, 2*time.Second)
	if n := len(at.Heard().Samples); n > 0 {
		t.Errorf("the fifth caller heard %d samples", n)
	}
	ends(t, told, 20*time.Second)
	if n := len(told.Heard().Samples); n < 3*8000 {
		t.Errorf("the fourth caller heard only %d samples", n)
	}
	if k := r.TicketOf("00058003"); k.End != hotline.EndRefused || k.EndedBy != hotline.SideSystem {
		t.Errorf("the ticket of the fourth caller says %s by %s", k.End, k.EndedBy)
	}
	talks.up()
	hears(t, "the one who talks", lately(talks.Call), 400)
	first.up()
	must(t, second.Press(t.Context(), "2"))

	first.hangup()
	r.Saw("msg", "callers are taken again")
	again := waiting(r, "00058005")
	again.hangup()
	must(t, second.Hangup(soon(t)))
	talks.hangup()
	r.Tickets(5)
	if ts := r.Written(); count(ts, hotline.EndRefused) != 1 {
		t.Errorf("%d tickets of refused callers; the dialplan refused one by itself, which leaves none", count(ts, hotline.EndRefused))
	}
}

// Asterisk takes more than a second to do what it is told. New callers are refused
// until it is quick again; then they are taken.
func TestASlowAsteriskGetsNoMoreCalls(t *testing.T) {
	r := rig.New(t, patient())
	r.Limits = app.Limits{Answer: 200 * time.Millisecond}
	r.Spawn()
	waits := waiting(r, "00058100")
	time.Sleep(6 * time.Second) // what is measured while a controller takes up calls does not count
	for range 2 {
		r.Happened(r.At(rig.ToAsterisk("HOTLINE_ALIVE"), func() { time.Sleep(1500 * time.Millisecond) }))
	}
	r.Saw("msg", "ALARM: new callers are refused")
	ends(t, refused(r, "00058101"), 2*time.Second)
	r.Saw("msg", "callers are taken again")
	taken := waiting(r, "00058102")
	waits.up()
	waits.hangup()
	taken.hangup()
}

// The gate before Asterisk takes one call a second. Who comes at the same time is
// refused before Asterisk hears of him; the controller is told how many they are.
func TestTheGateSaysWhomItRefuses(t *testing.T) {
	t.Parallel()
	r := rig.New(t, patient(), func(o *site.Options) { o.Gate = site.Gate{Host: "127.0.0.4", Rate: 1} })
	r.Spawn()
	time.Sleep(1500 * time.Millisecond) // it has asked the gate
	waits := waiting(r, "00058200")
	var more []*phone.Call
	for i := range 6 {
		more = append(more, refused(r, fmt.Sprintf("0005821%d", i)))
	}
	r.Saw("msg", "ALARM: the gate refuses new callers")
	sent := 0
	for _, c := range more {
		if e := c.Ending(); e.Code == serviceUnavailable {
			sent++
			continue
		}
		_ = c.Hangup(soon(t)) // a second had passed
	}
	if sent < len(more)/2 {
		t.Errorf("of %d callers within a moment %d were refused", len(more), sent)
	}
	waits.up()
	waits.hangup()
}

// refused calls 12345.
func refused(r *rig.Rig, number string) *phone.Call {
	r.T.Helper()
	call, err := r.Citizen(number).Dial(r.T.Context(), "12345", phone.DialOptions{})
	must(r.T, err)
	return call
}

// ends waits until the call was refused.
func ends(t *testing.T, c *phone.Call, within time.Duration) {
	t.Helper()
	select {
	case <-c.Done():
	case <-time.After(within):
		t.Fatal("the call was not refused")
	}
	if e := c.Ending(); e.Answered || e.Code != serviceUnavailable {
		t.Errorf("the call ended with %+v", e)
	}
}

func count(ts []ticket.Ticket, end hotline.End) (n int) {
	for _, t := range ts {
		if t.End == end {
			n++
		}
	}
	return n
}
