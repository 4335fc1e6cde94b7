package phone

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"

	"github.com/emiago/diago"
	"github.com/emiago/diago/media"
	"github.com/pion/rtp"
	"github.com/zaf/g711"
)

const (
	sampleRate       = 8000
	packetTime       = 20 * time.Millisecond
	samplesPerPacket = 160
	// mostLate is how far the clock may fall behind (a stalled machine) before
	// packets are left out instead of sent in a burst.
	mostLate = 200 * time.Millisecond
)

// mediaLoop runs a call's two media goroutines, and stops them for the moments in
// which diago changes the session under them.
type mediaLoop struct {
	mu   sync.Mutex
	med  *diago.DialogMedia
	halt chan struct{}
	wg   sync.WaitGroup
}

func (l *mediaLoop) start(c *Call, med *diago.DialogMedia) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.halt != nil {
		return
	}
	a := agreement(med.MediaSession().CommonCodecs())
	if rtpSession := med.RTPSession(); rtpSession != nil {
		_ = rtpSession.Sess.StartRTP(1) // a stop before may have left a deadline
	}
	c.mouth.mu.Lock()
	c.mouth.agreed = a // before anybody is told that keys may be pressed
	c.mouth.mu.Unlock()
	l.med, l.halt = med, make(chan struct{})
	halt := l.halt
	l.wg.Add(2)
	go func() {
		defer l.wg.Done()
		c.mouth.speak(halt, a, func(p *rtp.Packet) error { return med.RTPSession().WriteRTP(p) })
	}()
	go func() {
		defer l.wg.Done()
		c.ear.listen(halt, a, med)
	}()
}

// stop ends both goroutines and waits for them.
func (l *mediaLoop) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.halt == nil {
		return
	}
	close(l.halt)
	_ = l.med.RTPSession().Sess.StopRTP(1, 0) // wakes the reader
	l.wg.Wait()
	l.halt = nil
}

// yield is stop for the moment when early media is answered: diago then writes to
// the session that its own RTCP goroutines read. They cannot be started again, so
// such a call sends no RTCP until a second INVITE renews it; nobody misses that.
func (l *mediaLoop) yield() {
	l.stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.med != nil {
		_ = l.med.RTPSession().MonitorClose()
	}
}

// listen reads packets until halted or the socket is closed.
func (e *ear) listen(halt <-chan struct{}, a agreed, med *diago.DialogMedia) {
	buf := make([]byte, media.RTPBufSize)
	var p rtp.Packet
	for {
		session := med.RTPSession()
		n, err := session.ReadRTP(buf, &p)
		select {
		case <-halt:
			return
		default:
		}
		switch {
		case err == nil && n > 0:
			e.packet(&p, a, time.Now())
		case errors.Is(err, os.ErrDeadlineExceeded):
			// diago woke us because a re-INVITE changed the session.
			_ = session.Sess.StartRTP(1)
		case errors.Is(err, net.ErrClosed):
			return
		}
	}
}

// mouth sends: one packet each 20 ms, silence when there is nothing to say, or then
// none when terse.
type mouth struct {
	call   *Call
	timing Timing
	terse  bool

	mu     sync.Mutex
	agreed agreed
	say    func(frame []int16) (more bool) // nil: silence
	keys   []*pressed
	late   histogram
	sent   uint64

	seq     uint16
	ts      uint32
	ssrc    uint32
	begun   bool
	pkt     rtp.Packet
	frame   [samplesPerPacket]int16
	payload [samplesPerPacket]byte
}

func newMouth(c *Call, o Options) *mouth {
	return &mouth{call: c, timing: o.Keys, terse: o.Terse, seq: uint16(rand.Uint32()), ts: rand.Uint32(), ssrc: rand.Uint32()}
}

// speak is the clock of a call. The first packet leaves at once.
func (m *mouth) speak(halt <-chan struct{}, a agreed, send func(*rtp.Packet) error) {
	if !a.spoken {
		return // a codec we only offer to see it refused
	}
	due := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-halt:
			return
		case <-timer.C:
		}
		now := time.Now()
		if late := now.Sub(due); late > mostLate {
			missed := late / packetTime
			due = due.Add(missed * packetTime)
			m.skip(uint32(missed) * samplesPerPacket)
		}
		if err := m.tick(now, now.Sub(due), send); err != nil && errors.Is(err, net.ErrClosed) {
			return
		}
		m.call.ear.tick(now)
		due = due.Add(packetTime)
		timer.Reset(time.Until(due))
	}
}

func (m *mouth) skip(samples uint32) {
	m.mu.Lock()
	m.ts += samples
	m.begun = false // the next packet marks a new spurt
	m.mu.Unlock()
}

// tick sends what is due: the audio, and the key pressed meanwhile.
func (m *mouth) tick(now time.Time, late time.Duration, send func(*rtp.Packet) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.late.add(late)
	err := m.sound(send)
	err = errors.Join(err, m.keyTick(now, send))
	m.ts += samplesPerPacket
	return err
}

// sound sends 20 ms of what there is to say.
func (m *mouth) sound(send func(*rtp.Packet) error) error {
	if m.terse && m.say == nil && m.sent > 0 {
		m.begun = false
		return nil
	}
	clear(m.frame[:])
	if m.say != nil && !m.say(m.frame[:]) {
		m.say = nil
	}
	m.encode()
	marker := !m.begun
	m.begun = true
	return m.sendPacket(send, m.agreed.audio, m.ts, marker, m.payload[:])
}

func (m *mouth) encode() {
	for i, s := range m.frame {
		if m.agreed.ulaw {
			m.payload[i] = g711.EncodeUlawFrame(s)
		} else {
			m.payload[i] = g711.EncodeAlawFrame(s)
		}
	}
}

func (m *mouth) sendPacket(send func(*rtp.Packet) error, payloadType uint8, ts uint32, marker bool, payload []byte) error {
	m.seq++
	m.sent++
	m.pkt = rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: payloadType, SequenceNumber: m.seq, Timestamp: ts, SSRC: m.ssrc, Marker: marker},
		Payload: payload,
	}
	return send(&m.pkt)
}

// Speak says the samples (8 kHz mono) once, in place of what was being said.
func (c *Call) Speak(samples []int16) {
	c.mouth.set(func(frame []int16) bool {
		samples = samples[copy(frame, samples):]
		return len(samples) > 0
	})
}

// Tone says a steady tone of hz until told otherwise; 0 is silence.
func (c *Call) Tone(hz float64) {
	if hz <= 0 {
		c.mouth.set(nil)
		return
	}
	n := 0
	c.mouth.set(func(frame []int16) bool {
		tone(frame, hz, n)
		n += len(frame)
		return true
	})
}

func (m *mouth) set(say func([]int16) bool) {
	m.mu.Lock()
	m.say = say
	m.mu.Unlock()
}

// HearTone waits until a tone of hz is heard, and tells when, counted from the
// INVITE: the proof that the other side's voice arrives.
func (c *Call) HearTone(ctx context.Context, hz float64) (time.Duration, error) {
	const window = sampleRate / 10
	tick := time.NewTicker(packetTime)
	defer tick.Stop()
	for {
		if h := c.ear.last(window); len(h.Samples) == window && HasTone(h.Samples, hz) {
			return h.At, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-c.done:
			return 0, errors.New("the call ended before the tone was heard")
		}
	}
}
