package house

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline"
	"hotline/city"
	"hotline/phone"
	"hotline/routing"
	"hotline/ticket"
)

// atOnce is how many citizens call at the same time.
const atOnce = 13

// Each of the 26 hotlines is reached by its keys, and by the internal extension
// that its old number leads to; a person answers, and the ticket is keyed to it
// and says how.
func TestTheTwentySix(t *testing.T) {
	h := build(t, nil)
	c, err := h.load()
	h.must(err)
	if len(c.Hotlines) != 26 {
		t.Fatalf("there are %d hotlines", len(c.Hotlines))
	}
	for i := range atOnce {
		h.hire(hotline.AgentID(fmt.Sprint(1001+i)), hotline.PhoneID(fmt.Sprint(8001+i)), c.Skills()...)
	}
	h.start()
	for id, d := range h.desks {
		h.plug(d)
		d.OnInvite(meets(phone.Answer(0).Talk(time.Second)))
		h.code(d, "*"+string(id)+"#"+pin, "desk.in")
	}
	began := time.Now()
	h.together(waysOf(c))
	t.Logf("52 calls took %v", time.Since(began).Round(time.Millisecond))
	for _, w := range waysOf(c) {
		t.Run(string(w.hotline)+" by "+string(w.keyed), func(t *testing.T) { w.check(h.within(t)) })
	}
	h.until("every agent is free again", func() bool {
		return !slices.ContainsFunc(h.board().Agents, func(a routing.Agent) bool { return a.State != routing.Free })
	})
	if n := len(h.tickets()); n != 52 {
		t.Errorf("52 calls, %d tickets", n)
	}
}

// way is one way to one hotline.
type way struct {
	hotline hotline.HotlineKey
	queue   hotline.QueueKey
	keyed   hotline.Keyed
	number  string // who calls
	dialled string
	keys    string // in the menus, one each
}

// waysOf lists both ways to each hotline.
func waysOf(c *city.City) (ways []way) {
	for _, g := range c.Groups {
		for _, m := range g.Hotlines {
			line, _ := c.Hotline(m.Hotline)
			ways = append(ways,
				way{m.Hotline, g.Key, hotline.KeyedKey, fmt.Sprintf("0006%04d", line.Order), "12345", g.Digit + m.Digit},
				way{m.Hotline, g.Key, hotline.KeyedOldNumber, fmt.Sprintf("0007%04d", line.Order), line.Extension, ""})
		}
	}
	return ways
}

// together makes the calls, so many at once.
func (h *house) together(ways []way) {
	free := make(chan bool, atOnce)
	var all sync.WaitGroup
	for _, w := range ways {
		free <- true
		all.Go(func() {
			defer func() { <-free }()
			if err := w.call(h); err != nil {
				h.Errorf("%s by %s: %v", w.hotline, w.keyed, err)
			}
		})
	}
	all.Wait()
}

func (w way) call(h *house) error {
	p, err := phone.Open(phone.Options{Server: h.at.SIP, Bind: "127.0.0.2", Number: w.number, Hear: -1})
	if err != nil {
		return err
	}
	defer p.Close()
	call, err := p.Dial(h.Context(), w.dialled, phone.DialOptions{})
	if err != nil {
		return err
	}
	if _, err := call.Wait(h.soon(), phone.Answered); err != nil {
		return err
	}
	if err := call.Press(h.Context(), w.keys); err != nil {
		return err
	}
	select {
	case <-call.Done():
	case <-time.After(30 * time.Second):
		return fmt.Errorf("it did not end")
	}
	if e := call.Ending(); e.By != phone.Them {
		return fmt.Errorf("it ended: %v", e)
	}
	return nil
}

