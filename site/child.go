package site

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// nursery starts children from one thread that lives as long as the nursery: the
// kernel kills them when the thread that started them ends, so that thread must
// be nobody else's.
type nursery struct {
	births chan birth
	done   chan struct{}
	as     *syscall.Credential // who the children are; nil: we
}

type birth struct {
	cmd *exec.Cmd
	err chan error
}

func newNursery() *nursery {
	n := &nursery{births: make(chan birth), done: make(chan struct{})}
	go n.run()
	return n
}

// run is the thread; it is left locked, so it ends with the goroutine.
func (n *nursery) run() {
	runtime.LockOSThread()
	defer close(n.done)
	for b := range n.births {
		b.err <- b.cmd.Start()
	}
}

// close ends the thread, and with it every child that still runs.
func (n *nursery) close() {
	close(n.births)
	<-n.done
}

// child is one program of the site.
type child struct {
	name string
	cmd  *exec.Cmd
	over chan struct{} // closed when it has ended
	err  error         // why; read it after over
}

// start runs program so that it dies with us, its words going into log.
func (n *nursery) start(name, log string, env []string, program string, args ...string) (*child, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, cannotWrite(filepath.Dir(log), err)
	}
	defer out.Close()
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(os.Environ(), env...)
	// Its own process group: Ctrl-C is for us, and we stop it in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true, Credential: n.as}
	b := birth{cmd: cmd, err: make(chan error, 1)}
	n.births <- b
	if err := <-b.err; err != nil {
		return nil, fmt.Errorf("%s cannot be started; is it unpacked (make tools)? %w", name, err)
	}
	c := &child{name: name, cmd: cmd, over: make(chan struct{})}
	go func() {
		c.err = cmd.Wait()
		close(c.over)
	}()
	return c, nil
}

// guardScript waits until whoever started it is gone, and then ends a family of
// processes; a line instead sends it home.
const guardScript = `read -r _ || kill -s KILL -- "-$0"`

// guard sees to it that a child's own children end with us, however we end: the
// kernel's word for that (Pdeathsig) reaches the child alone. done sends it home,
// after it has ended whoever of the family is left.
func (n *nursery) guard(c *child) (done func(), err error) {
	cmd := exec.Command("/bin/sh", "-c", guardScript, strconv.Itoa(c.cmd.Process.Pid))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: n.as}
	line, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("nobody can watch over %s: %w", c.name, err)
	}
	return func() {
		_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
		_, _ = line.Write([]byte("done\n"))
		_ = line.Close()
		_ = cmd.Wait()
	}, nil
}

// stop ends the child politely, and by force when it takes longer than patience.
func (c *child) stop(patience time.Duration) {
	c.signal(syscall.SIGTERM)
	select {
	case <-c.over:
	case <-time.After(patience):
		c.kill()
	}
}

// kill ends the child at once and waits until it is gone.
func (c *child) kill() {
	c.signal(syscall.SIGKILL)
	<-c.over
}

// signal is nothing once the child has ended: its number may be another's then.
func (c *child) signal(sig os.Signal) {
	if c.ended() {
		return
	}
	if err := c.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		c.cmd.Process.Kill()
	}
}

// ended tells whether the child has ended.
func (c *child) ended() bool {
	select {
	case <-c.over:
		return true
	default:
		return false
	}
}

// endedChild is a child that there is none of.
func endedChild() *child {
	c := &child{over: make(chan struct{})}
	close(c.over)
	return c
}
