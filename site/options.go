// Package site runs everything that one hotline needs on one machine, beside the
// controller: Asterisk and Redis, on ports that are free, with state in one
// folder, and ended with the process that started them.
//
// A site is found by its folder: Start writes the addresses of its parts into
// site.json there, and Read gives them to the other commands.
package site

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	asteriskconfig "hotline/asterisk-config"
)

// Options says what a site is to be like. The zero value is a site in var/ on
// loopback.
type Options struct {
	Dir   string // where all state stands; "" is var
	Tools string // what tools/unpack made; "" is .tools
	Name  string // Asterisk's systemname, part of each call's name; "" is a1

	// Asterisk is the program to run instead of the unpacked one, such as
	// /usr/sbin/asterisk; "" takes the environment's ASTERISK, then Tools.
	Asterisk string

	// Listen is the address on which SIP and RTP are open; "" is 127.0.0.1.
	// Everything else always listens on 127.0.0.1 only.
	Listen string

	// A port that is named must be free; 0 is the usual one (5060, 8088, 6379,
	// 12345) or, where that is taken, the next free one.
	SIPPort, ARIPort, RedisPort, APIPort int

	// PortsFrom is added to the usual ports, so that tests leave those alone.
	PortsFrom int

	// RTPFirst and RTPLast bound the ports for sound, two for each call leg;
	// zero is a free block of RTPPorts (0 is 400) ports.
	RTPFirst, RTPLast int
	RTPPorts          int

	// TrunkMatch lists the addresses that are the trunk; none is 127.0.0.2, from
	// where the demo citizens call. TrunkContact is where the trunk is called,
	// for example sip:192.0.2.1:5060; empty: there is no way out.
	TrunkMatch   []string
	TrunkContact string

	// Gate refuses the trunk's calls before they reach Asterisk.
	Gate Gate

	// Nodes are further Asterisks of the hotline.
	Nodes []asteriskconfig.Node

	// TrunkTransport is how it is called: udp (""), tcp or tls; TrunkSRTP encrypts
	// its sound.
	TrunkTransport string
	TrunkSRTP      bool

	// Outside are the numbers that telephones may call through the trunk; none:
	// no telephone reaches it.
	Outside []asteriskconfig.Outside

	// TLS opens SIP over TLS; nil does not. A port of 0 is 5061, or the next free
	// one. WSS opens SIP over secure websockets, too, on WSSPort (0: 8089, or the
	// next free one).
	TLS     *asteriskconfig.TLS
	WSS     bool
	WSSPort int

	// DTMF is how keys travel on the trunk: rfc4733 (""), info, inband, auto.
	DTMF string

	// DutyPhones ring when no controller has served for HoldSeconds (0 is 60);
	// until then each call is tried again every RetrySeconds (0 is 3).
	DutyPhones                []string
	HoldSeconds, RetrySeconds int

	// TellRefused is how many callers who cannot be taken are told so in words at
	// the same time, before 503; 0: none are.
	TellRefused int

	// StaticPhones are written into pjsip.conf and never register.
	StaticPhones []asteriskconfig.Phone

	// Bench adds Asterisk's own queue, reached from the trunk as "appqueue",
	// with BenchMembers (endpoints) serving it.
	Bench        bool
	BenchMembers []string

	// Log is told, one line a step, what is being done; nil: nobody is.
	Log io.Writer
}

// complete fills in what was left to us and makes the folders absolute, since
// Asterisk does not run where we do.
func (o Options) complete() (Options, error) {
	orElse(&o.Dir, "var")
	orElse(&o.Tools, ".tools")
	orElse(&o.Name, "a1")
	orElse(&o.Listen, "127.0.0.1")
	orElse(&o.DTMF, "rfc4733")
	orElse(&o.TrunkTransport, "udp")
	orElse(&o.Asterisk, os.Getenv("ASTERISK"))
	orElse(&o.RTPPorts, 400)
	orElse(&o.HoldSeconds, 60)
	orElse(&o.RetrySeconds, 3)
	orElse(&o.Gate.RetryAfter, 10*time.Second)
	if o.TrunkMatch == nil {
		o.TrunkMatch = []string{"127.0.0.2"}
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if ip := net.ParseIP(o.Listen); ip == nil || ip.To4() == nil {
		return o, fmt.Errorf("cannot listen on %q: give an IPv4 address such as 127.0.0.1 or 0.0.0.0", o.Listen)
	}
	if o.WSS && o.TLS == nil {
		return o, fmt.Errorf("secure websockets need a certificate and its key: give TLS")
	}
	if o.Gate.Host != "" {
		if ip := net.ParseIP(o.Gate.Host); ip == nil || ip.To4() == nil || ip.IsUnspecified() || o.Gate.Host == "127.0.0.1" {
			return o, fmt.Errorf("the gate cannot listen on %q: give it an address of its own, such as 127.0.0.4", o.Gate.Host)
		} else if o.loopbackOnly() && !ip.IsLoopback() {
			return o, fmt.Errorf("the gate listens on %s, but Asterisk on %s, where the trunk cannot send what follows the first message: set sip.listen", o.Gate.Host, o.Listen)
		}
	}
	if o.Bench && len(o.BenchMembers) == 0 {
		return o, fmt.Errorf("a bench queue needs members: name at least one endpoint")
	}
	if (o.RTPFirst == 0) != (o.RTPLast == 0) || o.RTPLast < o.RTPFirst {
		return o, fmt.Errorf("sound ports %d to %d are no range: give the first and the last, or neither", o.RTPFirst, o.RTPLast)
	}
	for _, path := range []*string{&o.Dir, &o.Tools, &o.Asterisk} {
		if *path == "" {
			continue
		}
		abs, err := filepath.Abs(*path)
		if err != nil {
			return o, err
		}
		*path = abs
	}
	return o, nil
}

// loopbackOnly tells whether nobody outside this machine can reach the site.
func (o Options) loopbackOnly() bool { return strings.HasPrefix(o.Listen, "127.") }

func orElse[T comparable](value *T, usual T) {
	var zero T
	if *value == zero {
		*value = usual
	}
}
