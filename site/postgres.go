package site

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Postgres is the unpacked PostgreSQL, for tests and for trying sql.dsn: it listens
// on a socket and on no port, and all it has is in a temporary folder. It forces
// nothing to the disk, so what it confirmed outlives its own death and not the
// machine's.
type Postgres struct {
	dir, program string
	nursery      *nursery

	mu     sync.Mutex // guards what follows
	server *child
}

// StartPostgres makes an empty database and serves it when it returns, after two
// seconds or so. tools is what tools/unpack made. It stops when Stop is called, and
// at the latest when this process ends. ctx is for the starting only.
func StartPostgres(ctx context.Context, tools string) (*Postgres, error) {
	program, err := filepath.Abs(filepath.Join(tools, "bin/postgres"))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(program); err != nil {
		return nil, fmt.Errorf("there is no PostgreSQL at %s; run: make tools", program)
	}
	p := &Postgres{program: program, server: endedChild()}
	if p.dir, err = os.MkdirTemp("", "hotline-"); err != nil { // short: a socket's path has 108 bytes at most
		return nil, err
	}
	p.nursery = newNursery()
	if err = p.create(ctx); err == nil {
		err = p.Start(ctx)
	}
	if err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// create makes the files of an empty database whose only user, hotline, needs no
// password: who may open the folder is let in.
func (p *Postgres) create(ctx context.Context) error {
	hint := ""
	if os.Geteuid() == 0 {
		// PostgreSQL refuses root.
		const nobody = 65534
		p.nursery.as = &syscall.Credential{Uid: nobody, Gid: nobody}
		if err := os.Chown(p.dir, nobody, nobody); err != nil {
			return err
		}
		hint = " (in root's place it runs as nobody, who must be able to read " + p.program + ")"
	}
	c := exec.CommandContext(ctx, filepath.Join(filepath.Dir(p.program), "initdb"),
		"-D", p.data(), "-U", "hotline", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
	c.SysProcAttr, c.Dir = &syscall.SysProcAttr{Credential: p.nursery.as}, p.dir
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("PostgreSQL cannot make its files%s: %w: %s", hint, err, out)
	}
	return nil
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

// URL is where the database is, as sql.dsn and store.Options want it.
func (p *Postgres) URL() string {
	return "postgres://hotline@/postgres?host=" + url.QueryEscape(p.dir)
}

// PIDs are the server and all its processes, to be frozen; none while it does not
// run.
func (p *Postgres) PIDs() []int {
	pid := p.PID()
	if pid == 0 {
		return nil
	}
	return append([]int{pid}, offspring(pid)...)
}

// Start starts the server after Kill, with what it had confirmed.
func (p *Postgres) Start(ctx context.Context) error {
	if p.PID() != 0 {
		return errors.New("PostgreSQL runs already")
	}
	log := filepath.Join(p.dir, "log")
	c, err := p.nursery.start("PostgreSQL", log, nil, p.program, "-D", p.data(), "-k", p.dir, "-h", "", "-F",
		"-c", "dynamic_shared_memory_type=mmap") // of a killed one nothing is left in /dev/shm
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.server = c
	p.mu.Unlock()
	return awaitAnswer(ctx, c, log, func(context.Context) error { return p.serves(c.cmd.Process.Pid) })
}

// serves asks what the server says of itself in its pid file: the first line is its
// process, the eighth its state (PostgreSQL's miscadmin.h, LOCK_FILE_LINE_PM_STATUS).
func (p *Postgres) serves(pid int) error {
	b, err := os.ReadFile(filepath.Join(p.data(), "postmaster.pid"))
	if err != nil {
		return err
	}
	lines := strings.Split(string(b), "\n")
	if len(lines) < 8 || lines[0] != strconv.Itoa(pid) || strings.TrimSpace(lines[7]) != "ready" {
		return errors.New("it does not say that it is ready")
	}
	return nil
}

// PID is the server's process; 0: it does not run.
func (p *Postgres) PID() int {
	c := p.child()
	if c.ended() {
		return 0
	}
	return c.cmd.Process.Pid
}

func (p *Postgres) child() *child {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.server
}

// Kill ends the server and all its processes as a crash would, in the middle of
// whatever they write, and returns when none is left.
func (p *Postgres) Kill() {
	c := p.child()
	if c.ended() {
		return
	}
	pid := c.cmd.Process.Pid
	c.signal(syscall.SIGSTOP) // it gives birth to no more of them
	all := offspring(pid)
	for _, each := range all {
		_ = syscall.Kill(each, syscall.SIGKILL)
	}
	c.kill()
	// One that is not yet gone would hold the memory that the next start wants.
	for end := time.Now().Add(5 * time.Second); slices.ContainsFunc(all, alive) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// offspring lists the children of a process, those of all its threads.
func offspring(pid int) (pids []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		b, _ := os.ReadFile(list) // the thread may end meanwhile
		for _, word := range strings.Fields(string(b)) {
			if n, err := strconv.Atoi(word); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}

// alive tells whether a process still holds anything; one that waits to be buried
// does not (proc_pid_stat(5)).
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(b), ") ")
	return err == nil && !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// Stop ends the server in order; nothing is left of it. It may be called twice.
func (p *Postgres) Stop() {
	c := p.child()
	c.signal(syscall.SIGINT) // do not wait for those who are connected (fast shutdown)
	select {
	case <-c.over:
	case <-time.After(10 * time.Second):
		p.Kill()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.nursery != nil {
		p.nursery.close()
		p.nursery = nil
	}
	_ = os.RemoveAll(p.dir)
}
