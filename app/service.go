package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"hotline"
	"hotline/city"
	"hotline/ivr"
	"hotline/live"
	"hotline/metrics"
	"hotline/pbx"
	"hotline/pbx/ari"
	"hotline/recording"
	"hotline/routing"
	"hotline/store"
	"hotline/voice"
	"hotline/web"
)

// Config is what a service is made of.
type Config struct {
	City *city.City
	// Reload reads the city's folder anew.
	Reload func() (*city.City, error)
	// Espeak is the speech program, found.
	Espeak  string
	Version string
	Log     *slog.Logger
	// Stuck ends the process, see Options.Stuck.
	Stuck func(part string)
}

// Service is a controller with everything around it: Redis, SQL, sound, the
// API. The command serve runs one.
type Service struct {
	cfg     Config
	log     *slog.Logger
	city    atomic.Pointer[city.City]
	script  *scripts
	live    *live.Store
	store   *store.Store
	sounds  *voice.Library
	metrics *metrics.Metrics
	app     *App
	web     *web.Server

	http   *http.Server
	upkeep sync.WaitGroup
	stop   context.CancelFunc
	reload sync.Mutex
}

// Open opens every part; Start serves.
func Open(ctx context.Context, cfg Config) (*Service, error) {
	s := &Service{cfg: cfg, log: cfg.Log, script: newScripts(cfg.City), metrics: metrics.New()}
	s.city.Store(cfg.City)
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *Service) open(ctx context.Context) error {
	set := s.cfg.City.Settings
	live.Quiet()
	var err error
	if s.live, err = live.Open(ctx, live.Options{
		Address: set.Redis.Address, Sentinels: set.Redis.Sentinels, Master: set.Redis.Master, PasswordFile: set.Redis.PasswordFile, Database: set.Redis.Database,
		Prefix: set.Redis.Prefix, Timeout: set.Redis.Timeout,
	}); err != nil {
		return err
	}
	source, err := set.SQL.Source()
	if err != nil {
		return err
	}
	if s.store, err = store.Open(ctx, store.Options{DSN: source, Later: true}); err != nil {
		return err
	}
	if err := s.speak(ctx, s.cfg.City); err != nil {
		return err
	}
	keeper, err := keeperOf(set.Recording)
	if err != nil {
		return err
	}
	for _, file := range []string{set.Asterisk.PasswordFile, set.Redis.PasswordFile} {
		if _, err := city.Secret(file); err != nil {
			return err
		}
	}
	s.app = New(Options{
		Script: s.script, OnDuty: s.onDuty, Sounds: Sounds{Library: s.sounds, Language: set.Languages[0]},
		Live: s.live, Store: s.store, Rules: rules(set.Routing), Meter: meter{s.metrics}, Recordings: keeper,
		Asterisks: asterisks(set.Asterisk), Music: set.Asterisk.Music,
		Journal: set.Directories.Journal, Log: s.log,
		Stuck: s.cfg.Stuck, StuckAfter: set.Limits.Stuck, Limits: limits(set), Gate: set.Gate.Metrics,
		Guard: guardOf(set), SRTP: set.SIP.SRTP,
	})
	s.web = s.newWeb(s.cfg.Version)
	return nil
}

func (s *Service) onDuty(t time.Time) ([]hotline.PhoneID, []hotline.Skill) {
	return s.city.Load().OnDuty(t)
}

// asterisks are those of the settings; all know the same user and password.
func asterisks(set city.Asterisk) []Asterisk {
	boot := ari.Config{URL: set.URL, User: set.User, App: set.App}
	password := func() (string, error) { return city.Secret(set.PasswordFile) }
	all := []Asterisk{{Name: set.Name, Boot: boot, Password: password, Media: set.Media}}
	for _, o := range set.Others {
		boot.URL = o.At
		all = append(all, Asterisk{Name: o.Name, Boot: boot, Password: password})
	}
	return all
}

func rules(r city.Routing) routing.Rules {
	return routing.Rules{Ring: r.Ring, WrapUp: r.WrapUp, Rest: r.Rest, Misses: r.Misses, Ageing: r.Ageing, Lifetime: r.Lifetime}
}

func keeperOf(r city.Recording) (*recording.Keeper, error) {
	if !r.On {
		return nil, nil
	}
	return recording.Open(recording.Options{
		Dir: r.Folder, Citizen: pbx.SideCitizen, Agent: pbx.SideAgent,
		Keep: time.Duration(r.Days) * 24 * time.Hour, MinFree: uint64(r.MinFreeBytes), MinFreePercent: r.MinFreePercent,
	})
}

// speak makes every sound that is missing, and proves the flows by them.
func (s *Service) speak(ctx context.Context, c *city.City) error {
	began := time.Now()
	if s.sounds == nil {
		library, err := OpenSounds(ctx, c.Settings.Voice, s.cfg.Espeak)
		if err != nil {
			return err
		}
		s.sounds = library
	}
	if err := BuildSounds(ctx, s.sounds, c); err != nil {
		return err
	}
	if _, err := c.Check(Lengths{s.sounds}, time.Time{}); err != nil {
		return err
	}
	if now := time.Now(); !c.HasYear(now) {
		// Calls come all the same: a year without calendar must be told loudly, and
		// may not close the line on the first of January.
		s.log.Error("ALARM: the calendar has no such year; profiles by working days and all deadlines are wrong until it is entered in configs/calendar", "year", now.Year())
	}
	s.log.Info("prompts are ready", "prompts", len(c.Prompts), "took", time.Since(began).Round(time.Millisecond))
	return nil
}

