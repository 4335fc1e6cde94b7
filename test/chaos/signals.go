package chaos

import (
	"net"
	"time"

	"hotline/site"
	"hotline/test/wire"
)

// signals are when the hotline's INVITEs, CANCELs and BYEs were on the wire. A
// telephone in a busy process notes them late, each by as much as it happens: the
// BYE of one call after the INVITE of the next.
type signals struct {
	cap  *wire.Capture
	seen map[string]sent // by Call-ID; whole once the capture is closed
}

// sent is a call's first INVITE, and its first CANCEL or BYE of either side.
type sent struct{ invited, over time.Time }

// watchSignals begins the capture; an error where this user may not capture.
func watchSignals(tools string, at site.Addresses) (*signals, error) {
	_, port, err := net.SplitHostPort(at.SIP)
	if err != nil {
		return nil, err
	}
	s := &signals{seen: map[string]sent{}}
	if s.cap, err = wire.Open(tools, "udp port "+port); err != nil {
		return nil, err
	}
	s.cap.Follow(s.see)
	return s, nil
}

func (s *signals) see(packet wire.Packet) {
	m, ok := wire.ParseSIP(packet.Data)
	if !ok {
		return
	}
	seen := s.seen[m.CallID]
	switch {
	case m.Method == "INVITE" && seen.invited.IsZero():
		seen.invited = packet.At
	case (m.Method == "BYE" || m.Method == "CANCEL") && seen.over.IsZero():
		seen.over = packet.At
	default:
		return
	}
	s.seen[m.CallID] = seen
}

// time gives what the telephones noted the time it was on the wire.
func (s *signals) time(seen *Seen) {
	for i := range seen.Callers {
		c := &seen.Callers[i]
		c.Ended = s.over(c.ID, c.Ended)
	}
	for i := range seen.Legs {
		l := &seen.Legs[i]
		l.Ended = s.over(l.ID, l.Ended)
		if on := s.seen[l.ID].invited; !on.IsZero() {
			l.Invited = on
		}
	}
}

// over is when a call ended whose telephone noted that at a time.
func (s *signals) over(id string, noted time.Time) time.Time {
	if on := s.seen[id].over; !on.IsZero() && !noted.IsZero() {
		return on
	}
	return noted
}
