package site_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotline/pbx/ari"
	"hotline/phone"
	"hotline/site"
	"hotline/site/sitetest"
)

// asParent makes the test binary a program that runs a site until it is killed.
const asParent = "HOTLINE_SITE_TEST_PARENT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asParent); dir != "" {
		s, err := site.Start(context.Background(), site.Options{Dir: dir, Tools: os.Getenv("HOTLINE_SITE_TEST_TOOLS"), PortsFrom: 10000, Gate: site.Gate{Host: gateHost}})
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println(s.AsteriskPID(), s.RedisPID())
		select {}
	}
	os.Exit(m.Run())
}

// However the site's parent ends, nothing of it stays behind, and what its files
// say is not believed.
func TestChildrenDieWithTheirParent(t *testing.T) {
	dir := t.TempDir()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), asParent+"="+dir, "HOTLINE_SITE_TEST_TOOLS="+sitetest.Tools(t))
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer parent.Process.Kill()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var asterisk, redis int
	if _, err := fmt.Sscan(line, &asterisk, &redis); err != nil {
		t.Fatalf("the parent said %q", line)
	}
	if a, err := site.Read(dir); err != nil || a.PID != parent.Process.Pid {
		t.Errorf("Read gives process %d, %v while it runs", a.PID, err)
	}
	if len(gateProcesses(dir)) == 0 {
		t.Error("no gate runs")
	}
	parent.Process.Kill()
	parent.Wait()
	within(t, 2*time.Second, "the gate is gone", func() bool { return len(gateProcesses(dir)) == 0 })
	for _, pid := range []int{asterisk, redis} {
		within(t, 2*time.Second, fmt.Sprint("process ", pid, " is gone"), func() bool { return gone(pid) })
	}
	if _, err := site.Read(dir); !errors.Is(err, site.ErrNotRunning) {
		t.Errorf("the killed site still counts as running: %v", err)
	}
	again := sitetest.Start(t, func(o *site.Options) { o.Dir = dir })
	if again.AsteriskPID() == 0 {
		t.Error("no site can start in a killed one's folder")
	}
}

// gone tells whether a process has ended; one that nobody has waited for counts.
func gone(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestStopEndsEverything(t *testing.T) {
	dir := t.TempDir()
	s := sitetest.Start(t, func(o *site.Options) { o.Dir, o.Gate = dir, site.Gate{Host: gateHost} })
	asterisk, redis, at := s.AsteriskPID(), s.RedisPID(), s.Addresses()
	s.Stop()
	for _, pid := range []int{asterisk, redis} {
		if !gone(pid) {
			t.Errorf("process %d stays", pid)
		}
	}
	if left := gateProcesses(dir); len(left) > 0 {
		t.Errorf("of the gate the processes %v stay", left)
	}
	for _, address := range []string{at.Redis, strings.TrimPrefix(at.ARI, "http://")} {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			t.Errorf("%s is still open", address)
		}
	}
	if _, err := site.Read(dir); !errors.Is(err, site.ErrNotRunning) {
		t.Errorf("the stopped site counts as running: %v", err)
	}
	s.Stop() // twice is once
}

// Two sites on one machine have nothing in common.
func TestTwoSitesSideBySide(t *testing.T) {
	a, b := sitetest.Start(t).Addresses(), sitetest.Start(t).Addresses()
	if a.SIP == b.SIP || a.ARI == b.ARI || a.Redis == b.Redis || a.API == b.API {
		t.Errorf("they share an address: %+v and %+v", a, b)
	}
	if a.RTPFirst <= b.RTPLast && b.RTPFirst <= a.RTPLast {
		t.Errorf("they share sound ports: %d-%d and %d-%d", a.RTPFirst, a.RTPLast, b.RTPFirst, b.RTPLast)
	}
	pa, _ := a.RedisPassword()
	pb, _ := b.RedisPassword()
	if pa == "" || pa == pb {
		t.Error("they share a password")
	}
}

