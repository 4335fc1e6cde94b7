package security

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// socket is one that waits for whoever comes.
type socket struct {
	protocol string // tcp or udp
	at       netip.AddrPort
	program  string
}

// sockets are those of the hotline's processes: TCP that listens, and UDP.
func (r *running) sockets() (all []socket) {
	r.Helper()
	owners := map[string]string{}
	for _, pid := range r.family() {
		name := r.program(pid)
		fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		r.must(err)
		for _, fd := range fds {
			if target, err := os.Readlink(fd); err == nil && strings.HasPrefix(target, "socket:[") {
				owners[strings.TrimSuffix(strings.TrimPrefix(target, "socket:["), "]")] = name
			}
		}
	}
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		b, err := os.ReadFile("/proc/net/" + table)
		if os.IsNotExist(err) {
			continue
		}
		r.must(err)
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			if len(f) < 10 || owners[f[9]] == "" || strings.HasPrefix(table, "tcp") && f[3] != "0A" || strings.HasPrefix(table, "udp") && f[3] != "07" {
				continue // no line of ours, not listening, or a UDP socket with one partner only
			}
			all = append(all, socket{table[:3], r.address(f[1]), owners[f[9]]})
		}
	}
	return all
}

// program names the process, whatever started it (our own Asterisk has a loader).
func (r *running) program(pid int) string {
	r.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	r.must(err)
	for word := range strings.SplitSeq(string(b), "\x00") {
		if name := filepath.Base(word); slices.Contains([]string{"asterisk", "redis-server", "hotline"}, name) {
			return name
		}
	}
	return string(b)
}

// address reads an address as /proc/net writes it: words of four bytes, each turned.
func (r *running) address(text string) netip.AddrPort {
	r.Helper()
	host, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	r.must(err)
	for i := 0; i+4 <= len(raw); i += 4 {
		slices.Reverse(raw[i : i+4])
	}
	a, ok := netip.AddrFromSlice(raw)
	var n uint16
	_, err = fmt.Sscanf(port, "%X", &n)
	if !ok || err != nil {
		r.Fatalf("%s is no address", text)
	}
	return netip.AddrPortFrom(a.Unmap(), n)
}

// Nothing listens but what the settings say, and without LISTEN nothing but on
// loopback. Asterisk's look-up of names keeps sockets of its own, which serve nobody.
func TestOnlyWhatIsSetListens(t *testing.T) {
	for _, story := range []struct {
		name string
		env  []string
	}{
		{"LISTEN is not set", nil},
		{"SIP on an address of its own", []string{"LISTEN=127.0.0.5"}},
	} {
		t.Run(story.name, func(t *testing.T) {
			r := run(t, story.env...)
			want := map[string]bool{}
			for protocol, at := range map[string]string{
				"tcp ARI": r.at.ARI[len("http://"):], "tcp Redis": r.at.Redis, "tcp API": r.at.API, "tcp SIP": r.at.SIP, "udp SIP": r.at.SIP,
			} {
				want[protocol[:3]+" "+at] = false
			}
			if !strings.HasPrefix(r.at.ARI, "http://127.0.0.1:") || !strings.HasPrefix(r.at.Redis, "127.0.0.1:") || !strings.HasPrefix(r.at.API, "127.0.0.1:") {
				t.Errorf("ARI, Redis and the API are at %s, %s, %s", r.at.ARI, r.at.Redis, r.at.API)
			}
			resolver := 0
			for _, s := range r.sockets() {
				key := s.protocol + " " + s.at.String()
				if _, ok := want[key]; ok {
					want[key] = true
					continue
				}
				if s.program == "asterisk" && s.protocol == "udp" && s.at.Addr().IsUnspecified() {
					resolver++
					continue
				}
				t.Errorf("%s listens on %s", s.program, key)
			}
			for key, found := range want {
				if !found {
					t.Errorf("nothing listens on %s, as site.json says", key)
				}
			}
			if resolver > 2 {
				t.Errorf("Asterisk has %d UDP sockets open on all addresses", resolver)
			}
		})
	}
}