// Start serves calls, and the API on the settings' address. It returns when
// both are ready; while another controller serves it stands by.
func (s *Service) Start(ctx context.Context) error {
	if err := s.app.Start(ctx); err != nil {
		return err
	}
	s.measure()
	life, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.http = &http.Server{Handler: s.web, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 16,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	listener, err := net.Listen("tcp", s.city.Load().Settings.HTTP.Listen)
	if err != nil {
		err = hotline.Errorf(hotline.Invalid, "the API cannot listen (http.listen, %s): %w", s.city.Load().Where("http.listen"), err)
	}
	switch {
	case err == nil:
		s.upkeep.Go(func() { s.listen(listener) })
	case s.app.followed:
		// The controller before may hold the port still, frozen as it may be; the
		// telephones do not wait for that.
		s.log.Warn("calls are served, the API waits", "err", err)
		s.upkeep.Go(func() { s.listenLater(life) })
	default:
		return err
	}
	s.upkeep.Go(func() { s.web.Run(life) })
	return nil
}

// listen serves the API until Stop.
func (s *Service) listen(l net.Listener) {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		s.log.Error("the API stopped", "err", err)
	}
}

const listenEvery = 100 * time.Millisecond

// listenLater serves the API once the port is free.
func (s *Service) listenLater(ctx context.Context) {
	for {
		l, err := net.Listen("tcp", s.city.Load().Settings.HTTP.Listen)
		if err == nil {
			s.log.Info("the API is served")
			s.listen(l)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(listenEvery):
		}
	}
}

// Well is nil while every part of the controller answers, for a supervisor's
// watchdog.
func (s *Service) Well() error { return s.app.Well() }

// Over tells why the controller stopped by itself.
func (s *Service) Over() <-chan error { return s.app.Over() }

// Stop hands over: calls stay, and the next controller plays on.
func (s *Service) Stop(ctx context.Context) error {
	var errs []error
	if s.stop != nil {
		s.stop()
	}
	if s.http != nil {
		// Browsers that follow live events never end by themselves.
		quick, cancel := context.WithTimeout(ctx, time.Second)
		if err := s.http.Shutdown(quick); err != nil {
			errs = append(errs, s.http.Close())
		}
		cancel()
	}
	errs = append(errs, s.app.Stop(ctx))
	s.upkeep.Wait()
	return errors.Join(append(errs, s.close())...)
}

func (s *Service) close() error {
	var errs []error
	if s.live != nil {
		errs = append(errs, s.live.Close())
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}

// Reload reads the city's folder anew. It is refused as a whole on any fault;
// no call is dropped: calls go on in the flow they began with. Settings of
// connections (Asterisk, Redis, SQL, addresses) need a new start.
func (s *Service) Reload(ctx context.Context) error {
	s.reload.Lock()
	defer s.reload.Unlock()
	c, err := s.cfg.Reload()
	if err == nil {
		err = s.speak(ctx, c)
	}
	s.metrics.Reloaded(err)
	if err != nil {
		return err
	}
	s.city.Store(c)
	s.script.put(c)
	if err := s.app.board.SetRules(ctx, rules(c.Settings.Routing)); err != nil {
		return err
	}
	for _, n := range s.app.nodes {
		if x := n.up(); x != nil {
			if err := s.app.pushPhones(ctx, n, x); err != nil {
				return err
			}
		}
	}
	s.log.Info("the city's folder was read anew")
	return nil
}

// scripts are the flows now in force, and earlier ones that calls still play.
type scripts struct {
	mu     sync.RWMutex
	now    *city.City
	byHash map[string]*ivr.Flow
}

func newScripts(c *city.City) *scripts {
	s := &scripts{byHash: map[string]*ivr.Flow{}}
	s.put(c)
	return s
}

func (s *scripts) put(c *city.City) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = c
	for _, f := range c.Flows {
		s.byHash[f.Hash] = f
	}
}

// Flow finds a flow of this process's time by its hash.
func (s *scripts) Flow(hash string) (*ivr.Flow, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f, ok := s.byHash[hash]
	return f, ok
}

// FlowAt gives the flow of a call that arrives at t.
func (s *scripts) FlowAt(t time.Time) *ivr.Flow {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.now.FlowAt(t)
}

// OldNumber finds the former hotline a call came through.
func (s *scripts) OldNumber(candidates ...string) (hotline.HotlineKey, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.now.OldNumber(candidates...)
}

// DeskPrompts are those that the program says by itself, outside any flow.
var deskPrompts = [...]string{"desk.in", "desk.out", "desk.wrong", "desk.locked", "desk.taken", "desk.paused", "desk.free", "desk.notin", "desk.unknown", "desk.away"}

// Prompts lists the prompts that the program says outside any flow.
func Prompts() []string { return deskPrompts[:] }
