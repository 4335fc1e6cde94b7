// Package kamailioconfig holds what Kamailio reads where it is the gate before
// Asterisk: one file, kamailio.cfg, which tells what it is for.
package kamailioconfig

import (
	"bytes"
	_ "embed"
	"fmt"
	"net/netip"
	"os"
	"text/template"
	"time"
)

//go:embed kamailio.cfg
var file string

// Values is what the template needs to know.
type Values struct {
	Address  string   // host:port that the trunk sends new calls to, by UDP
	Metrics  string   // host:port of its figures, http://…/metrics
	Asterisk string   // host:port of Asterisk's SIP
	Peers    []string // addresses and networks that are the trunk; everybody else hears nothing

	Rate       int           // calls a second that are taken, at the most; 0: any number
	Shut       time.Duration // so long nobody is taken after Asterisk has refused one
	RetryAfter time.Duration // what who is refused is told to wait; whole seconds (RFC 3261, 20.33)
}

// burst is what part of a second's calls may come at once: callers do not come evenly.
const burst = 2

// Write fills in the template and writes it into a file that only its owner reads.
func Write(path string, v Values) error {
	all, err := v.complete()
	if err != nil {
		return err
	}
	t, err := template.New("kamailio.cfg").Parse(file)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, all); err != nil {
		return err
	}
	return os.WriteFile(path, text.Bytes(), 0o600)
}

// complete are the values as Kamailio counts them.
func (v Values) complete() (map[string]any, error) {
	at, err := netip.ParseAddrPort(v.Address)
	if err != nil {
		return nil, fmt.Errorf("the gate cannot listen on %q: write an address such as 127.0.0.4:5070", v.Address)
	}
	asterisk, err := netip.ParseAddrPort(v.Asterisk)
	if err != nil {
		return nil, fmt.Errorf("Asterisk at %q is no address such as 127.0.0.1:5060", v.Asterisk)
	}
	if _, err := netip.ParseAddrPort(v.Metrics); err != nil {
		return nil, fmt.Errorf("the gate cannot show its figures on %q: write an address such as 127.0.0.1:9494", v.Metrics)
	}
	for _, p := range v.Peers {
		_, one := netip.ParseAddr(p)
		if _, net := netip.ParsePrefix(p); one != nil && net != nil {
			return nil, fmt.Errorf("%q is no address of the trunk: the gate needs one such as 192.0.2.1 or 192.0.2.0/24", p)
		}
	}
	if len(v.Peers) == 0 {
		return nil, fmt.Errorf("the gate needs the addresses that are the trunk")
	}
	m := map[string]any{
		"Address": v.Address, "Host": at.Addr().String(), "Metrics": v.Metrics, "Peers": v.Peers,
		"AsteriskHost": asterisk.Addr().String(), "AsteriskPort": asterisk.Port(),
		"Rate": v.Rate, "ShutMicros": v.Shut.Microseconds(), "RetryAfter": max(int(v.RetryAfter/time.Second), 1),
	}
	if v.Rate > 0 {
		n := max(v.Rate/burst, 1)
		m["Burst"], m["CallMicros"], m["BurstMicros"] = n, 1_000_000/v.Rate, n*1_000_000/v.Rate
	}
	return m, nil
}
