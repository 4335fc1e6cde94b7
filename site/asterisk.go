package site

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	asteriskconfig "hotline/asterisk-config"
)

// configure writes what Asterisk reads and says.
func (s *Site) configure() error {
	o, f := s.options, s.folder
	if err := f.putAside("asterisk/logs/messages.log", "asterisk/logs/security.log", "asterisk/logs/console.log", "redis/redis.log", "kamailio/kamailio.log"); err != nil {
		return err
	}
	for _, part := range []string{"documentation", "rest-api"} {
		if err := f.link(filepath.Join(s.installation.data, part), "asterisk/data/"+part); err != nil {
			return err
		}
	}
	if err := f.link(f.at("sounds"), "asterisk/data/sounds/hotline"); err != nil {
		return err
	}
	if err := asteriskconfig.WriteSounds(f.at("sounds")); err != nil {
		return err
	}
	if err := writeMusic(f.at("music")); err != nil {
		return err
	}
	v := asteriskconfig.Values{
		Name: o.Name, Config: f.at("asterisk/config"), Modules: s.installation.modules, Data: f.at("asterisk/data"),
		State: f.at("asterisk/state"), Spool: f.at("asterisk/spool"), Run: f.run, Logs: f.at("asterisk/logs"),
		Music: f.at("music"), MaxFiles: maxFiles(),
		Listen: o.Listen, LoopbackOnly: o.loopbackOnly(), SIPPort: s.sipPort, ARIPort: s.ariPort,
		RTPFirst: s.addresses.RTPFirst, RTPLast: s.addresses.RTPLast,
		TrunkMatch: append(slices.Clone(o.TrunkMatch), o.Gate.hosts()...), TrunkContact: o.TrunkContact, DTMF: o.DTMF, Nodes: o.Nodes, StaticPhones: o.StaticPhones,
		TLS: s.tls, TrunkTransport: o.TrunkTransport, TrunkSRTP: o.TrunkSRTP, Outside: o.Outside,
		HoldSeconds: o.HoldSeconds, RetrySeconds: o.RetrySeconds, DutyPhones: o.DutyPhones, TellRefused: o.TellRefused,
		BootPassword: s.bootPassword,
	}
	if o.Gate.Host != "" {
		if err := s.configureGate(); err != nil {
			return err
		}
	}
	if o.Bench {
		v.QueueMembers = o.BenchMembers
	}
	return asteriskconfig.Write(v)
}

// maxFiles is how many descriptors Asterisk may have: what the machine allows, up
// to what ten thousand call legs need.
func maxFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1024
	}
	return int(min(limit.Max, 65536))
}

// resolverLimits bounds what a look-up may cost. Asterisk asks for the machine's
// own name, and a machine whose name is in no hosts file and whose name servers do
// not answer would make calls wait ten seconds and more.
const resolverLimits = "RES_OPTIONS=timeout:1 attempts:1"

// startAsterisk starts Asterisk and waits until it serves ARI and SIP.
func (s *Site) startAsterisk(ctx context.Context) error {
	log := s.folder.at("asterisk/logs/console.log")
	c, err := s.nursery.start("Asterisk", log, []string{resolverLimits},
		s.installation.program, "-f", "-C", s.folder.at("asterisk/config/asterisk.conf"))
	if err != nil {
		return err
	}
	s.adopt(&s.asterisk, c)
	return awaitAnswer(ctx, c, s.folder.at("asterisk/logs/messages.log"), s.asteriskServes)
}

// errForGood is in an error that no waiting mends.
var errForGood = errors.New("started in vain")

// asteriskServes asks whether Asterisk has started wholly: our password is good
// there, calls can be handed to us, and SIP is open. A transport that could not be
// opened is dropped by Asterisk, which then starts without it.
func (s *Site) asteriskServes(ctx context.Context) error {
	parts := []string{
		"modules/app_stasis.so", "modules/chan_pjsip.so",
		"config/dynamic/res_pjsip/transport/transport-udp", "config/dynamic/res_pjsip/transport/transport-tcp",
	}
	for _, what := range parts {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.addresses.ARI+"/ari/asterisk/"+what, nil)
		if err != nil {
			return err
		}
		// Read anew: it may have been changed since (hotline rotate ari).
		password, err := s.addresses.BootPassword()
		if err != nil {
			return err
		}
		req.SetBasicAuth(BootUser, password)
		res, err := s.client.Do(req)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		res.Body.Close()
		if err != nil {
			return err
		}
		if res.StatusCode != http.StatusOK || strings.Contains(string(body), `"Not Running"`) {
			if strings.Contains(what, "transport") {
				return fmt.Errorf("%w: SIP could not be opened on %s, is it in use?", errForGood, s.addresses.SIP)
			}
			return fmt.Errorf("%s is not there (%d)", what, res.StatusCode)
		}
	}
	return s.speaksTLS(ctx)
}

// speaksTLS shakes hands where SIP is promised over TLS. Asterisk says in its log
// only that it cannot use a certificate, and starts without.
func (s *Site) speaksTLS(ctx context.Context) error {
	for what, at := range map[string]string{"SIP by TLS": s.addresses.SIPS, "SIP by secure websockets": s.addresses.WSS} {
		if at == "" {
			continue
		}
		// Whether anybody can be deceived is the callers' business; this is about our
		// own port.
		d := tls.Dialer{NetDialer: &net.Dialer{Timeout: time.Second}, Config: &tls.Config{InsecureSkipVerify: true}}
		conn, err := d.DialContext(ctx, "tcp", at)
		if err != nil {
			return fmt.Errorf("%w: %s cannot be opened on %s with the certificate %s: %w", errForGood, what, at, s.tls.Certificate, err)
		}
		conn.Close()
	}
	return nil
}

// awaitAnswer asks again and again, for 30 seconds at most, until a part answers.
func awaitAnswer(ctx context.Context, c *child, log string, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		if last = ask(ctx); last == nil {
			return nil
		}
		if errors.Is(last, errForGood) {
			return fmt.Errorf("%s %w", c.name, last)
		}
		select {
		case <-c.over:
			return fmt.Errorf("%s stopped while starting (%v): %s", c.name, c.err, lastLine(log))
		case <-ctx.Done():
			return fmt.Errorf("%s did not answer (%v): %s", c.name, last, lastLine(log))
		case <-tick.C:
		}
	}
}

// lastLine gives the last words of a log, or where to look for them.
func lastLine(log string) string {
	b, err := os.ReadFile(log)
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if err != nil || lines[len(lines)-1] == "" {
		return "it said nothing in " + log
	}
	return "its last words in " + log + " were: " + lines[len(lines)-1]
}

// hostPort joins a host and a port; 0.0.0.0 is reached by its loopback.
func hostPort(host string, port int) string {
	if host == "0.0.0.0" {
		host = "127.0.0.1"
	}
	return host + ":" + strconv.Itoa(port)
}
