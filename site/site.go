package site

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	asteriskconfig "hotline/asterisk-config"
)

// Site is one running hotline but for its controller.
type Site struct {
	options      Options
	addresses    Addresses
	folder       *folder
	ports        ports
	nursery      *nursery
	installation installation
	client       *http.Client

	sipPort, ariPort, redisPort int
	figuresPort                 int                 // of the gate
	tls                         *asteriskconfig.TLS // with its ports; nil: none
	bootPassword                string

	mu              sync.Mutex // guards what follows
	asterisk, redis *child
	gate            *child // nil: none
	stopping        bool

	died     chan error
	ended    chan struct{} // closed by Stop
	watchers sync.WaitGroup
}

// Start runs a site and returns when each part of it answers, after two seconds or
// so. It stops when Stop is called, and at the latest when this process ends,
// however it ends. ctx is for the starting only.
func Start(ctx context.Context, o Options) (*Site, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	s := &Site{options: o, client: &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{}}, died: make(chan error, 2), ended: make(chan struct{})}
	if s.installation, err = findAsterisk(ctx, o); err != nil {
		return nil, err
	}
	if s.folder, err = openFolder(o.Dir); err != nil {
		return nil, err
	}
	s.nursery = newNursery()
	if err := s.open(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// open does what Start promises, once the folder is ours.
func (s *Site) open(ctx context.Context) error {
	var err error
	if s.bootPassword, err = s.folder.secret("ari-boot"); err != nil {
		return err
	}
	if err := s.choosePorts(); err != nil {
		return err
	}
	if err := s.configure(); err != nil {
		return cannotWrite(s.options.Dir, err)
	}
	if err := s.step(ctx, "Redis on "+s.addresses.Redis, s.startRedis); err != nil {
		return err
	}
	if err := s.step(ctx, "Asterisk "+s.installation.version+", SIP on "+s.addresses.SIP, s.startAsterisk); err != nil {
		return err
	}
	if s.addresses.Gate != "" {
		if err := s.step(ctx, "Kamailio, the trunk's gate on "+s.addresses.Gate, s.startGate); err != nil {
			return err
		}
	}
	if err := s.addresses.write(); err != nil {
		return cannotWrite(s.options.Dir, err)
	}
	s.watchers.Go(func() { s.boundLogs(s.ended) })
	return nil
}

// step does one thing and tells how long it took.
func (s *Site) step(ctx context.Context, what string, do func(context.Context) error) error {
	began := time.Now()
	if err := do(ctx); err != nil {
		return err
	}
	fmt.Fprintf(s.options.Log, "%s (%.1f s)\n", what, time.Since(began).Seconds())
	return nil
}

// choosePorts finds where each part will listen.
func (s *Site) choosePorts() error {
	o := s.options
	api := 0
	for _, p := range []struct {
		port            *int
		what, host      string
		demanded, usual int
	}{
		{&s.sipPort, "SIP", o.Listen, o.SIPPort, 5060},
		{&s.ariPort, "ARI", "127.0.0.1", o.ARIPort, 8088},
		{&s.redisPort, "Redis", "127.0.0.1", o.RedisPort, 6379},
		{&api, "the hotline's pages", "127.0.0.1", o.APIPort, 12345},
	} {
		var err error
		if *p.port, err = s.ports.find(p.what, p.host, p.demanded, p.usual+o.PortsFrom); err != nil {
			return err
		}
	}
	if err := s.choosePortsTLS(); err != nil {
		return err
	}
	first, last := o.RTPFirst, o.RTPLast
	if first == 0 {
		var err error
		if first, last, err = s.ports.findRTP(o.RTPPorts); err != nil {
			return err
		}
	}
	sips, wss := "", ""
	if s.tls != nil {
		sips = hostPort(o.Listen, s.tls.Port)
		if s.tls.WSSPort != 0 {
			wss = hostPort(o.Listen, s.tls.WSSPort)
		}
	}
	s.addresses = Addresses{
		SIPS: sips, WSS: wss,
		PID: os.Getpid(), SIP: hostPort(o.Listen, s.sipPort), ARI: fmt.Sprintf("http://127.0.0.1:%d", s.ariPort),
		Redis: hostPort("127.0.0.1", s.redisPort), API: hostPort("127.0.0.1", api),
		Listen: o.Listen, RTPFirst: first, RTPLast: last,
		Dir: o.Dir, Sounds: s.folder.at("sounds"), Recordings: s.folder.at("asterisk/spool/recording"),
		Secrets: s.folder.at("secrets"), Logs: s.folder.at("asterisk/logs"), AsteriskVersion: s.installation.version,
	}
	return s.chooseGate()
}

// choosePortsTLS finds where SIP listens by TLS.
func (s *Site) choosePortsTLS() error {
	o := s.options
	if o.TLS == nil {
		return nil
	}
	t := *o.TLS
	var err error
	if t.Port, err = s.ports.find("SIP by TLS", o.Listen, o.TLS.Port, 5061+o.PortsFrom); err != nil {
		return err
	}
	if o.WSS {
		if t.WSSPort, err = s.ports.find("SIP by secure websockets", o.Listen, o.WSSPort, 8089+o.PortsFrom); err != nil {
			return err
		}
	}
	s.tls = &t
	return nil
}

// Addresses tells where each part is.
func (s *Site) Addresses() Addresses { return s.addresses }

// Died gives an error when a part ends without having been asked to.
func (s *Site) Died() <-chan error { return s.died }

// Stop ends what Start began, calls included, and nothing else. It may be called
// twice.
func (s *Site) Stop() {
	s.mu.Lock()
	was := s.stopping
	s.stopping = true
	children := []*child{s.gate, s.asterisk, s.redis}
	s.gate, s.asterisk, s.redis = nil, nil, nil
	s.mu.Unlock()
	if was {
		return
	}
	close(s.ended)
	for _, c := range children {
		if c != nil {
			c.stop(5 * time.Second)
		}
	}
	s.nursery.close()
	s.watchers.Wait()
	s.client.CloseIdleConnections()
	s.ports.close()
	s.folder.close()
}

// adopt keeps c as the site's asterisk or redis and watches over it.
func (s *Site) adopt(place **child, c *child) {
	s.mu.Lock()
	*place = c
	s.mu.Unlock()
	s.watchers.Add(1)
	go func() {
		defer s.watchers.Done()
		<-c.over
		s.mu.Lock()
		mine := *place == c
		s.mu.Unlock()
		if mine {
			select {
			case s.died <- fmt.Errorf("%s ended by itself (%v); see %s", c.name, c.err, s.addresses.Logs):
			default:
			}
		}
	}()
}
