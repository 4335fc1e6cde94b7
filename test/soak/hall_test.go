package soak

import (
	"bytes"
	"embed"
	"encoding/csv"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	asteriskconfig "hotline/asterisk-config"

	"hotline"
	"hotline/app"
	"hotline/ivr"
	"hotline/phone"
	"hotline/site"
	"hotline/test/rig"
	"hotline/test/wire"
)

//go:embed scenarios/*.xml
var scenarios embed.FS

func TestMain(m *testing.M) {
	phone.Quiet()
	os.Exit(rig.Main(m, short()))
}

// short is the shortest way to a person.
func short() *ivr.Flow {
	return &ivr.Flow{
		Name: "short", Hash: "short", Begin: "queue", Keyed: "queue", Sorry: "sorry",
		Places: map[hotline.HotlineKey]ivr.Place{"": {Queue: "general"}},
		Steps: map[string]ivr.Step{
			"queue": ivr.QueueStep{Say: []string{"greeting"}, Answered: "talk"},
			"talk":  ivr.TalkStep{Next: "end", Queue: "queue"},
			"sorry": ivr.SayStep{Say: []string{"sorry"}, Next: "queue"},
			"end":   ivr.EndStep{},
		},
	}
}

// Where citizens and agents are; see test/bench.
const (
	citizens = "127.0.0.2"
	agents   = "127.0.0.3"
	toolsDir = "../../.tools"
)

// hall is a hotline with agents who answer at once and talk for a set time.
type hall struct {
	*rig.Rig
	t       *testing.T
	serves  *rig.Controller
	sipp    wire.SIPp
	port    int // of the citizens' SIPp
	crowds  int
	numbers int // given so far
}

// open starts a hotline for so many agents and calls.
func open(t *testing.T, seats, calls int, talk time.Duration, limits app.Limits, gate site.Gate) *hall {
	h := &hall{t: t}
	at := freePort(t, agents)
	h.port = freePort(t, citizens)
	deaf, err := wire.Deaf("0.0.0.0", 0)
	must(t, err)
	t.Cleanup(func() { _ = deaf.Close() })
	var phones []asteriskconfig.Phone
	for i := range seats {
		id := fmt.Sprint(8001 + i)
		phones = append(phones, asteriskconfig.Phone{ID: id, Contact: fmt.Sprintf("sip:%s@%s:%d", id, agents, at)})
	}
	h.Rig = rig.New(t, short(), func(o *site.Options) {
		o.Gate = gate
		o.StaticPhones, o.RTPPorts = phones, 2*(calls+seats)+4000 // callers who are refused have ports for a moment, too
	})
	h.Limits = limits
	tools, err := filepath.Abs(toolsDir)
	must(t, err)
	h.sipp = wire.SIPp{Tools: tools, Dir: t.TempDir(), Server: h.Site.Addresses().Trunk(), Media: deaf.LocalAddr().(*net.UDPAddr).Port}
	desk, err := scenarios.ReadFile("scenarios/desk.xml")
	must(t, err)
	desk = bytes.ReplaceAll(desk, []byte(`timeout="TALK"`), fmt.Appendf(nil, `timeout="%d"`, talk.Milliseconds()))
	h.start("desk", desk, agents, at)
	h.serves = h.Serve()
	for i := range seats {
		h.SitDown(hotline.AgentID(fmt.Sprint(1001+i)), hotline.PhoneID(fmt.Sprint(8001+i)))
	}
	return h
}

