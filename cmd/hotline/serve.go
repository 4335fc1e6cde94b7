package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"hotline/app"
	asteriskconfig "hotline/asterisk-config"
	"hotline/city"
	"hotline/site"
	"hotline/voice"
)

// loadCity reads what the city wrote. What a running site found (ports,
// folders) stands in for defaults.
func loadCity(p *places) (*city.City, error) {
	o := city.LoadOptions{Prompts: app.Prompts(), Set: map[string]string{"directories.var": p.state}}
	at, err := site.Read(p.state)
	switch {
	case err == nil:
		o.Found = found(at)
	case !errors.Is(err, site.ErrNotRunning):
		return nil, err
	}
	c, err := city.Load(p.configs, o)
	if err == nil && c.Settings.Voice.Cache == "" { // the settings leave it to the site
		c.Settings.Voice.Cache, err = filepath.Abs(filepath.Join(p.state, "sounds"))
	}
	return c, err
}

// found are the settings that a running site knows.
func found(at site.Addresses) map[string]string {
	media := at.Listen
	if media == "0.0.0.0" {
		media = ""
	}
	return map[string]string{
		"asterisk.url": at.ARI, "asterisk.media": media, "redis.address": at.Redis, "http.listen": at.API,
		"recording.folder": at.Recordings, "sip.rtp_first": strconv.Itoa(at.RTPFirst), "sip.rtp_last": strconv.Itoa(at.RTPLast),
		"gate.metrics": at.GateMetrics, "guard.log": filepath.Join(at.Logs, "security.log"),
	}
}

// siteOptions are the settings that a site of this machine needs.
func siteOptions(c *city.City, p *places) site.Options {
	s := c.Settings
	o := site.Options{
		Dir: p.state, Tools: p.tools, Name: s.Asterisk.Name, Listen: s.SIP.Listen, SIPPort: s.SIP.Port,
		RTPFirst: s.SIP.RTPFirst, RTPLast: s.SIP.RTPLast, TrunkMatch: s.Trunk.Match, TrunkContact: s.Trunk.Contact,
		TrunkTransport: s.Trunk.Over, TrunkSRTP: s.Trunk.SRTP, Outside: outside(s), WSS: s.SIP.WSS.On, WSSPort: s.SIP.WSS.Port,
		DTMF: s.Trunk.DTMF, DutyPhones: s.Duty.Phones,
		HoldSeconds: int(s.Duty.Hold / time.Second), RetrySeconds: int(s.Duty.Retry / time.Second),
		TellRefused: s.Limits.Tell,
	}
	if s.Gate.Listen != "" {
		host, port, _ := strings.Cut(s.Gate.Listen, ":") // city.Load has seen to it
		n, _ := strconv.Atoi(port)
		o.Gate = site.Gate{Host: host, Port: n, Rate: s.Gate.Rate, RetryAfter: s.Gate.RetryAfter, Program: s.Gate.Program}
	}
	for _, other := range s.SIP.Others {
		host, port, _ := strings.Cut(other.At, ":") // city.Load has seen to it
		o.Nodes = append(o.Nodes, asteriskconfig.Node{Name: other.Name, Host: host, Port: port})
	}
	if t := s.SIP.TLS; t.Certificate != "" {
		o.TLS = &asteriskconfig.TLS{Certificate: absolute(t.Certificate), Key: absolute(t.Key), CA: absolute(t.CA), Port: t.Port}
	}
	if listen := os.Getenv("LISTEN"); listen != "" {
		o.Listen = listen
	}
	return o
}

// outside are the numbers that telephones may call, by who may.
func outside(s city.Settings) (all []asteriskconfig.Outside) {
	for _, form := range s.Outside.Phones {
		all = append(all, asteriskconfig.Outside{Number: form})
	}
	for _, form := range s.Outside.Duty {
		if !slices.Contains(s.Outside.Phones, form) && len(s.Duty.Phones) > 0 {
			all = append(all, asteriskconfig.Outside{Number: form, Phones: s.Duty.Phones})
		}
	}
	return all
}

// absolute is the path as Asterisk needs it, which does not run where we do.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil && path != "" {
		return abs
	}
	return path
}

// espeak finds the speech program: a path, or a name in .tools or PATH.
func espeak(c *city.City, p *places) string {
	name := c.Settings.Voice.Program
	if filepath.Base(name) != name {
		return name
	}
	if own := filepath.Join(p.tools, "bin", name); executable(own) {
		if abs, err := filepath.Abs(own); err == nil {
			return abs
		}
	}
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	return name
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&0o111 != 0
}

// serveWord is the command that is the controller.
const serveWord = "serve"

// serveCommand is the controller alone.
func serveCommand(p *places) *cobra.Command {
	return &cobra.Command{
		Use:   serveWord,
		Short: "be the controller: serve the calls of a running Asterisk until SIGTERM; SIGHUP reads the city's folder anew",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), cmd.ErrOrStderr(), p)
		},
	}
}

