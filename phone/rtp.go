package phone

import (
	"time"

	"github.com/pion/rtp"
)

// RTP is how a call's packets travelled.
type RTP struct {
	Sent     uint64
	Received uint64
	// Lost are packets that never came, by their sequence numbers.
	Lost uint64
	// First is when the first packet came, counted from the INVITE; 0: none.
	First time.Duration
	// Gap is the longest time between two packets of one spurt of talk.
	Gap time.Duration
	// P50, P95 and P99 are percentiles of that time, to half a millisecond.
	P50, P95, P99 time.Duration
	// LateP99 and LateMax tell how late our own packets left: this machine's
	// share of the other side's jitter.
	LateP99, LateMax time.Duration
}

// RTP tells how the call's packets travelled so far.
func (c *Call) RTP() RTP {
	c.mouth.mu.Lock()
	r := RTP{Sent: c.mouth.sent, LateP99: c.mouth.late.percentile(99), LateMax: c.mouth.late.max}
	c.mouth.mu.Unlock()

	c.ear.mu.Lock()
	defer c.ear.mu.Unlock()
	s := &c.ear.stats
	r.Received, r.Lost = s.received, s.lost()
	r.Gap = s.gaps.max
	r.P50, r.P95, r.P99 = s.gaps.percentile(50), s.gaps.percentile(95), s.gaps.percentile(99)
	if !s.first.IsZero() {
		r.First = s.first.Sub(c.began)
	}
	return r
}

// listening counts received packets.
type listening struct {
	received uint64
	first    time.Time
	last     time.Time
	lastTS   uint32
	ssrc     uint32
	begin    uint16 // first sequence number of this stream
	highest  uint64 // highest number since begin, extended over 65535
	got      uint64 // packets of this stream
	lostOld  uint64 // of streams before
	gaps     histogram
}

func (s *listening) packet(p *rtp.Packet, now time.Time) {
	if s.received == 0 {
		s.first = now
	}
	s.received++
	if s.got == 0 || p.SSRC != s.ssrc {
		s.lostOld += s.streamLost()
		s.ssrc, s.begin, s.highest, s.got = p.SSRC, p.SequenceNumber, 0, 0
	} else if gap := now.Sub(s.last); int32(p.Timestamp-s.lastTS) <= int32(2*samplesPerPacket) {
		s.gaps.add(gap)
	} // else the sender paused: its timestamps say so
	s.got++
	ahead := int64(int16(p.SequenceNumber - (s.begin + uint16(s.highest))))
	if ahead > 0 {
		s.highest += uint64(ahead)
	}
	s.last, s.lastTS = now, p.Timestamp
}

func (s *listening) streamLost() uint64 {
	if s.got == 0 || s.highest+1 <= s.got {
		return 0
	}
	return s.highest + 1 - s.got
}

func (s *listening) lost() uint64 { return s.lostOld + s.streamLost() }

// histogram counts durations in steps of half a millisecond up to 200 ms.
type histogram struct {
	steps [401]uint32
	n     uint32
	max   time.Duration
}

const step = 500 * time.Microsecond

func (h *histogram) add(d time.Duration) {
	h.steps[min(max(0, int(d/step)), len(h.steps)-1)]++
	h.n++
	h.max = max(h.max, d)
}

// percentile gives the upper edge of the step in which percent of the values lie.
func (h *histogram) percentile(percent uint32) time.Duration {
	if h.n == 0 {
		return 0
	}
	want := (h.n*percent + 99) / 100
	var seen uint32
	for i, n := range h.steps {
		if seen += n; seen >= want {
			if i == len(h.steps)-1 {
				return h.max
			}
			return min(time.Duration(i+1)*step, h.max)
		}
	}
	return h.max
}
