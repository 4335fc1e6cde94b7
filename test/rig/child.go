package rig

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hotline"
	"hotline/app"
	"hotline/ivr"
	"hotline/kin"
)

// orderVar tells a test binary that it is a controller, and what it serves, or that
// it is taps.
const orderVar = "HOTLINE_RIG_CONTROLLER"

// Main runs the tests – or, in a process that a rig started, its taps, or one
// controller that plays the flow it was told of until its parent is gone.
func Main(m *testing.M, flows ...*ivr.Flow) int {
	raw := os.Getenv(orderVar)
	switch raw {
	case "":
		return m.Run()
	case tapsOrder:
		serveTaps()
		return 0
	}
	if err := serveOrder(raw, flows); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func serveOrder(raw string, flows []*ivr.Flow) error {
	var o order
	if err := json.Unmarshal([]byte(raw), &o); err != nil {
		return err
	}
	i := slices.IndexFunc(flows, func(f *ivr.Flow) bool { return f.Name == o.Flow })
	if i < 0 {
		return fmt.Errorf("the flow %s must be given to rig.Main", o.Flow)
	}
	jammed := &jam{Handler: slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}), at: new(atomic.Value)}
	log := slog.New(jammed)
	p, err := openParts(context.Background(), o.At, flows[i])
	for try := 0; err != nil && try < 10; try++ { // a machine so loaded that Redis is slow
		log.Warn("again", "err", err)
		p, err = openParts(context.Background(), o.At, flows[i])
	}
	if err != nil {
		return err
	}
	p.stuck, p.limits = app.Die(log, os.Stderr), o.Limits
	defer p.close()
	a, err := p.controller(o.At, o.Others, flows[i], o.Rules, log)
	if err != nil {
		return err
	}
	if err := a.Start(context.Background()); err != nil {
		return err
	}
	log.Info(serving)
	go func() { // one that was overtaken ends by itself
		if err := <-a.Over(); err != nil {
			log.Info(overtaken, "err", err, "stop", a.Stop(context.Background()))
			os.Exit(0)
		}
	}()
	s := rpc.NewServer()
	if err := s.RegisterName("Desk", &Desk{here{app: a, parts: p}, jammed}); err != nil {
		return err
	}
	s.ServeCodec(jsonrpc.NewServerCodec(stdio{})) // until the parent closes it
	if err := a.Stop(context.Background()); err != nil {
		log.Warn("stop", "err", err)
	}
	return nil
}

const (
	serving   = "serving"
	overtaken = "overtaken"
)

type stdio struct{}

func (stdio) Read(b []byte) (int, error)  { return os.Stdin.Read(b) }
func (stdio) Write(b []byte) (int, error) { return os.Stdout.Write(b) }
func (stdio) Close() error                { return os.Stdin.Close() }

// Desk is what a story asks of a controller in another process; for net/rpc.
type Desk struct {
	here here
	jam  *jam
}

// PhoneArgs are a telephone's account.
type PhoneArgs struct {
	ID       hotline.PhoneID
	Password string
}

// AgentArgs are an agent at a telephone.
type AgentArgs struct {
	ID     hotline.AgentID
	Phone  hotline.PhoneID
	Skills []hotline.Skill
}

// AddPhone adds a telephone.
func (d *Desk) AddPhone(a PhoneArgs, _ *bool) error { return d.here.addPhone(a.ID, a.Password) }

// SignIn signs an agent in.
func (d *Desk) SignIn(a AgentArgs, _ *bool) error { return d.here.signIn(a.ID, a.Phone, a.Skills) }

// Ready ends an agent's pause.
func (d *Desk) Ready(id hotline.AgentID, _ *bool) error { return d.here.ready(id) }

// Pause takes an agent out of routing.
func (d *Desk) Pause(id hotline.AgentID, _ *bool) error { return d.here.pause(id) }

// SignOut takes an agent off the board, after his talk.
func (d *Desk) SignOut(id hotline.AgentID, _ *bool) error { return d.here.signOut(id) }

// child is a controller in a process of its own.
type child struct {
	cmd  *exec.Cmd
	desk *rpc.Client
	over chan struct{} // closed when the process is gone
	err  error         // how; after over

	mu    sync.Mutex
	lines []Line
	news  chan struct{} // closed and made anew with each line
}