func (h *hall) start(name string, text []byte, ip string, port int, more ...string) *exec.Cmd {
	h.t.Helper()
	c, err := h.sipp.StartText(name, text, ip, port, more...)
	must(h.t, err)
	h.t.Cleanup(func() {
		if c.ProcessState == nil {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	})
	return c
}

// crowd is a number of calls.
type crowd struct {
	h       *hall
	name    string
	cmd     *exec.Cmd
	began   time.Time
	last    time.Time // when the last of them called
	planned int
}

// call has so many citizens a second call for so long.
func (h *hall) call(perSecond float64, d time.Duration) *crowd {
	h.t.Helper()
	h.crowds++
	c := &crowd{h: h, name: fmt.Sprintf("crowd%d", h.crowds), planned: max(int(perSecond*d.Seconds()), 1)}
	var who strings.Builder
	who.WriteString("SEQUENTIAL\n")
	for range c.planned {
		h.numbers++
		fmt.Fprintf(&who, "000%08d;%s;\n", 20000000+h.numbers, citizens)
	}
	file := filepath.Join(h.sipp.Dir, c.name+".who")
	must(h.t, os.WriteFile(file, []byte(who.String()), 0o600))
	text, err := scenarios.ReadFile("scenarios/crowd.xml")
	must(h.t, err)
	c.began = time.Now()
	c.last = c.began.Add(d)
	const period = 10 * time.Second // SIPp takes whole calls a period
	c.cmd = h.start(c.name, text, citizens, freePort(h.t, citizens), "-s", "12345", "-inf", file,
		"-r", strconv.Itoa(max(int(perSecond*period.Seconds()+.5), 1)), "-rp", fmt.Sprint(period.Milliseconds()),
		"-m", strconv.Itoa(c.planned), "-l", "5000", "-trace_rtt", "-rtt_freq", "1")
	return c
}

// wait waits until the last of them has hung up.
func (c *crowd) wait(limit time.Duration) {
	c.h.t.Helper()
	over := make(chan error, 1)
	go func() { over <- c.cmd.Wait() }()
	select {
	case <-over:
	case <-time.After(limit):
		_ = c.cmd.Process.Kill()
		<-over
		c.h.t.Fatalf("the calls did not end within %v: %s", limit, c.complaints())
	}
}

func (c *crowd) complaints() string {
	b, _ := os.ReadFile(filepath.Join(c.h.sipp.Dir, c.name+".err"))
	return string(b[:min(len(b), 2000)])
}

// counted is how its calls went.
type counted struct {
	well, failed, refused int
	why                   string // of those that failed, in SIPp's words
}

// count reads SIPp's counts; of those that went well some were refused.
func (c *crowd) count() (n counted) {
	c.h.t.Helper()
	rows := c.rows(c.name + ".csv")
	names, last := rows[0], rows[len(rows)-1]
	for name, to := range map[string]*int{"SuccessfulCall(C)": &n.well, "FailedCall(C)": &n.failed, "GenericCounter1(C)": &n.refused} {
		if i := slices.Index(names, name); i >= 0 && i < len(last) {
			*to, _ = strconv.Atoi(last[i])
		}
	}
	n.well -= n.refused
	for i, name := range names {
		if kind, ok := strings.CutPrefix(strings.TrimSuffix(name, "(C)"), "Failed"); ok && i < len(last) && strings.HasSuffix(name, "(C)") && last[i] != "0" {
			n.why += " " + kind + "=" + last[i]
		}
	}
	return n
}

// answers are the times from INVITE to answer of those who were answered.
func (c *crowd) answers() (took []time.Duration) {
	c.h.t.Helper()
	files, _ := filepath.Glob(filepath.Join(c.h.sipp.Dir, c.name+"_*_rtt.csv"))
	for _, f := range files {
		for _, row := range c.rows(filepath.Base(f))[1:] {
			if ms, err := strconv.ParseFloat(row[1], 64); err == nil {
				took = append(took, time.Duration(ms*float64(time.Millisecond)))
			}
		}
	}
	slices.Sort(took)
	return took
}

func (c *crowd) rows(file string) [][]string {
	c.h.t.Helper()
	b, err := os.ReadFile(filepath.Join(c.h.sipp.Dir, file))
	must(c.h.t, err)
	in := csv.NewReader(bytes.NewReader(b))
	in.Comma, in.FieldsPerRecord, in.LazyQuotes = ';', -1, true
	rows, err := in.ReadAll()
	if err != nil || len(rows) == 0 {
		c.h.t.Fatalf("%s: %d rows, %v", file, len(rows), err)
	}
	return rows
}

// quantile of sorted durations.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// talks counts the talks that ended in a time, by the tickets.
func (h *hall) talks(from, to time.Time) (n int) {
	h.t.Helper()
	for k := range h.Newest() {
		if k.End == hotline.EndAnswered && k.TalkEnded.After(from) && !k.TalkEnded.After(to) {
			n++
		}
		if !k.Created.After(from.Add(-time.Minute)) {
			break
		}
	}
	return n
}

func freePort(t *testing.T, ip string) int {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(ip)})
	must(t, err)
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
