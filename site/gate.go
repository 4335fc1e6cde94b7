package site

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	kamailioconfig "hotline/kamailio-config"
)

// Gate puts Kamailio before Asterisk for the trunk's new calls. The zero value is
// none.
type Gate struct {
	// Host is the address it listens on, one from which no telephone of ours calls,
	// since Asterisk takes what comes from there for the trunk; "" is no gate.
	Host string
	Port int // 0: 5070, or the next free one

	// Rate is how many calls a second are taken at the most; 0: any number.
	Rate int

	// RetryAfter is what who is refused is told to wait, in whole seconds; 0 is 10.
	RetryAfter time.Duration

	// Program is Kamailio, such as /usr/sbin/kamailio; "" is the unpacked one.
	Program string
}

// hosts are the addresses from which the gate speaks to Asterisk.
func (g Gate) hosts() []string {
	if g.Host == "" {
		return nil
	}
	return []string{g.Host}
}

// shut is how long the gate refuses by itself after Asterisk refused: the time in
// which the controller looks whether callers can be taken again.
const shut = 200 * time.Millisecond

// gateAgain is after what time a gate that ended is started again: sooner than a
// caller's INVITE is sent again (0.5 s, RFC 3261, 17.1.1.1).
// One that has run for gateSteady is well.
const (
	gateAgain  = 50 * time.Millisecond
	gateSteady = 5 * time.Second
)

// chooseGate finds where the gate listens.
func (s *Site) chooseGate() error {
	g := s.options.Gate
	if g.Host == "" {
		return nil
	}
	port, err := s.ports.find("the gate", g.Host, g.Port, 5070+s.options.PortsFrom)
	if err != nil {
		return err
	}
	if s.figuresPort, err = s.ports.find("the gate's figures", "127.0.0.1", 0, 9494+s.options.PortsFrom); err != nil {
		return err
	}
	s.addresses.Gate = hostPort(g.Host, port)
	s.addresses.GateMetrics = "http://" + hostPort("127.0.0.1", s.figuresPort) + "/metrics"
	return nil
}

// gateConfig is the file that Kamailio reads, gateLog what it says.
func (s *Site) gateConfig() string { return s.folder.at("kamailio/kamailio.cfg") }
func (s *Site) gateLog() string    { return s.folder.at("kamailio/kamailio.log") }

// configureGate writes what Kamailio reads.
func (s *Site) configureGate() error {
	g := s.options.Gate
	asterisk := s.addresses.SIP
	if s.options.Listen == "0.0.0.0" { // so that Asterisk answers with this address as its own
		asterisk = hostPort(g.Host, s.sipPort)
	}
	return kamailioconfig.Write(s.gateConfig(), kamailioconfig.Values{
		Address: s.addresses.Gate, Metrics: hostPort("127.0.0.1", s.figuresPort), Asterisk: asterisk,
		Peers: s.options.TrunkMatch, Rate: g.Rate, Shut: shut, RetryAfter: g.RetryAfter,
	})
}

// startGate starts Kamailio and waits until it answers.
func (s *Site) startGate(ctx context.Context) error {
	c, after, err := s.runGate(nil)
	if err != nil {
		return err
	}
	s.watchers.Go(func() { s.keepGate(c, after) })
	return awaitAnswer(ctx, c, s.gateLog(), func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.addresses.GateMetrics, nil)
		if err != nil {
			return err
		}
		res, err := s.client.Do(req)
		if err != nil {
			return err
		}
		res.Body.Close()
		return nil
	})
}

// runGate starts Kamailio in the place of one that has ended, unless all is stopping
// (nil). It has several processes; when it ends, after says that all of them have.
func (s *Site) runGate(old *child) (c *child, after func(), err error) {
	program, err := s.kamailio()
	if err != nil {
		return nil, nil, err
	}
	modules := firstBelow(placesOf(program), "lib/*/kamailio/modules", "lib64/kamailio/modules", "lib/kamailio/modules")
	if modules == "" {
		return nil, nil, fmt.Errorf("the modules of Kamailio at %s are not beside it; is it installed as a whole?", program)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping || s.gate != old {
		return nil, nil, nil
	}
	if c, err = s.nursery.start("Kamailio", s.gateLog(), nil, program, "-DD", "-E", "-L", modules, "-f", s.gateConfig(), "-Y", s.folder.run); err != nil {
		return nil, nil, err
	}
	if after, err = s.nursery.guard(c); err != nil {
		c.kill()
		return nil, nil, err
	}
	s.gate = c
	return c, after, nil
}

// keepGate starts the gate anew when it ends by itself: it has nothing to lose. One that
// ends again and again is given longer and longer; calls under way need none.
func (s *Site) keepGate(c *child, after func()) {
	pause := gateAgain
	for began := time.Now(); ; began = time.Now() {
		<-c.over
		after()
		if time.Since(began) > gateSteady {
			pause = gateAgain
		}
		next, err := (*child)(nil), error(nil)
		for next == nil {
			select {
			case <-s.ended:
				return
			case <-time.After(pause):
			}
			pause = min(2*pause, gateSteady)
			if next, after, err = s.runGate(c); err != nil {
				fmt.Fprintf(s.options.Log, "the gate cannot be started again, and new calls of the trunk wait for it: %v\n", err)
			} else if next == nil {
				return
			}
		}
		fmt.Fprintf(s.options.Log, "the gate ended (%v); it is started again, see %s\n", c.err, s.gateLog())
		c = next
	}
}

// kamailio finds the program: the named one, the unpacked one, or one in PATH.
func (s *Site) kamailio() (string, error) {
	name := s.options.Gate.Program
	if name == "" {
		name = filepath.Join(s.options.Tools, "bin/kamailio")
		if _, err := os.Stat(name); err != nil {
			name = "kamailio"
		}
	}
	found, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("the gate needs Kamailio, and there is none at %s; install it, or run: make tools", name)
	}
	return filepath.Abs(found)
}