func (w way) check(h *house) {
	k := h.ticket(w.number)
	if k.Hotline != w.hotline || k.Keyed != w.keyed || k.Queue != w.queue || k.Dialled != w.dialled {
		h.Errorf("the ticket says hotline %s keyed %q in queue %s, dialled %s", k.Hotline, k.Keyed, k.Queue, k.Dialled)
	}
	if k.End != hotline.EndAnswered || k.EndedBy != hotline.SideAgent || k.State != ticket.Draft || k.Agent == "" || k.Phone == "" {
		h.Errorf("the ticket says %s by %s, state %s, agent %q at %q", k.End, k.EndedBy, k.State, k.Agent, k.Phone)
	}
	if keys := keysOf(k); keys != w.keys {
		h.Errorf("the path holds the keys %q of %q: %v", keys, w.keys, k.Path)
	}
	inOrder := slices.IsSortedFunc(k.Path, func(a, b hotline.Visit) int { return a.At.Compare(b.At) })
	if !inOrder || k.Path[0].At.Before(k.Created) || k.Chosen.Before(k.Created) || k.Rang.Before(k.Chosen) || k.Joined.Before(k.Rang) || k.TalkEnded.Before(k.Joined) || k.Ended.Before(k.TalkEnded) {
		h.Errorf("the times are out of order: %+v", k)
	}
	steps := stepsOf(k)
	want := "greeting main queue talk goodbye end"
	switch {
	case w.keyed == hotline.KeyedOldNumber:
		want = "greeting_old queue talk goodbye end"
	case len(w.keys) == 2:
		want = "greeting main main." + string(w.queue) + " queue talk goodbye end"
	}
	if steps != want {
		h.Errorf("the path is %s; %s is right", steps, want)
	}
	if number, err := ticket.ParseNumber(string(k.Number)); err != nil || number != k.Number {
		h.Errorf("the number %s: %v", k.Number, err)
	}
}

func keysOf(k ticket.Ticket) (keys string) {
	for _, v := range k.Path {
		keys += v.Keys
	}
	return keys
}

func stepsOf(k ticket.Ticket) string {
	var steps []string
	for _, v := range k.Path {
		steps = append(steps, v.Step)
	}
	return strings.Join(steps, " ")
}

// The network tells through which old number a call came in several places; it
// is believed, a telephone of ours is not.
func TestOldNumberInHeaders(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.hire("1001", "8001", h.every()...)
	other := h.install("8009")
	h.start()
	h.plug(other)
	desk := h.work("1001")
	desk.OnInvite(meets(phone.Answer(0).Talk(700 * time.Millisecond)))
	for i, story := range []struct {
		header phone.Header
		want   hotline.HotlineKey
	}{
		{phone.Header{Name: "Diversion", Value: "<sip:8103@example.invalid>;reason=unconditional;counter=1"}, "ludeng"},
		{phone.Header{Name: "Diversion", Value: "\"8101\" <sip:+8605508110@example.invalid>;reason=unconditional"}, "gongjiao"},
		{phone.Header{Name: "History-Info", Value: "<sip:8106@example.invalid?Reason=SIP%3Bcause%3D302>;index=1, <sip:12345@example.invalid>;index=1.1"}, "langyashan"},
		{phone.Header{Name: "History-Info", Value: "<tel:05508117>;index=1"}, "minzheng"},
	} {
		t.Run("by "+story.header.Name+": "+string(story.want), func(t *testing.T) {
			h := h.within(t)
			number := fmt.Sprintf("00081%03d", i)
			h.finished(h.dialTo(number, "12345", story.header))
			k := h.ticket(number)
			if k.Hotline != story.want || k.Keyed != hotline.KeyedOldNumber || stepsOf(k) != "greeting_old queue talk goodbye end" {
				t.Errorf("the ticket says %s keyed %q, path %s", k.Hotline, k.Keyed, stepsOf(k))
			}
		})
	}
	t.Run("by To", func(t *testing.T) {
		h := h.within(t)
		h.dialByTo("00081900", "8113")
		if k := h.ticket("00081900"); k.Hotline != "jiaoyu" || k.Keyed != hotline.KeyedOldNumber || k.Dialled != "12345" {
			t.Errorf("the ticket says %s keyed %q, dialled %s", k.Hotline, k.Keyed, k.Dialled)
		}
	})
	t.Run("a telephone of ours is not believed", func(t *testing.T) {
		h := h.within(t)
		c, err := other.Dial(t.Context(), "12345", phone.DialOptions{Headers: []phone.Header{
			{Name: "Diversion", Value: "<sip:8103@example.invalid>;reason=unconditional"},
			{Name: "History-Info", Value: "<sip:8103@example.invalid>;index=1"},
		}})
		h.must(err)
		h.hears(c, "menu.person", 0)
		h.must(c.Press(t.Context(), "0"))
		h.finished(c)
		if k := h.ticket("8009"); k.Hotline != "" || k.Keyed != hotline.KeyedNone || k.Queue != city.General {
			t.Errorf("the ticket says %s keyed %q in %s", k.Hotline, k.Keyed, k.Queue)
		}
	})
	t.Run("a citizen who dials a number in the menu is keyed by it, not by an unknown header", func(t *testing.T) {
		h := h.within(t)
		c := h.dialTo("00081910", "12345", phone.Header{Name: "Diversion", Value: "<sip:00055599@example.invalid>"})
		h.must(c.Press(t.Context(), "22"))
		h.finished(c)
		if k := h.ticket("00081910"); k.Hotline != "ludeng" || k.Keyed != hotline.KeyedKey {
			t.Errorf("the ticket says %s keyed %q", k.Hotline, k.Keyed)
		}
	})
}

