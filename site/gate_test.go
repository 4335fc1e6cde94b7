package site_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline/pbx/ari"
	"hotline/phone"
	"hotline/site"
	"hotline/site/sitetest"
)

const (
	gateHost = "127.0.0.4"
	stranger = "127.0.0.9"
)

// gated is a site with a gate that takes so many calls a second.
func gated(t *testing.T, rate int) *site.Site {
	t.Helper()
	return sitetest.Start(t, func(o *site.Options) { o.Gate = site.Gate{Host: gateHost, Rate: rate} })
}

// wireSide speaks SIP by hand, from an address.
type wireSide struct {
	*testing.T
	conn *net.UDPConn
	gate string
}

func speakTo(t *testing.T, gate, from string) *wireSide {
	t.Helper()
	to, err := net.ResolveUDPAddr("udp4", gate)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.ParseIP(from)}, to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &wireSide{t, conn, gate}
}

// request sends one; INVITE bears sound.
func (w *wireSide) request(method, call, to string) {
	w.Helper()
	at := w.conn.LocalAddr()
	body := ""
	if method == "INVITE" {
		host, _, _ := net.SplitHostPort(at.String())
		body = "v=0\r\no=- 1 1 IN IP4 " + host + "\r\ns=-\r\nc=IN IP4 " + host + "\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"
	}
	text := fmt.Sprintf("%s sip:12345@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\nFrom: <sip:00055501@%s>;tag=1\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: 1 %s\r\nContact: <sip:00055501@%s>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
		method, w.gate, at, call, at, to, call, method, at, len(body), body)
	if _, err := w.conn.Write([]byte(text)); err != nil {
		w.Fatal(err)
	}
}

// await gives the next answer with this status, or any that is final.
func (w *wireSide) await(call string, status int) (answer string) {
	w.Helper()
	b := make([]byte, 4096)
	for {
		_ = w.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, err := w.conn.Read(b)
		if err != nil {
			w.Fatalf("no answer %d to %s: %v", status, call, err)
		}
		answer = string(b[:n])
		var got int
		if _, err := fmt.Sscanf(answer, "SIP/2.0 %d", &got); err != nil || !strings.Contains(answer, "Call-ID: "+call+"\r\n") {
			continue
		}
		if got == status {
			return answer
		}
		if got >= 300 {
			w.Fatalf("%s is answered %q, not %d", call, answer, status)
		}
	}
}

// refused is a call that the gate, or Asterisk behind it, does not take.
func (w *wireSide) refused(call string) {
	w.Helper()
	w.request("INVITE", call, "<sip:12345@"+w.gate+">")
	answer := w.await(call, 503)
	if !strings.Contains(answer, "\r\nRetry-After: 10\r\n") {
		w.Errorf("nobody is told when to call again: %q", answer)
	}
	w.request("ACK", call, toOf.FindStringSubmatch(answer)[1])
}

var toOf = regexp.MustCompile(`\r\nTo: ([^\r]*)`)

// refuse has the dialplan take nobody until then; the zero time ends that.
func (c *controller) refuse(t *testing.T, until time.Time) {
	t.Helper()
	if err := c.Do(t.Context(), ari.SetGlobal("HOTLINE_REFUSE", strconv.FormatInt(max(until.Unix(), 0), 10))); err != nil {
		t.Fatal(err)
	}
}