// What Redis was told is there again after a crash, but for the last second.
func TestRedisKeepsWhatItWasTold(t *testing.T) {
	s := sitetest.Start(t)
	password, err := s.Addresses().RedisPassword()
	if err != nil {
		t.Fatal(err)
	}
	ask := func(words ...string) string {
		c := exec.Command(filepath.Join(sitetest.Tools(t), "bin/redis-cli"), append([]string{"-p", port(s.Addresses().Redis)}, words...)...)
		c.Env = append(os.Environ(), "REDISCLI_AUTH="+password)
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	if said := ask("SET", "word", "kept"); said != "OK" {
		t.Fatal(said)
	}
	time.Sleep(1200 * time.Millisecond)
	s.KillRedis()
	if err := s.StartRedis(t.Context()); err != nil {
		t.Fatal(err)
	}
	if said := ask("GET", "word"); said != "kept" {
		t.Errorf("Redis says %q", said)
	}
	if err := s.RestartRedis(t.Context()); err != nil {
		t.Fatal(err)
	}
	if said := ask("GET", "word"); said != "kept" {
		t.Errorf("Redis says %q after a restart", said)
	}
	password = "wrong"
	if said := ask("GET", "word"); said == "kept" {
		t.Error("Redis answers without its password")
	}
	select {
	case err := <-s.Died():
		t.Errorf("what was asked for is told as an accident: %v", err)
	default:
	}
}

func port(address string) string { return address[strings.LastIndex(address, ":")+1:] }

func TestAPartThatDiesIsTold(t *testing.T) {
	s := sitetest.Start(t)
	if err := syscall.Kill(s.RedisPID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.Died():
		if !strings.Contains(err.Error(), "Redis") {
			t.Error(err)
		}
	case <-time.After(3 * time.Second):
		t.Error("nobody was told")
	}
}

// Nothing but loopback is open, the sound of a call included.
func TestOnlyLoopbackIsOpen(t *testing.T) {
	s := sitetest.Start(t)
	c := control(t, s)
	push(t, c, "8001", "a-secret")
	p := telephone(t, phone.Options{Server: s.Addresses().SIP, Number: "8001", Password: "a-secret"})
	if err := p.Register(soon(t)); err != nil {
		t.Fatal(err)
	}
	citizen(t, s, "12345", phone.DialOptions{})
	c.await(t, ari.StasisStart)
	if err := c.Do(t.Context(), ari.Originate{Channel: "agent.1001", Endpoint: "PJSIP/8001", App: site.ARIApp}.Request()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.NextCall(soon(t)); err != nil {
		t.Fatal(err)
	}
	for _, pid := range []int{s.AsteriskPID(), s.RedisPID()} {
		open := sockets(t, pid)
		if len(open) == 0 {
			t.Fatal("no socket was found; the test sees nothing")
		}
		wide := 0
		for _, o := range open {
			switch {
			case o.loopback:
			case o.table == "udp" || o.table == "udp6":
				wide++
				if o.port < 32768 {
					t.Errorf("port %d (%s) is open to everybody", o.port, o.table)
				}
			default:
				t.Errorf("port %d (%s) is open to everybody", o.port, o.table)
			}
		}
		// The SIP library takes the answers of name servers on two ports that the
		// kernel chose; that cannot be configured away.
		if wide > 2 {
			t.Errorf("%d UDP ports are open to everybody", wide)
		}
	}
}

// socket is one that a process has bound.
type socket struct {
	table    string // tcp, udp, tcp6, udp6
	port     int
	loopback bool
}

// sockets gives what a process has bound.
func sockets(t *testing.T, pid int) (bound []socket) {
	t.Helper()
	mine := map[string]bool{}
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil && strings.HasPrefix(to, "socket:[") {
			mine[strings.Trim(to[len("socket:"):], "[]")] = true
		}
	}
	for _, table := range []string{"tcp", "udp", "tcp6", "udp6"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			continue // a machine without IPv6
		}
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			if len(f) < 10 || !mine[f[9]] {
				continue
			}
			address, hex, _ := strings.Cut(f[1], ":")
			port, err := strconv.ParseInt(hex, 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			// An IPv4 address stands there with its last byte first.
			bound = append(bound, socket{table, int(port), len(address) == 8 && strings.HasSuffix(address, "7F")})
		}
	}
	return bound
}
