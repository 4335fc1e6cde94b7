package site

import (
	"fmt"
	"io"
	"net"
	"strconv"
)

// ports hands out ports that no other site on this machine has or is about to
// open. A port is claimed by a name in the kernel's table of abstract sockets,
// which goes with the process, across users too; only then it is tried.
type ports struct{ claims []io.Closer }

// searched is how many ports are looked at from the usual one on.
const searched = 400

// claim takes word for this site and gives it back by close, or nil where another
// has it.
func claim(word string) io.Closer {
	l, err := net.Listen("unix", "@hotline-"+word)
	if err != nil {
		return nil
	}
	return l
}

// take claims port and tells whether it is free. It is tried only once it is
// claimed: trying opens it for a moment, in which its owner could not.
func (p *ports) take(host string, port int) bool {
	c := claim("port-" + strconv.Itoa(port))
	if c == nil {
		return false
	}
	if !free(host, port) {
		c.Close()
		return false
	}
	p.claims = append(p.claims, c)
	return true
}

// close gives all claims back.
func (p *ports) close() {
	for _, c := range p.claims {
		c.Close()
	}
	p.claims = nil
}

// find gives demanded, if it is free, or the first free port from usual on.
func (p *ports) find(what, host string, demanded, usual int) (int, error) {
	if demanded != 0 {
		if !p.take(host, demanded) {
			return 0, fmt.Errorf("port %d for %s is in use; stop what uses it, or name no port and a free one is found", demanded, what)
		}
		return demanded, nil
	}
	for port := usual; port < usual+searched; port++ {
		if p.take(host, port) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("none of the ports %d to %d can be opened for %s on %s; is that an address of this machine?", usual, usual+searched-1, what, host)
}

// Sound is given ports in blocks of rtpUnit, between the usual services and the
// ports that the kernel gives to outgoing connections.
const (
	rtpUnit  = 100
	rtpFrom  = 10000
	rtpUntil = 32000
)

// findRTP gives a block of n ports that no other site has.
func (p *ports) findRTP(n int) (first, last int, err error) {
	units := (n + rtpUnit - 1) / rtpUnit
	run := 0
	for port := rtpFrom; port+rtpUnit <= rtpUntil; port += rtpUnit {
		c := claim("rtp-" + strconv.Itoa(port))
		if c == nil {
			run = 0
			continue
		}
		p.claims = append(p.claims, c)
		if run++; run == units {
			return port - (units-1)*rtpUnit, port + rtpUnit - 1, nil
		}
	}
	return 0, 0, fmt.Errorf("no %d ports in a row are free for sound between %d and %d; stop another hotline on this machine", n, rtpFrom, rtpUntil)
}

// free tells whether port can be opened on host, for TCP and for UDP.
func free(host string, port int) bool {
	address := net.JoinHostPort(host, strconv.Itoa(port))
	l, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	defer l.Close()
	c, err := net.ListenPacket("udp", address)
	if err != nil {
		return false
	}
	c.Close()
	return true
}
