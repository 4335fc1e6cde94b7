package test

import (
	"strings"
	"testing"
	"time"

	"hotline/phone"
	"hotline/test/rig"
)

// lineSite is a hotline whose agent takes every call for a moment.
func lineSite(t *testing.T) *rig.Rig {
	r := rig.New(t, direct())
	r.Start()
	r.Agent("1001", "8001").OnInvite(meets(phone.Answer(0).Talk(50 * time.Millisecond)))
	return r
}

// Whatever the network says of who calls, the call is served, and its ticket
// keeps what is fit to be kept.
func TestCallerIDs(t *testing.T) {
	t.Parallel()
	r := lineSite(t)
	tickets := 0
	for _, who := range []struct {
		name string
		from phone.Identity
		is   string // the number on the ticket
	}{
		{"none", phone.Identity{}, ""},
		{"anonymous", phone.Identity{Anonymous: true}, ""},
		{"200 digits", phone.Identity{Number: strings.Repeat("7", 200)}, ""},
		{"200 characters of a name", phone.Identity{Number: "00056701", Name: strings.Repeat("n", 200)}, "00056701"},
		{"Chinese and quotes in the name", phone.Identity{Number: "00056702", Name: `市民 "8001" <sip:x>`}, "00056702"},
		{"words of the dialplan", phone.Identity{Number: "${SHELL(id)}&PJSIP/8001,|"}, ""},
		{"an extension", phone.Identity{Number: "8001"}, "8001"},
		{"with +86", phone.Identity{Number: "+8600056705"}, "+8600056705"},
	} {
		t.Run(who.name, func(t *testing.T) {
			r := r.With(t)
			call, err := r.Citizen("").Dial(t.Context(), "12345", phone.DialOptions{From: &who.from})
			must(t, err)
			select {
			case <-call.Done():
			case <-soon(t).Done():
				t.Fatal("the call does not end")
			}
			if e := call.Ending(); !e.Answered {
				t.Fatalf("not answered: %v", e)
			}
			tickets++
			k := r.Tickets(tickets)[0]
			if k.Caller.Number != who.is {
				t.Errorf("the ticket has the number %q; %q is right", k.Caller.Number, who.is)
			}
			if strings.ContainsAny(k.Caller.Raw, "\r\n\x00") || len([]rune(k.Caller.Raw)) > 64 {
				t.Errorf("the ticket keeps %q", k.Caller.Raw)
			}
			r.Clean()
		})
	}
}

// Headers injected through who calls: the call may be refused, or served as
// whatever is left of it; nothing of it gets into the books, and nothing stays.
func TestInjectedHeaders(t *testing.T) {
	t.Parallel()
	r := lineSite(t)
	for name, from := range map[string]phone.Identity{
		"number": {Number: "00056703>\r\nX-Evil: 1\r\nDiversion: <sip:96002@", Raw: true},
		"name":   {Number: "00056704", Name: "a\r\nDiversion: <sip:96002@x>\r\nX-Evil: b", Raw: true},
	} {
		p := r.Citizen("")
		call, err := p.Dial(t.Context(), "12345", phone.DialOptions{From: &from})
		must(t, err)
		select {
		case <-call.Done(): // refused, or it did not know its own call again
		case <-time.After(time.Second):
		}
		t.Logf("through the %s: %v", name, call.Ending())
		must(t, p.Close())
		r.Clean()
	}
	time.Sleep(200 * time.Millisecond)
	for _, k := range r.Written() {
		if strings.ContainsAny(k.Caller.Raw, "\r\n") || strings.Contains(k.Caller.Raw, "Evil") || k.Keyed != "" {
			t.Errorf("the books have %+v", k)
		}
	}
}

// A call with only codecs that we lack is refused by Asterisk with 488 and
// reaches neither the dialplan nor us: it leaves no ticket. The trunk counts it.
func TestCodecWeLack(t *testing.T) {
	t.Parallel()
	r := lineSite(t)
	p := r.Citizen("00056710", func(o *phone.Options) { o.Codecs = []string{"G729"} })
	call, err := p.Dial(t.Context(), "12345", phone.DialOptions{})
	must(t, err)
	select {
	case <-call.Done():
	case <-soon(t).Done():
		t.Fatal("the call does not end")
	}
	if e := call.Ending(); e.Answered || e.Code != 488 {
		t.Errorf("ended with %v; 488 is right", e)
	}
	r.Clean()
	time.Sleep(200 * time.Millisecond)
	r.Tickets(0)
}

// Two citizens' calls have one Call-ID (a telephone that restarts can do so).
// Each is a call of its own, or is refused; none is taken for the other, and
// each that was answered has one ticket.
func TestOneCallIDTwice(t *testing.T) {
	t.Parallel()
	r := lineSite(t)
	const id = "the-same@127.0.0.2"
	var calls []*phone.Call
	for _, number := range []string{"00056720", "00056721"} {
		call, err := r.Citizen(number).Dial(t.Context(), "12345", phone.DialOptions{CallID: id})
		must(t, err)
		calls = append(calls, call)
	}
	answered := 0
	for _, call := range calls {
		select {
		case <-call.Done():
		case <-soon(t).Done():
			t.Fatal("a call does not end")
		}
		if e := call.Ending(); e.Answered {
			answered++
		} else {
			t.Logf("refused: %v", e)
		}
	}
	if answered == 0 {
		t.Error("neither was answered")
	}
	seen := map[string]bool{}
	for _, k := range r.Tickets(answered) {
		if seen[k.Caller.Number] {
			t.Errorf("two tickets of %s", k.Caller.Number)
		}
		seen[k.Caller.Number] = true
	}
	r.Clean()
}
