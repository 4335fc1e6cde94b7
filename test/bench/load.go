package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"hotline/test/wire"
)

// leg is one call to an agent's telephone, as the capture sees it.
type leg struct {
	agent   string
	callID  string
	who     uint32 // its number among all
	rtp     int    // Asterisk's port of sound
	invited time.Time
	ok      time.Time // 200
	up      time.Time // ACK
	heard   time.Time // the citizen heard the agent
	bye     time.Time
	byUs    bool // BYE came from Asterisk: the citizen's side ended
	citizen *citizen
	joined  chan struct{}
}

// citizen is one call of a citizen.
type citizen struct {
	callID  string
	ear     string
	rtp     int // Asterisk's port of sound
	invited time.Time
	ok      time.Time
	bye     time.Time
	talked  bool
}

// talks says how long talks are: evenly drawn from between.
type talks struct{ shortest, longest time.Duration }

// load drives SIPp and watches what happens: it tells one side of each talk to
// hang up, the citizens' side and the agents' side in turn, and notes when
// everything was seen in the capture.
type load struct {
	w     *world
	talks talks
	cap   *wire.Capture
	ctx   context.Context
	stop  context.CancelFunc
	all   sync.WaitGroup

	mu       sync.Mutex
	rng      *rand.Rand
	legs     map[string]*leg // by Call-ID
	order    []*leg
	citizens map[string]*citizen // by Call-ID
	ears     map[string]*citizen // by where he hears
	alive    int                 // citizens who were answered and are there
	talking  int
	talkN    int
	unjoined int // talks in which the citizen never heard the agent

	toCitizen, toAgent *net.UDPAddr
	voice              *net.UDPConn // sends the orders to SIPp
	children           []*child
}

// startLoad opens the capture and starts the agents' telephones.
func startLoad(ctx context.Context, w *world, t talks) (*load, error) {
	ctx, stop := context.WithCancel(ctx)
	l := &load{
		w: w, talks: t, ctx: ctx, stop: stop, rng: rand.New(rand.NewPCG(12345, 1)),
		legs: map[string]*leg{}, citizens: map[string]*citizen{}, ears: map[string]*citizen{},
		toCitizen: &net.UDPAddr{IP: net.ParseIP(citizenIP), Port: w.citizenPort},
		toAgent:   &net.UDPAddr{IP: net.ParseIP(agentIP), Port: w.agentPort},
	}
	var err error
	if l.voice, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP("127.0.0.1")}); err != nil {
		return nil, err
	}
	// Byte 20 of a UDP datagram is where the sound in an RTP packet begins.
	filter := fmt.Sprintf("udp and (port %s or udp[20:4] = %#x)", w.sip(), mark)
	if l.cap, err = wire.Open(w.tools, filter); err != nil {
		return nil, err
	}
	l.all.Go(l.watch)
	agents, err := w.sipp("agent", agentIP, w.agentPort)
	if err != nil {
		return nil, err
	}
	l.children = append(l.children, agents)
	time.Sleep(300 * time.Millisecond) // SIPp tells nobody when it listens
	return l, nil
}

// call lets citizens call e: so many at most at once, so many new ones a second,
// so many in all.
func (l *load) call(e engine, at, perSecond, total int) (*child, error) {
	file, err := l.w.writeCitizens(total)
	if err != nil {
		return nil, err
	}
	c, err := l.w.sipp("caller", citizenIP, l.w.citizenPort, "-s", e.number(), "-inf", file,
		"-l", strconv.Itoa(at), "-r", strconv.Itoa(perSecond), "-m", strconv.Itoa(total))
	if err == nil {
		l.children = append(l.children, c)
	}
	return c, err
}

// close ends the load, whatever is on.
func (l *load) close() error {
	l.stop()
	for i := len(l.children) - 1; i >= 0; i-- {
		_ = l.children[i].cmd.Process.Kill()
		_ = l.children[i].cmd.Wait()
	}
	err := l.cap.Close()
	l.all.Wait()
	_ = l.voice.Close()
	return err
}

// watch reads the capture until it ends.
func (l *load) watch() {
	for p := range l.cap.Packets {
		l.mu.Lock()
		l.see(p)
		l.mu.Unlock()
	}
}

func (l *load) see(p wire.Packet) {
	if who, ok := marked(p.Data); ok {
		l.hear(who, p)
		return
	}
	m, ok := wire.ParseSIP(p.Data)
	if !ok {
		return
	}
	switch {
	case p.To == agentAddr || p.From == agentAddr:
		l.seeAgent(m, p)
	case p.To == citizenAddr || p.From == citizenAddr:
		l.seeCitizen(m, p)
	}
}

var (
	agentAddr   = [4]byte{127, 0, 0, 3}
	citizenAddr = [4]byte{127, 0, 0, 2}
)