// dialByTo calls 12345 with another number in To, as a network does that
// forwarded the call, and stays until it is ended. Our telephone always writes
// the number it dials, so this one is written by hand.
func (h *house) dialByTo(from, to string) {
	h.Helper()
	server, err := net.ResolveUDPAddr("udp", h.at.SIP)
	h.must(err)
	conn, err := net.DialUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)}, server)
	h.must(err)
	defer conn.Close()
	h.must(conn.SetDeadline(time.Now().Add(20 * time.Second)))
	own := conn.LocalAddr().String()
	head := func(method string, to string, seq int, body string) string {
		return fmt.Sprintf("%s sip:12345@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%d;rport\r\nMax-Forwards: 70\r\nFrom: <sip:%s@%s>;tag=1\r\n"+
			"To: %s\r\nCall-ID: %s@%s\r\nCSeq: %d %s\r\nContact: <sip:%s@%s>\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
			method, h.at.SIP, own, strings.ToLower(method), seq, from, own, to, from, own, seq, method, from, own, len(body), body)
	}
	sdp := "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio " + strings.Split(own, ":")[1] + " RTP/AVP 8\r\n"
	_, err = conn.Write([]byte(head("INVITE", "<sip:"+to+"@example.invalid>", 1, sdp)))
	h.must(err)
	buf := make([]byte, 65536)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			h.Fatalf("the call with %s in To did not end: %v", to, err)
		}
		text := string(buf[:n])
		switch {
		case strings.HasPrefix(text, "SIP/2.0 200") && strings.Contains(text, "1 INVITE"):
			_, err = conn.Write([]byte(head("ACK", headerOf(text, "To"), 1, "")))
			h.must(err)
		case strings.HasPrefix(text, "INVITE "): // who answered is shown to him
			_, err = conn.Write([]byte(agreed(text, "Contact: <sip:"+own+">\r\nContent-Type: application/sdp\r\n", sdp)))
			h.must(err)
		case strings.HasPrefix(text, "BYE "):
			_, err = conn.Write([]byte(agreed(text, "", "")))
			h.must(err)
			return
		case strings.HasPrefix(text, "SIP/2.0 4"), strings.HasPrefix(text, "SIP/2.0 5"):
			h.Fatalf("refused: %s", text)
		}
	}
}

// agreed is 200 OK to a request.
func agreed(request, headers, body string) string {
	answer := "SIP/2.0 200 OK\r\n"
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
		answer += name + ": " + headerOf(request, name) + "\r\n"
	}
	return answer + headers + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

func headerOf(message, name string) string {
	for line := range strings.SplitSeq(message, "\r\n") {
		if rest, ok := strings.CutPrefix(line, name+": "); ok {
			return rest
		}
	}
	return ""
}
