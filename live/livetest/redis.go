package livetest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotline/kin"
)

// Redis is a real Redis on a free port with a folder of its own, which a test
// may kill, freeze and start again. It ends with the test.
type Redis struct {
	Address string
	binary  string
	dir     string
	options []string
	running *exec.Cmd
}

// StartRedis starts one, with further lines of its configuration; the program is
// REDIS_SERVER or the one in .tools.
func StartRedis(t testing.TB, options ...string) *Redis {
	t.Helper()
	r := &Redis{binary: redisServer(t), dir: t.TempDir(), Address: freeAddress(t), options: options}
	t.Cleanup(r.Kill)
	r.Start(t)
	return r
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func redisServer(t testing.TB) string {
	t.Helper()
	if b := os.Getenv("REDIS_SERVER"); b != "" {
		return b
	}
	dir, err := os.Getwd()
	for err == nil && dir != "/" {
		if b := filepath.Join(dir, ".tools/bin/redis-server"); exists(b) {
			return b
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no .tools/bin/redis-server above this folder: run make tools, or name one in REDIS_SERVER")
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Start starts it (again) and waits until it answers; what the appended file
// holds is there again.
func (r *Redis) Start(t testing.TB) {
	t.Helper()
	host, port, _ := net.SplitHostPort(r.Address)
	r.running = exec.Command(r.binary, "-", "--bind", host, "--port", port, "--dir", r.dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--logfile", "redis.log")
	r.running.Stdin = strings.NewReader(strings.Join(r.options, "\n")) // not among the arguments: a password can be read there
	if err := kin.Start(r.running); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if got, err := r.ask("PING"); err == nil && strings.HasPrefix(got, "+PONG") {
			return
		}
		if time.Now().After(end) {
			log, _ := os.ReadFile(filepath.Join(r.dir, "redis.log"))
			t.Fatalf("Redis does not answer:\n%s", log)
		}
	}
}

// Kill ends it at once, as a power cut does.
func (r *Redis) Kill() {
	if r.running != nil {
		r.running.Process.Kill()
		r.running.Wait()
		r.running = nil
	}
}

// Freeze stops it so that it keeps its connections and answers nothing.
func (r *Redis) Freeze() { r.running.Process.Signal(syscall.SIGSTOP) }

// Thaw lets it go on.
func (r *Redis) Thaw() { r.running.Process.Signal(syscall.SIGCONT) }

// Empty makes the Redis at an address forget everything.
func Empty(t testing.TB, address, password string) {
	t.Helper()
	r := &Redis{Address: address, options: []string{"requirepass " + password}}
	r.Empty(t)
}

// Empty makes it forget everything, scripts too.
func (r *Redis) Empty(t testing.TB) {
	t.Helper()
	for _, command := range []string{"FLUSHALL", "SCRIPT FLUSH"} {
		if _, err := r.ask(command); err != nil {
			t.Fatal(err)
		}
	}
}

// Stats gives the microseconds that one call of the command took on average in
// the server since it was reset.
func (r *Redis) Stats(t testing.TB, command string) (calls int, usec float64) {
	t.Helper()
	got, err := r.ask("INFO commandstats")
	if err != nil {
		t.Fatal(err)
	}
	_, line, ok := strings.Cut(got, "cmdstat_"+command+":")
	if !ok {
		t.Fatalf("Redis counted no %s", command)
	}
	var all int
	fmt.Sscanf(line, "calls=%d,usec=%d,usec_per_call=%f", &calls, &all, &usec)
	return calls, usec
}

// ResetStats sets the statistics back.
func (r *Redis) ResetStats(t testing.TB) {
	t.Helper()
	if _, err := r.ask("CONFIG RESETSTAT"); err != nil {
		t.Fatal(err)
	}
}

// Do sends one command, its words quoted as redis-cli wants them.
func (r *Redis) Do(t testing.TB, command string) {
	t.Helper()
	if got, err := r.ask(command); err != nil || strings.HasPrefix(got, "-") {
		t.Fatalf("%s: %s, %v", command, got, err)
	}
}

// ask sends one inline command and reads what comes in one piece.
func (r *Redis) ask(command string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.Address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Second))
	buf := make([]byte, 64<<10)
	if p := r.password(); p != "" {
		if _, err := fmt.Fprintf(c, "AUTH %s\r\n", p); err != nil {
			return "", err
		}
		if _, err := c.Read(buf); err != nil {
			return "", err
		}
	}
	if _, err := c.Write([]byte(command + "\r\n")); err != nil {
		return "", err
	}
	n, err := c.Read(buf)
	return string(buf[:n]), err
}

func (r *Redis) password() string {
	for _, o := range r.options {
		if p, ok := strings.CutPrefix(o, "requirepass "); ok {
			return p
		}
	}
	return ""
}