func (l *load) seeAgent(m wire.Message, p wire.Packet) {
	g := l.legs[m.CallID]
	switch {
	case m.Method == "INVITE" && !m.Again && g == nil:
		g = &leg{agent: m.User, callID: m.CallID, rtp: m.Port, invited: p.At, joined: make(chan struct{})}
		l.legs[m.CallID] = g
		g.who = uint32(len(l.order))
		l.order = append(l.order, g)
	case g == nil:
	case m.Status == 200 && m.CSeq == "INVITE" && g.ok.IsZero():
		g.ok = p.At
	case m.Method == "ACK" && g.up.IsZero() && !g.ok.IsZero():
		g.up = p.At
		l.talking++
		l.all.Go(func() { l.talk(g) })
	case m.Method == "BYE" && g.bye.IsZero():
		g.bye = p.At
		g.byUs = p.To == agentAddr
		if !g.up.IsZero() {
			l.talking--
		}
	}
}

func (l *load) seeCitizen(m wire.Message, p wire.Packet) {
	c := l.citizens[m.CallID]
	switch {
	case m.Method == "INVITE" && !m.Again && c == nil:
		c = &citizen{callID: m.CallID, ear: m.Media, invited: p.At}
		l.citizens[m.CallID] = c
		l.ears[m.Media] = c
	case c == nil:
	case m.Status == 200 && m.CSeq == "INVITE" && c.ok.IsZero():
		c.ok, c.rtp = p.At, m.Port
		l.alive++
	case m.Method == "BYE" && c.bye.IsZero():
		c.bye = p.At
		l.alive--
	}
}

// hear notes that a citizen hears the agent.
func (l *load) hear(who uint32, p wire.Packet) {
	c := l.ears[net.IP(p.To[:]).String()]
	if c == nil || int(p.ToPort) != l.w.soundPort || int(who) >= len(l.order) || l.order[who].citizen != nil {
		return
	}
	g := l.order[who]
	g.citizen, g.heard = c, p.At
	c.talked = true
	close(g.joined)
}

// talk lets the agent speak until the citizen hears him, and ends the talk when
// its time is over.
func (l *load) talk(g *leg) {
	l.mu.Lock()
	length := l.talks.shortest + time.Duration(l.rng.Int64N(int64(l.talks.longest-l.talks.shortest)+1))
	citizenEnds := l.talkN%2 == 0
	l.talkN++
	l.mu.Unlock()
	if !l.speak(g) {
		l.mu.Lock()
		l.unjoined++
		l.mu.Unlock()
		citizenEnds = false
	}
	if l.ctx.Err() != nil {
		return
	}
	select {
	case <-time.After(length):
	case <-l.ctx.Done():
		return
	}
	if citizenEnds {
		l.tell(l.toCitizen, g.citizen.callID)
	} else {
		l.tell(l.toAgent, g.callID)
	}
}

// longestSilence is how long a citizen may not hear his agent.
const longestSilence = 2 * time.Second

// speak sends packets into the agent's leg until the citizen hears one.
func (l *load) speak(g *leg) bool {
	to := &net.UDPAddr{IP: net.ParseIP("127.0.0.1"), Port: g.rtp}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.After(longestSilence)
	for seq := uint16(1); ; seq++ {
		if _, err := l.w.mouth.WriteToUDP(marker(seq, g.who), to); err != nil {
			return false
		}
		select {
		case <-g.joined:
			return true
		case <-tick.C:
		case <-end:
			return false
		case <-l.ctx.Done():
			return false
		}
	}
}

// tell tells one call of SIPp to go on: SIPp knows a call by its Call-ID.
func (l *load) tell(to *net.UDPAddr, callID string) {
	_, _ = l.voice.WriteToUDP(fmt.Appendf(nil,
		"MESSAGE sip:go@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKgo\r\nFrom: <sip:bench@127.0.0.1>;tag=1\r\nTo: <sip:go@127.0.0.1>\r\nCall-ID: %s\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n",
		to, l.voice.LocalAddr(), callID), to)
}

// state is how many citizens wait, and how many calls agents had so far.
func (l *load) state() (waiting, talking, offers int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.alive - l.talking, l.talking, len(l.order)
}

// until waits until so is true, or gives an error with what SIPp complained of.
func (l *load) until(limit time.Duration, what string, so func() bool) error {
	for end := time.Now().Add(limit); !so(); time.Sleep(20 * time.Millisecond) {
		if l.ctx.Err() != nil {
			return l.ctx.Err()
		}
		if time.Now().After(end) {
			waiting, talking, offers := l.state()
			return fmt.Errorf("not within %v: %s (%d waiting, %d talking, %d offers; %s)", limit, what, waiting, talking, offers, l.complaints())
		}
	}
	return nil
}

// cost is the processor time that the load itself has used so far.
func (l *load) cost() time.Duration {
	sum, _ := cpuOf(os.Getpid())
	for _, pid := range append([]int{l.cap.PID()}, pids(l.children)...) {
		used, _ := cpuOf(pid)
		sum += used
	}
	return sum
}

func pids(children []*child) (all []int) {
	for _, c := range children {
		all = append(all, c.cmd.Process.Pid)
	}
	return all
}

// complaints is the end of what went wrong, from SIPp and from the controller.
func (l *load) complaints() string {
	var b strings.Builder
	for _, name := range []string{"caller.err", "agent.err", "controller.log"} {
		text, err := os.ReadFile(l.w.at.Dir + "/" + name)
		if err == nil && len(text) > 0 {
			fmt.Fprintf(&b, "\n%s: %s", name, text[max(0, len(text)-1500):])
		}
	}
	return b.String()
}