// Line is a line of a controller's log.
type Line map[string]any

// Is tells whether the line has these attributes (name, value, name, value …).
func (l Line) Is(attrs ...string) bool {
	for i := 0; i+1 < len(attrs); i += 2 {
		if fmt.Sprint(l[attrs[i]]) != attrs[i+1] {
			return false
		}
	}
	return true
}

// pipes join a process's output and input to one connection.
type pipes struct {
	io.ReadCloser
	w io.WriteCloser
}

func (p pipes) Write(b []byte) (int, error) { return p.w.Write(b) }
func (p pipes) Close() error                { return errors.Join(p.w.Close(), p.ReadCloser.Close()) }

// startChild starts this program in a process; it is killed when this one ends.
func startChild(t testing.TB, order string) (*child, error) {
	return start(t, os.Args[0], order, false)
}

// start starts a program. elsewhere: it counts processes by itself, as on another host,
// and cannot see who is dead.
func start(t testing.TB, program, order string, elsewhere bool) (*child, error) {
	c := &child{cmd: exec.Command(program), over: make(chan struct{}), news: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), orderVar+"="+order)
	if elsewhere {
		c.cmd.SysProcAttr = &syscall.SysProcAttr{}
		c.cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWPID
		c.cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		c.cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	}
	in, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	logs, err := c.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := kin.Start(c.cmd); err != nil {
		return nil, err
	}
	go func() {
		c.follow(t, logs)
		c.err = c.cmd.Wait()
		close(c.over)
	}()
	c.desk = jsonrpc.NewClient(pipes{out, in})
	return c, nil
}

// follow keeps the log until the process is gone. What is not a line of the
// log (a panic) is shown.
func (c *child) follow(t testing.TB, logs io.Reader) {
	in := bufio.NewScanner(logs)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var l Line
		if json.Unmarshal(in.Bytes(), &l) != nil {
			l = Line{"msg": in.Text(), "level": "PANIC"}
		}
		if l["level"] != "DEBUG" || os.Getenv("HOTLINE_TEST_DEBUG") != "" {
			fmt.Fprintln(t.Output(), strings.TrimSpace(in.Text()))
		}
		c.mu.Lock()
		c.lines = append(c.lines, l)
		close(c.news)
		c.news = make(chan struct{})
		c.mu.Unlock()
	}
}

// kill ends the process as kill -9 does, and waits until it is gone.
func (c *child) kill() {
	_ = c.cmd.Process.Signal(syscall.SIGKILL)
	<-c.over
}

// saw waits for a line of the log.
func (c *child) saw(ctx context.Context, attrs ...string) (Line, error) {
	for at := 0; ; {
		c.mu.Lock()
		lines, news := c.lines[at:], c.news
		c.mu.Unlock()
		for _, l := range lines {
			if l.Is(attrs...) {
				return l, nil
			}
		}
		at += len(lines)
		select {
		case <-news:
		case <-c.over:
			return nil, fmt.Errorf("the controller ended (%v) before it said %v", c.err, attrs)
		case <-ctx.Done():
			return nil, fmt.Errorf("the controller did not say %v", attrs)
		}
	}
}

func (c *child) addPhone(id hotline.PhoneID, password string) error {
	return c.desk.Call("Desk.AddPhone", PhoneArgs{id, password}, new(bool))
}

func (c *child) signIn(id hotline.AgentID, at hotline.PhoneID, skills []hotline.Skill) error {
	return c.desk.Call("Desk.SignIn", AgentArgs{id, at, skills}, new(bool))
}

func (c *child) ready(id hotline.AgentID) error { return c.desk.Call("Desk.Ready", id, new(bool)) }
func (c *child) pause(id hotline.AgentID) error { return c.desk.Call("Desk.Pause", id, new(bool)) }
func (c *child) signOut(id hotline.AgentID) error {
	return c.desk.Call("Desk.SignOut", id, new(bool))
}

func (c *child) stop() error {
	_ = c.desk.Close()
	select {
	case <-c.over:
		return c.err
	case <-time.After(10 * time.Second):
		_ = c.cmd.Process.Signal(syscall.SIGQUIT) // it says where it hangs
		<-c.over
		return errors.New("the controller did not stop within 10 s")
	}
}
