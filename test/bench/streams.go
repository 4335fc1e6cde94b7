package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// A hundred talks with sound both ways: two hundred streams of a packet each
// 20 ms. The same generator and the same ears are measured without Asterisk
// between them first.
const (
	soundTalks = 100
	soundTime  = 60 * time.Second
	loopTime   = 10 * time.Second
	soundMark  = 0x12346B6B
)

// stream is sound one way, and what was heard of it.
type stream struct {
	from *net.UDPConn
	to   netip.AddrPort
	sent int

	mu    sync.Mutex
	heard int
	last  time.Time
	gaps  []time.Duration
}

// streams are all of them; stream i is heard wherever a packet says it is i.
type streams struct {
	all    []*stream
	listen []*net.UDPConn
	ears   sync.WaitGroup
}

// soundPart measures loss and the time between packets.
func soundPart(ctx context.Context, o options, f *figures) error {
	w, err := openWorld(ctx, o, soundTalks, soundTalks)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.start(ctx, o, us); err != nil {
		return err
	}
	s, err := w.openStreams(soundTalks)
	if err != nil {
		return err
	}
	defer s.close()
	j := startJitter()
	alone := s.measure(ctx, loopTime)
	l, err := startLoad(ctx, w, talks{time.Hour, time.Hour})
	if err != nil {
		return err
	}
	err = l.connect(s)
	var through heard
	if err == nil {
		s.run(ctx, 2*time.Second) // both ends of each talk become known to Asterisk
		time.Sleep(300 * time.Millisecond)
		through = s.measure(ctx, soundTime)
	}
	late := j.p99()
	if closed := l.close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	fmt.Printf("  the generator with itself: %v\n  through Asterisk:          %v\n  loss %.3f %% more, p99 between packets %.1f ms more; jitter p99 %.2f ms\n",
		alone, through, 100*(through.loss()-alone.loss()), ms(through.p99-alone.p99), ms(late))
	f.shaken(late)
	return nil
}

// connect makes the calls and aims each stream at Asterisk's end of its talk.
func (l *load) connect(s *streams) error {
	if _, err := l.call(us, soundTalks, 20, soundTalks); err != nil {
		return err
	}
	if err := l.until(30*time.Second, "all talk", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		n := 0
		for _, g := range l.order {
			if g.citizen != nil {
				n++
			}
		}
		return n == soundTalks
	}); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, g := range l.order {
		n := earOf(g.citizen.ear)
		s.all[n].to = local(g.citizen.rtp)    // the citizen speaks
		s.all[soundTalks+i].to = local(g.rtp) // his agent speaks
	}
	return nil
}

func local(port int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))
}

// openStreams opens an ear for each citizen, in place of the deaf ones, and
// loops each stream to where it would be heard.
func (w *world) openStreams(n int) (*streams, error) {
	_, _ = w.ear.Close(), w.mouth.Close()
	s := &streams{}
	var err error
	if w.mouth, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(agentIP)}); err != nil {
		return nil, err
	}
	s.listen = append(s.listen, w.mouth)
	mouth := w.mouth.LocalAddr().(*net.UDPAddr).AddrPort()
	for i := range n {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(citizenEar(i)), Port: w.soundPort})
		if err != nil {
			return nil, err
		}
		s.listen = append(s.listen, c)
		s.all = append(s.all, &stream{from: c, to: mouth})
	}
	for i := range n {
		s.all = append(s.all, &stream{from: w.mouth, to: s.listen[1+i].LocalAddr().(*net.UDPAddr).AddrPort()})
	}
	for _, c := range s.listen {
		s.ears.Go(func() { s.hear(c) })
	}
	return s, nil
}

// close ends the hearing.
func (s *streams) close() {
	for _, c := range s.listen {
		_ = c.Close()
	}
	s.ears.Wait()
}

// hear notes what comes at one place.
func (s *streams) hear(c *net.UDPConn) {
	b := make([]byte, 2000)
	for {
		n, _, err := c.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		now := time.Now()
		if n < 20 || binary.BigEndian.Uint32(b[12:]) != soundMark {
			continue
		}
		who := int(binary.BigEndian.Uint32(b[16:]))
		if who >= len(s.all) {
			continue
		}
		t := s.all[who]
		t.mu.Lock()
		t.heard++
		if !t.last.IsZero() {
			t.gaps = append(t.gaps, now.Sub(t.last))
		}
		t.last = now
		t.mu.Unlock()
	}
}

// run speaks for d: a twentieth of the streams each millisecond.
func (s *streams) run(ctx context.Context, d time.Duration) {
	b := marker(0, 0)
	binary.BigEndian.PutUint32(b[12:], soundMark)
	const slots = 20
	began := time.Now()
	for tick := 0; tick < int(d/time.Millisecond) && ctx.Err() == nil; tick++ {
		time.Sleep(time.Until(began.Add(time.Duration(tick) * time.Millisecond)))
		for i := tick % slots; i < len(s.all); i += slots {
			t := s.all[i]
			t.sent++
			binary.BigEndian.PutUint16(b[2:], uint16(t.sent))
			binary.BigEndian.PutUint32(b[4:], uint32(t.sent)*160)
			binary.BigEndian.PutUint32(b[8:], uint32(1000+i))
			binary.BigEndian.PutUint32(b[16:], uint32(i))
			_, _ = t.from.WriteToUDPAddrPort(b, t.to)
		}
	}
}

// heard is what a measurement gave.
type heard struct {
	sent, arrived int
	p50, p99      time.Duration // between two packets of a stream
}

func (h heard) loss() float64 { return 1 - float64(h.arrived)/float64(max(1, h.sent)) }

// String tells it.
func (h heard) String() string {
	return fmt.Sprintf("%d packets sent, loss %.3f %%, between packets p50 %.1f ms, p99 %.1f ms", h.sent, 100*h.loss(), ms(h.p50), ms(h.p99))
}

// measure speaks for d and counts from nothing.
func (s *streams) measure(ctx context.Context, d time.Duration) heard {
	before := make([]int, len(s.all))
	for i, t := range s.all {
		t.mu.Lock()
		before[i] = t.heard
		t.last, t.gaps = time.Time{}, make([]time.Duration, 0, int(d/(20*time.Millisecond))+10)
		t.mu.Unlock()
	}
	sent := s.sent()
	s.run(ctx, d)
	time.Sleep(300 * time.Millisecond) // what is under way arrives
	var h heard
	h.sent = s.sent() - sent
	var gaps []time.Duration
	for i, t := range s.all {
		t.mu.Lock()
		h.arrived += t.heard - before[i]
		gaps = append(gaps, t.gaps...)
		t.mu.Unlock()
	}
	h.p50, h.p99 = quantile(gaps, .5), quantile(gaps, .99)
	return h
}

func (s *streams) sent() (n int) {
	for _, t := range s.all {
		n += t.sent
	}
	return n
}