// figure reads one of the gate's.
func figure(t *testing.T, s *site.Site, outcome string) (n int) {
	t.Helper()
	res, err := http.Get(s.Addresses().GateMetrics)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^hotline_gate_calls_total\s*{outcome="` + outcome + `"} (\d+)`).FindSubmatch(text)
	if m == nil {
		return 0
	}
	n, _ = strconv.Atoi(string(m[1]))
	return n
}

// One call a second is taken: a second one is told at once when to call again, and
// never reaches Asterisk. A caller who hangs up before he is answered, and a call
// that stands, pass.
func TestTheGateTakesSoManyASecond(t *testing.T) {
	s := gated(t, 1)
	ctl := control(t, s)
	trunk := speakTo(t, s.Addresses().Gate, citizenAddress)
	trunk.request("INVITE", "one", "<sip:12345@gate>")
	trunk.await("one", 100)
	ctl.await(t, ari.StasisStart)
	ctl.forget()
	trunk.refused("two")
	trunk.refused("three")
	trunk.request("CANCEL", "one", "<sip:12345@gate>")
	trunk.request("ACK", "one", toOf.FindStringSubmatch(trunk.await("one", 487))[1])
	if e := ctl.first(ari.StasisStart); e != nil {
		t.Errorf("a refused call came to Asterisk: %v", e.Channel)
	}

	time.Sleep(time.Second)
	next := citizen(t, s, "12345", phone.DialOptions{})
	e := ctl.await(t, ari.StasisStart)
	if err := ctl.Do(t.Context(), ari.Answer(e.Channel.ID)); err != nil {
		t.Fatal(err)
	}
	if _, err := next.Wait(soon(t), phone.Answered); err != nil {
		t.Error(err)
	}

	if e := next.Ending(); e.By != phone.Nobody {
		t.Errorf("the call that was taken ended: %+v", e)
	}
	if taken, rate := figure(t, s, "taken"), figure(t, s, "rate"); taken < 2 || rate < 2 {
		t.Errorf("the gate has counted %d taken and %d refused", taken, rate)
	}
}

// Whoever is not the trunk hears nothing, whatever he sends; nor does the gate send
// anything elsewhere for him.
func TestTheGateAnswersNoStranger(t *testing.T) {
	s := gated(t, 0)
	gate := s.Addresses().Gate
	other, victim := speakTo(t, gate, stranger), speakTo(t, gate, stranger)
	at := victim.conn.LocalAddr()
	for _, text := range []string{
		"GET /metrics HTTP/1.1\r\nHost: gate\r\n\r\n",
		fmt.Sprintf("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK2\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: forged\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n", gate, at),
		"nonsense\r\n\r\n",
	} {
		if _, err := other.conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, method := range []string{"INVITE", "OPTIONS", "REGISTER", "CANCEL", "BYE"} {
		other.request(method, "strange"+method, "<sip:12345@gate>")
	}
	for _, w := range []*wireSide{other, victim} {
		b := make([]byte, 4096)
		_ = w.conn.SetReadDeadline(time.Now().Add(time.Second))
		if n, err := w.conn.Read(b); err == nil {
			t.Errorf("a stranger hears %q", b[:n])
		}
	}
	if log, err := os.ReadFile(filepath.Join(s.Addresses().Dir, "kamailio/kamailio.log")); err != nil || bytes.Contains(log, []byte("nonsense")) {
		t.Errorf("what strangers send is in the log: %s, %v", log, err)
	}
	trunk := speakTo(t, gate, citizenAddress)
	trunk.request("INVITE", "ours", "<sip:12345@gate>")
	trunk.await("ours", 100)
}

// Who was told in words was refused long ago: when he gets his 503 the door may be open
// again, and the gate stays so.
func TestTheGateForgetsWhoWasTold(t *testing.T) {
	s := sitetest.Start(t, func(o *site.Options) { o.Gate, o.TellRefused = site.Gate{Host: gateHost}, 1 })
	ctl := control(t, s)
	trunk := speakTo(t, s.Addresses().Gate, citizenAddress)
	ctl.refuse(t, time.Now().Add(time.Minute))
	trunk.request("INVITE", "told", "<sip:12345@gate>")
	trunk.await("told", 183)
	ctl.refuse(t, time.Time{})
	if answer := trunk.await("told", 503); !strings.Contains(answer, "\r\nRetry-After: 10\r\n") {
		t.Errorf("he is not told when to call again: %q", answer)
	}
	trunk.request("INVITE", "next", "<sip:12345@gate>")
	trunk.await("next", 100)
	if n := figure(t, s, "asterisk"); n != 0 {
		t.Errorf("the gate refused %d", n)
	}
}

// Once Asterisk refuses, the gate does so itself for a moment, and then asks again.
func TestTheGateRefusesAfterAsterisk(t *testing.T) {
	s := gated(t, 0)
	ctl := control(t, s)
	trunk := speakTo(t, s.Addresses().Gate, citizenAddress)
	ctl.refuse(t, time.Now().Add(time.Minute))
	for i := range 5 {
		trunk.refused(fmt.Sprint("full", i))
	}
	if own, taken := figure(t, s, "asterisk"), figure(t, s, "taken"); own == 0 || taken == 0 || own+taken != 5 {
		t.Errorf("of five calls %d were refused by the gate, and %d came to Asterisk", own, taken)
	}
	ctl.refuse(t, time.Time{})
	time.Sleep(300 * time.Millisecond)
	trunk.request("INVITE", "again", "<sip:12345@gate>")
	trunk.await("again", 100)
	ctl.await(t, ari.StasisStart)
}

// The gate is killed while a call stands and another one arrives: the one goes on
// and ends as its caller wants, the other is taken by the next gate.
func TestTheGateDies(t *testing.T) {
	s := gated(t, 0)
	ctl := control(t, s)
	stands := citizen(t, s, "12345", phone.DialOptions{})
	e := ctl.await(t, ari.StasisStart)
	if err := ctl.Do(t.Context(), ari.Answer(e.Channel.ID)); err != nil {
		t.Fatal(err)
	}
	if _, err := stands.Wait(soon(t), phone.Answered); err != nil {
		t.Fatal(err)
	}
	ctl.forget()
	s.KillGate()
	arrives := citizen(t, s, "12345", phone.DialOptions{})
	ctl.await(t, ari.StasisStart)
	if end := arrives.Ending(); end.By != phone.Nobody {
		t.Errorf("the caller who arrived was sent away: %+v", end)
	}
	if err := stands.Hangup(soon(t)); err != nil {
		t.Errorf("the call that stood cannot be ended: %v", err)
	}
	ctl.await(t, ari.StasisEnd)
}

// gateProcesses lists what runs with a site's gate configuration: Kamailio has
// several processes.
func gateProcesses(dir string) (pids []int) {
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range all {
		if line, err := os.ReadFile(f); err == nil && bytes.Contains(line, []byte(filepath.Join(dir, "kamailio/kamailio.cfg"))) {
			if pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(f))); !gone(pid) {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}