func serve(ctx context.Context, w io.Writer, p *places) error {
	c, err := loadCity(p)
	if err != nil {
		return err
	}
	log := logger(w, c.Settings.Log)
	die := app.Die(log, w)
	began := time.Now()
	s, err := app.Open(ctx, app.Config{
		City: c, Reload: func() (*city.City, error) { return loadCity(p) }, Espeak: espeak(c, p), Version: version, Log: log,
		Stuck: die,
	})
	if err != nil {
		return err
	}
	// One that stands by is ready, too: everything is open, and it waits its turn.
	notify := ofSystemd(os.Getenv)
	notify.tell("READY=1\nSTATUS=opened; another controller may serve")
	defer notify.beats(s.Well)()
	if err := s.Start(ctx); err != nil {
		if ctx.Err() != nil {
			err = nil // told to stop while it stood by
		}
		return errors.Join(err, handOver(s, die))
	}
	if err := os.WriteFile(pidFile(p.state), []byte(strconv.Itoa(os.Getpid())), 0o644); err != nil {
		log.Warn("hotline reload will not find this controller", "err", err)
	}
	log.Info("serving", "version", version, "pid", os.Getpid(), "api", c.Settings.HTTP.Listen, "took", time.Since(began).Round(time.Millisecond))
	notify.tell("STATUS=serving")
	err = wait(ctx, s, log)
	notify.tell("STOPPING=1\nSTATUS=handing over")
	return errors.Join(err, handOver(s, die))
}

// wait reloads on SIGHUP and returns when the controller is to end.
func wait(ctx context.Context, s *app.Service, log *slog.Logger) error {
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	defer signal.Stop(again)
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-s.Over():
			return err
		case <-again:
			if err := s.Reload(ctx); err != nil {
				log.Error("the city's folder was not taken; everything stays as it was", "err", err)
			}
		}
	}
}

// handOver stops the controller. One whose parts are stuck does not come to an end
// by itself, and die ends it.
func handOver(s *app.Service, die func(part string)) error {
	const within = 10 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	defer time.AfterFunc(within+time.Second, func() { die("handing over") }).Stop()
	return s.Stop(ctx)
}

func logger(w io.Writer, l city.Log) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// checkCommand proves what the city wrote.
func checkCommand(p *places) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "prove what the city wrote, and print every flow as a tree with the seconds until each hotline can be chosen",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadCity(p)
			if err != nil {
				return err
			}
			sounds, err := speak(cmd.Context(), c, p)
			if err != nil {
				return err
			}
			report, err := c.Check(app.Lengths{Library: sounds}, time.Now())
			fmt.Fprint(cmd.OutOrStdout(), report)
			return err
		},
	}
}

// speak gives the sounds of all the city's prompts.
func speak(ctx context.Context, c *city.City, p *places) (*voice.Library, error) {
	l, err := app.OpenSounds(ctx, c.Settings.Voice, espeak(c, p))
	if err != nil {
		return nil, err
	}
	return l, app.BuildSounds(ctx, l, c)
}

// reloadCommand tells the running controller to read the city's folder anew.
func reloadCommand(p *places) *cobra.Command {
	return &cobra.Command{
		Use: "reload", Short: "make the running controller read the city's folder anew; refused as a whole on any fault", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := loadCity(p); err != nil {
				return err
			}
			told, err := poke(p)
			if err == nil && !told {
				return fmt.Errorf("no controller runs on %s; it reads everything when it starts", p.state)
			}
			return err
		},
	}
}

// poke sends SIGHUP to the controller that runs on this state, if any; false:
// none does.
func poke(p *places) (bool, error) {
	b, err := os.ReadFile(pidFile(p.state))
	if err != nil {
		return false, nil
	}
	pid, err := strconv.Atoi(string(b))
	if err != nil || !isHotline(pid) {
		return false, nil // of a controller that is gone
	}
	return true, syscall.Kill(pid, syscall.SIGHUP)
}

// isHotline tells whether the process is a hotline: the number may have been
// given to another program since.
func isHotline(pid int) bool {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	return err == nil && len(b) > 0 && filepath.Base(firstWord(b)) == "hotline"
}

func firstWord(cmdline []byte) string {
	for i, c := range cmdline {
		if c == 0 {
			return string(cmdline[:i])
		}
	}
	return string(cmdline)
}

// showAccount prints a telephone's account in the form softphones ask for.
func showAccount(w io.Writer, p *places, id, password string) {
	server := "the Asterisk's address"
	if at, err := site.Read(p.state); err == nil {
		server = at.SIP
	}
	fmt.Fprintf(w, `phone %s: this password is shown once and kept as a digest only

  Linphone    Username %s   SIP domain %s   Transport UDP   Password %s
  MicroSIP    SIP server %s   Username %s   Domain %s   Login %s   Password %s

  The codec is PCMA (G.711 A-law); keys travel as RFC 2833 / 4733.
  An agent signs in at it by dialling  *1001#PIN, and out with  *0.
`, id, id, server, password, server, id, server, id, password)
}
