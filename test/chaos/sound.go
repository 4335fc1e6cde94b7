package chaos

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"hotline/site"
	"hotline/test/wire"
)

// pauses are the longest times between two packets of a voice in a talk, by the
// kernel's clock: of what Asterisk sends on, and of what it gets from the
// telephones, whose pauses are this machine's and not the hotline's.
type pauses struct {
	cap   *wire.Capture
	site  site.Addresses
	mu    sync.Mutex
	calm  bool // no kills yet
	last  map[stream]time.Time
	most  [2]pause // without kills, with them
	given [2]pause // the same of what Asterisk got
	long  []pause  // all that somebody may notice
}

// long is a pause that somebody may notice.
const long = 120 * time.Millisecond

// stream is one voice on its way to one place.
type stream struct {
	who  uint32
	to   [4]byte
	port uint16
}

// pause is the longest one so far.
type pause struct {
	time.Duration
	until time.Time
}

// watchSound begins the capture; an error where this user may not capture.
func watchSound(tools string, at site.Addresses) (*pauses, error) {
	// Byte 20 of a UDP datagram is where the sound in an RTP packet begins; its
	// first bits, the signs, are those of markWord.
	var signs uint32
	for i := range 4 {
		signs |= uint32(markWord) << i >> 31 << (31 - 8*i)
	}
	p := &pauses{site: at, calm: true, last: map[stream]time.Time{}}
	var err error
	// Short pieces in much room: the machine is busy, and none may be lost.
	filter := fmt.Sprintf("udp and udp[20:4] & 0x80808080 = %#x", signs)
	if p.cap, err = wire.Open(tools, filter, "-s", "128", "-B", "65536"); err != nil {
		return nil, err
	}
	p.cap.Follow(p.see)
	return p, nil
}

func (p *pauses) see(packet wire.Packet) {
	if len(packet.Data) < 12+64 || packet.Data[0]>>6 != 2 {
		return
	}
	who, ok := markOf(packet.Data[12:])
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s := stream{who, packet.To, packet.ToPort}
	last, known := p.last[s]
	p.last[s] = packet.At
	if !known {
		return
	}
	from := int(packet.FromPort)
	list := &p.given
	if packet.From == [4]byte{127, 0, 0, 1} && from >= p.site.RTPFirst && from <= p.site.RTPLast {
		list = &p.most
	}
	phase := 1
	if p.calm {
		phase = 0
	}
	d := packet.At.Sub(last)
	if d > list[phase].Duration {
		list[phase] = pause{d, packet.At}
	}
	if list == &p.most && d > long {
		p.long = append(p.long, pause{d, packet.At})
	}
}

// seconds tells in which seconds there were long pauses, and how many.
func (p *pauses) seconds() string {
	var order []string
	count, most := map[string]int{}, map[string]time.Duration{}
	for _, l := range p.long {
		at := l.until.Local().Format("15:04:05")
		if count[at]++; count[at] == 1 {
			order = append(order, at)
		}
		most[at] = max(most[at], l.Duration)
	}
	var said []string
	for _, at := range order {
		said = append(said, fmt.Sprintf("%s %d of up to %d ms", at, count[at], most[at].Milliseconds()))
	}
	return strings.Join(said, ", ")
}

// disturbed notes that the kills begin.
func (p *pauses) disturbed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calm = false
	clear(p.last)
}
