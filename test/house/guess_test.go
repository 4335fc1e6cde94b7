package house

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotline/phone"
)

// A guesser tries passwords for 8001 as fast as he can. He gets a moment, and then
// nothing for as long as he is shut out, the right password included; the talk of
// that very telephone does not notice him, and the figures count him.
func TestAGuesserGetsNowhere(t *testing.T) {
	h := build(t, map[string]string{"guard.attempts": "10", "guard.within": "1m", "guard.for": "6s"})
	h.hire("1001", "8001", h.every()...)
	h.start()
	d := h.work("1001")
	d.OnInvite(meets(phone.Answer(0)))
	c := h.dial("00052001")
	h.press(c, "0")
	agent := h.ring(d)
	h.talk(c, agent)

	g := &guesser{TB: t, server: h.at.SIP, number: "8001"}
	began := time.Now()
	g.run(h.Context(), 500*time.Millisecond)
	seen := 0 // the log is kept short, so it is read soon
	h.until("what was looked at is counted", func() bool {
		seen = h.looked("8001")
		return seen == h.figure(`hotline_sip_refused_total{why="password"}`)
	})
	g.run(h.Context(), 4*time.Second)
	took := time.Since(began)
	evaluated := h.figure(`hotline_sip_refused_total{why="password"}`)
	refused := h.figure(`hotline_sip_refused_total{why="shut_out"}`)
	if seen != evaluated {
		t.Errorf("%d guesses were looked at in the first half second, %d later", seen, evaluated-seen)
	}
	t.Logf("%d guesses sent in %v, %d of them looked at, %d refused unseen", g.sent.Load(), took.Round(time.Millisecond), evaluated, refused)
	// He is noticed within 20 ms and the time that the log and one request take; a
	// busy machine makes a second of it at most.
	if rate := float64(evaluated) / took.Seconds(); evaluated < 10 || rate > 100 {
		t.Errorf("%d guesses were looked at: %.0f a second", evaluated, rate)
	}
	if refused == 0 || refused < evaluated {
		t.Errorf("%d guesses were refused unseen", refused)
	}
	if n := h.figure("hotline_sip_shut_out_addresses"); n != 1 {
		t.Errorf("%d addresses are shut out", n)
	}
	if h.figure("hotline_sip_shut_out_total") != 1 || !strings.Contains(h.log.String(), "guesses passwords and is shut out") {
		t.Error("nothing tells that he was shut out")
	}
	late := &guesser{TB: t, server: h.at.SIP, number: "8001", password: d.password}
	if late.once() == 200 {
		t.Error("an address that is shut out registers")
	}
	// The talk: no packet lost, and both hear each other still.
	for who, call := range map[string]*phone.Call{"citizen": c, "agent": agent} {
		if r := call.RTP(); r.Lost > 0 || r.Gap > 250*time.Millisecond {
			t.Errorf("the %s noticed it: %+v", who, r)
		}
	}
	h.talk(c, agent)
	h.until("he is let in again", func() bool { return h.figure("hotline_sip_shut_out_addresses") == 0 })
	if code := late.once(); code != 200 {
		t.Errorf("let in again, the right password is answered %d", code)
	}
	h.goodbye(c, agent)
}

// A telephone of ours with a slip in its settings, or another behind the same
// address, does not shut out those that are known there; and the trunk is never
// shut out.
func TestOurOwnAddressesAreSpared(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"guard.attempts": "3"})
	h.hire("1001", "8001", h.every()...)
	h.start()
	h.work("1001") // from 127.0.0.1
	for _, from := range []string{"127.0.0.1", "127.0.0.2"} {
		g := &guesser{TB: t, server: h.at.SIP, number: "8001", from: from}
		for range 8 {
			g.once()
		}
	}
	h.until("all are counted", func() bool { return h.figure(`hotline_sip_refused_total{why="password"}`) >= 8 })
	time.Sleep(200 * time.Millisecond)
	if n := h.figure("hotline_sip_shut_out_total"); n != 0 {
		t.Errorf("%d addresses were shut out", n)
	}
	h.hangUp(h.dial("00052002"))
}

