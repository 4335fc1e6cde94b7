package phone

import (
	"math"
	"sync"
	"time"

	"github.com/emiago/diago/media"
	"github.com/pion/rtp"
	"github.com/zaf/g711"
)

const (
	// loud is the level above which something is heard: -44 dBFS, well below
	// speech at -18 and well above the noise of an empty line.
	loud = 200
	// quiet is how long nothing must be heard to call it silence; shorter than
	// that it is a breath.
	quiet = 300 * time.Millisecond
	// alawSilence is the A-law code of no sound.
	alawSilence = 0xd5
	// mostSlip is how far a packet's timestamp may disagree with its arrival
	// before the stream counts as a new one.
	mostSlip = 300 * time.Millisecond
)

// Heard is sound a call received: 8 kHz mono samples, gaps filled with silence.
type Heard struct {
	// At is when the first sample was heard, counted from the INVITE.
	At time.Duration
	// Samples are 16-bit linear.
	Samples []int16
}

// Time tells when sample i was heard, counted from the INVITE.
func (h Heard) Time(i int) time.Duration {
	return h.At + time.Duration(i)*time.Second/sampleRate
}

// Silence is the longest time in it without any sound: no sample above a three-hundredth
// of the loudest there can be, which even the soft ends of music are.
func (h Heard) Silence() time.Duration {
	const sound = 100
	run, most := 0, 0
	for _, s := range h.Samples {
		if run++; s > sound || s < -sound {
			run = 0
		}
		most = max(most, run)
	}
	return time.Duration(most) * time.Second / sampleRate
}

// ear keeps what is received, as A-law: half the memory of samples.
type ear struct {
	call *Call
	keep int // samples; 0: nothing

	mu      sync.Mutex
	buf     []byte
	dropped int // samples forgotten from the front
	first   time.Time
	ssrc    uint32
	ts0     uint32 // the timestamp that stands at position pos0
	pos0    int
	stats   listening

	sounding bool
	lastLoud time.Time
	loudRun  int
	keyTS    uint32
	keyKnown bool
}

func newEar(c *Call, keep time.Duration) *ear {
	return &ear{call: c, keep: max(0, int(keep*sampleRate/time.Second))}
}

func (e *ear) packet(p *rtp.Packet, a agreed, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats.packet(p, now)
	switch {
	case a.hearKey != 0 && p.PayloadType == a.hearKey:
		e.key(p)
	case a.spoken && p.PayloadType == a.hear && len(p.Payload) > 0:
		e.audio(p, a, now)
	}
}

// key tells a key of the other side once, at its first packet.
func (e *ear) key(p *rtp.Packet) {
	var ev media.DTMFEvent
	if media.DTMFDecode(p.Payload, &ev) != nil || int(ev.Event) >= len(keypad) || e.keyKnown && e.keyTS == p.Timestamp {
		return
	}
	e.keyKnown, e.keyTS = true, p.Timestamp
	e.call.emit(Event{Kind: KeyHeard, Key: rune(keypad[ev.Event])})
}

func (e *ear) audio(p *rtp.Packet, a agreed, now time.Time) {
	law := p.Payload
	if a.ulaw {
		law = make([]byte, len(p.Payload))
		for i, u := range p.Payload {
			law[i] = g711.Ulaw2AlawFrame(u)
		}
	}
	if e.first.IsZero() {
		e.first = now
	}
	if e.keep > 0 {
		e.place(law, p, now)
	}
	if level(law) < loud {
		e.loudRun = 0
		return
	}
	e.loudRun++
	e.lastLoud = now
	if !e.sounding && e.loudRun >= 2 { // one loud packet may be a click
		e.sounding = true
		e.call.emit(Event{Kind: Sound, At: now.Sub(e.call.began) - packetTime})
	}
}

// tick is called by the call's clock, as silence may come without any packet.
func (e *ear) tick(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.sounding && now.Sub(e.lastLoud) > quiet {
		e.sounding = false
		e.call.emit(Event{Kind: Silence, At: e.lastLoud.Add(packetTime).Sub(e.call.began)})
	}
}

// place writes a packet's sound where its timestamp says, or where its arrival
// says when a new stream begins.
func (e *ear) place(law []byte, p *rtp.Packet, now time.Time) {
	arrived := int(now.Sub(e.first) * sampleRate / time.Second)
	pos := e.pos0 + int(int32(p.Timestamp-e.ts0))
	slip := time.Duration(pos-arrived) * time.Second / sampleRate
	if p.SSRC != e.ssrc || slip > mostSlip || slip < -mostSlip {
		pos = max(arrived, e.dropped+len(e.buf))
		e.ssrc, e.ts0, e.pos0 = p.SSRC, p.Timestamp, pos
	}
	at := pos - e.dropped
	if at < 0 {
		return // older than all we keep
	}
	for len(e.buf) < at {
		e.buf = append(e.buf, alawSilence)
	}
	n := copy(e.buf[at:], law) // a packet that overtook or was sent twice
	e.buf = append(e.buf, law[n:]...)
	if over := len(e.buf) - e.keep; over > e.keep/4 {
		e.buf = e.buf[:copy(e.buf, e.buf[over:])]
		e.dropped += over
	}
}

// Heard gives what the call has heard so far, as far as Options.Hear keeps it.
func (c *Call) Heard() Heard { return c.ear.last(math.MaxInt) }

// HeardSince gives what was heard after at, counted from the INVITE.
func (c *Call) HeardSince(at time.Duration) Heard {
	h := c.ear.last(math.MaxInt)
	from := min(max(0, int((at-h.At)*sampleRate/time.Second)), len(h.Samples))
	return Heard{At: h.Time(from), Samples: h.Samples[from:]}
}

// last gives the last n samples, or all there are.
func (e *ear) last(n int) Heard {
	e.mu.Lock()
	defer e.mu.Unlock()
	from := max(0, len(e.buf)-n)
	h := Heard{Samples: make([]int16, len(e.buf)-from)}
	for i, law := range e.buf[from:] {
		h.Samples[i] = g711.DecodeAlawFrame(law)
	}
	if !e.first.IsZero() {
		h.At = e.first.Sub(e.call.began) + time.Duration(e.dropped+from)*time.Second/sampleRate
	}
	return h
}

// level is the mean loudness of an A-law packet, linear, 0 to 32767.
func level(law []byte) int {
	sum := 0
	for _, b := range law {
		s := int(g711.DecodeAlawFrame(b))
		sum += max(s, -s)
	}
	return sum / len(law)
}
