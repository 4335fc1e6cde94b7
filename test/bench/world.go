package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	asteriskconfig "hotline/asterisk-config"
	"hotline/site"
)

// Where the two ends of the load are: citizens at the trunk's address, agents'
// telephones at another. Each citizen hears at an address of his own in
// 127.1.0.0/16, so that a packet of sound tells whose it is.
const (
	citizenIP = "127.0.0.2"
	agentIP   = "127.0.0.3"
)

// engine is who answers: Asterisk's own queue, or us.
type engine string

const (
	us       engine = "hotline"
	appQueue engine = "app_queue"
)

// number is what is dialled to reach the engine.
func (e engine) number() string {
	if e == appQueue {
		return "appqueue"
	}
	return "12345"
}

// world is one site with its controller and the addresses of the load.
type world struct {
	tools  string
	keep   bool
	site   *site.Site
	at     site.Addresses
	agents []string // the telephones' names

	citizenPort, agentPort int // of the two SIPp
	soundPort              int // where all of them hear
	mouth                  *net.UDPConn
	ear                    *net.UDPConn

	controller *child
	profile    string
}

// openWorld starts a site for so many agents and citizens.
func openWorld(ctx context.Context, o options, agents, citizens int) (*world, error) {
	w := &world{tools: o.tools, keep: o.keep}
	for _, p := range []struct {
		ip   string
		port *int
	}{{citizenIP, &w.citizenPort}, {agentIP, &w.agentPort}, {"0.0.0.0", &w.soundPort}} {
		var err error
		if *p.port, err = freePort(p.ip); err != nil {
			return nil, err
		}
	}
	var phones []asteriskconfig.Phone
	for i := range agents {
		id := fmt.Sprint(8001 + i)
		w.agents = append(w.agents, id)
		phones = append(phones, asteriskconfig.Phone{ID: id, Contact: fmt.Sprintf("sip:%s@%s:%d", id, agentIP, w.agentPort)})
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	w.site, err = site.Start(ctx, site.Options{
		Dir: dir, Tools: o.tools, PortsFrom: 15000, RTPPorts: 2*(agents+citizens) + 200,
		StaticPhones: phones, Bench: true, BenchMembers: w.agents,
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	w.at = w.site.Addresses()
	if err := w.openSound(); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// close stops everything that belongs to the world.
func (w *world) close() {
	if w.controller != nil {
		w.controller.stop()
	}
	w.site.Stop()
	for _, c := range []*net.UDPConn{w.mouth, w.ear} {
		if c != nil {
			_ = c.Close()
		}
	}
	if w.keep {
		fmt.Println("  kept:", w.at.Dir)
		return
	}
	_ = os.RemoveAll(w.at.Dir)
}

func freePort(ip string) (int, error) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(ip)})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port, nil
}

// sip is the port of Asterisk's SIP.
func (w *world) sip() string {
	_, port, _ := net.SplitHostPort(w.at.SIP)
	return port
}

// child is a program that the bench started.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// stop ends it, by force when it does not end by itself.
func (c *child) stop() {
	if c.in != nil {
		_ = c.in.Close()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.cmd.Wait()
	}()
	if c.in == nil {
		_ = c.cmd.Process.Signal(syscall.SIGTERM)
	}
	select {
	case <-done:
	case <-time.After(15 * time.Second):
		_ = c.cmd.Process.Kill()
		<-done
	}
}

// start lets e take the calls; app_queue does so by itself.
func (w *world) start(ctx context.Context, o options, e engine) error {
	switch {
	case e == appQueue:
		return nil
	case o.bare:
		return w.startController()
	}
	return w.serve(ctx, o, "direct")
}

// startController starts this program's own controller, with an agent at
// each telephone, and returns when it serves.
func (w *world) startController() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(w.at.Dir, "controller.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	c := &child{cmd: exec.Command(self, controllerWord, "-dir", w.at.Dir, "-phones", strings.Join(w.agents, ","))}
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.cmd.Stderr = log
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		return err
	}
	w.controller = c
	line, err := c.out.ReadString('\n')
	ready, profile, _ := strings.Cut(strings.TrimSpace(line), " ")
	if ready != "ready" {
		said, _ := os.ReadFile(log.Name())
		return fmt.Errorf("the controller did not start (%v): %s", err, lastLine(string(said)))
	}
	w.profile = profile
	return nil
}

// counts asks the controller what went to and fro so far.
func (w *world) counts(ctx context.Context) (counts, error) {
	var c counts
	if w.controller == nil {
		return c, nil
	}
	if w.controller.out == nil {
		return w.readMetrics(ctx)
	}
	if _, err := io.WriteString(w.controller.in, "\n"); err != nil {
		return c, err
	}
	line, err := w.controller.out.ReadBytes('\n')
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(line, &c)
}

// saveProfile writes a profile of the controller's processor time into file.
func (w *world) saveProfile(ctx context.Context, d time.Duration, file string) error {
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", w.profile, int(d.Seconds()))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := (&http.Client{Transport: &http.Transport{}}).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, res.Body)
	return errors.Join(err, f.Close())
}

// usage is the processor time of each part.
type usage struct{ asterisk, controller, redis time.Duration }

func (u usage) sum() time.Duration { return u.asterisk + u.controller + u.redis }

func (u usage) since(v usage) usage {
	return usage{u.asterisk - v.asterisk, u.controller - v.controller, u.redis - v.redis}
}

// usage reads what the parts have used so far.
func (w *world) usage() (u usage, err error) {
	if u.asterisk, err = cpuOf(w.site.AsteriskPID()); err != nil {
		return u, err
	}
	if w.controller == nil {
		return u, nil
	}
	if u.controller, err = cpuOf(w.controller.cmd.Process.Pid); err != nil {
		return u, err
	}
	u.redis, err = cpuOf(w.site.RedisPID())
	return u, err
}