// looked is how many passwords Asterisk held against the telephone's, by its log.
func (h *house) looked(number string) (n int) {
	h.Helper()
	for _, file := range []string{"security.log", "security.log.1"} {
		b, err := os.ReadFile(filepath.Join(h.at.Logs, file))
		if err != nil && !os.IsNotExist(err) {
			h.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			if strings.Contains(line, `"ChallengeResponseFailed"`) && strings.Contains(line, `AccountID="`+number+`"`) {
				n++
			}
		}
	}
	return n
}

// figure reads one figure of /metrics.
func (h *house) figure(name string) int {
	h.Helper()
	for line := range strings.Lines(h.api("", "GET", "/metrics", "")) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			h.must(err)
			return int(f)
		}
	}
	h.Fatalf("there is no figure %s", name)
	return 0
}

// guesser registers with wrong passwords, by hand, for no telephone is so quick.
type guesser struct {
	testing.TB
	server, number, from string
	password             string // the right one; "" guesses
	sent                 atomic.Int64
}

// run guesses from several sockets at once.
func (g *guesser) run(ctx context.Context, long time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			conn := g.dial()
			defer conn.Close()
			for ctx.Err() == nil {
				g.try(conn)
			}
		})
	}
	all.Wait()
}

// once tries one password and gives the answer.
func (g *guesser) once() int {
	conn := g.dial()
	defer conn.Close()
	return g.try(conn)
}

func (g *guesser) dial() net.Conn {
	from := g.from
	if from == "" {
		from = "127.0.0.9"
	}
	conn, err := (&net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(from)}}).Dial("udp", g.server)
	if err != nil {
		g.Fatal(err)
	}
	return conn
}

var nonceOf = regexp.MustCompile(`nonce="([^"]*)"`)

// try asks for a challenge and answers it.
func (g *guesser) try(conn net.Conn) int {
	_, challenge := g.ask(conn, "")
	nonce := nonceOf.FindStringSubmatch(challenge)
	if nonce == nil {
		return 0
	}
	password := g.password
	if password == "" {
		password = fmt.Sprint("guess", g.sent.Load())
	}
	code, _ := g.ask(conn, g.authorization(nonce[1], password))
	g.sent.Add(1)
	return code
}

func (g *guesser) authorization(nonce, password string) string {
	uri := "sip:" + g.server
	response := hexMD5(hexMD5(g.number+":hotline:"+password) + ":" + nonce + ":" + hexMD5("REGISTER:"+uri))
	return fmt.Sprintf("Authorization: Digest username=%q,realm=%q,nonce=%q,uri=%q,response=%q,algorithm=MD5\r\n", g.number, "hotline", nonce, uri, response)
}

func (g *guesser) ask(conn net.Conn, more string) (int, string) {
	id := fmt.Sprint(time.Now().UnixNano())
	fmt.Fprintf(conn, "REGISTER sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s;rport\r\nMax-Forwards: 70\r\nFrom: <sip:%s@%s>;tag=%s\r\nTo: <sip:%s@%s>\r\n"+
		"Call-ID: %s\r\nCSeq: 1 REGISTER\r\nContact: <sip:%s@%s>\r\nExpires: 60\r\n%sContent-Length: 0\r\n\r\n",
		g.server, conn.LocalAddr(), id, g.number, g.server, id, g.number, g.server, id, g.number, conn.LocalAddr(), more)
	_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	b := make([]byte, 4096)
	for {
		n, err := conn.Read(b)
		if err != nil {
			return 0, ""
		}
		if text := string(b[:n]); strings.HasPrefix(text, "SIP/2.0 ") && strings.Contains(text, id) {
			code, _ := strconv.Atoi(text[8:11])
			return code, text
		}
	}
}
