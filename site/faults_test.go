package site_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	asteriskconfig "hotline/asterisk-config"
	"hotline/site"
	"hotline/site/sitetest"
)

// Whatever is wrong is said in one sentence that tells what would be right.
func TestWhatIsWrongIsSaidPlainly(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	busy := taken.Addr().(*net.TCPAddr).Port
	running := sitetest.Start(t).Addresses().Dir
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	old := script(t, "echo Asterisk 20.9.2")
	broken := script(t, "exit 7")

	for _, fault := range []struct {
		name string
		make func(*site.Options)
		want string
	}{
		{"no tools", func(o *site.Options) { o.Tools = t.TempDir() }, "make tools"},
		{"another Asterisk", func(o *site.Options) { o.Asterisk = old }, "needs Asterisk 22"},
		{"an Asterisk that does not run", func(o *site.Options) { o.Asterisk = broken }, "does not run"},
		{"the SIP port is in use", func(o *site.Options) { o.SIPPort = busy }, "port " + strconv.Itoa(busy) + " for SIP is in use"},
		{"the ARI port is in use", func(o *site.Options) { o.ARIPort = busy }, "for ARI is in use"},
		{"the Redis port is in use", func(o *site.Options) { o.RedisPort = busy }, "for Redis is in use"},
		{"the folder is a file", func(o *site.Options) { o.Dir = file }, "cannot be used"},
		{"the folder cannot be made", func(o *site.Options) { o.Dir = "/proc/hotline" }, "/proc/hotline"},
		{"a site runs there", func(o *site.Options) { o.Dir = running }, "already runs"},
		{"no address", func(o *site.Options) { o.Listen = "everywhere" }, "0.0.0.0"},
		{"an address that is not ours", func(o *site.Options) { o.Listen = "192.0.2.1" }, "192.0.2.1"},
		{"keys by pigeon", func(o *site.Options) { o.DTMF = "pigeon" }, "rfc4733"},
		{"a duty phone that dials", func(o *site.Options) { o.DutyPhones = []string{"8001&PJSIP/1@trunk"} }, "extension such as 8001"},
		{"a line end in a contact", func(o *site.Options) {
			o.StaticPhones = []asteriskconfig.Phone{{ID: "1", Contact: "sip:1@127.0.0.1\nallow=all"}}
		}, "line ends"},
		{"sound ports the wrong way round", func(o *site.Options) { o.RTPFirst, o.RTPLast = 20000, 10000 }, "no range"},
		{"a gate everywhere", func(o *site.Options) { o.Gate.Host = "0.0.0.0" }, "an address of its own"},
		{"a gate where telephones are", func(o *site.Options) { o.Gate.Host = "127.0.0.1" }, "an address of its own"},
		{"a gate outside, Asterisk inside", func(o *site.Options) { o.Gate.Host = "192.0.2.1" }, "set sip.listen"},
		{"a gate for a name", func(o *site.Options) { o.Gate.Host, o.TrunkMatch = gateHost, []string{"trunk.example"} }, "no address of the trunk"},
		{"a gate that is not there", func(o *site.Options) { o.Gate = site.Gate{Host: gateHost, Program: "/nowhere/kamailio"} }, "make tools"},
		{"a bench without members", func(o *site.Options) { o.Bench = true }, "at least one"},
	} {
		t.Run(fault.name, func(t *testing.T) {
			o := site.Options{Dir: t.TempDir(), Tools: sitetest.Tools(t), PortsFrom: 10000}
			fault.make(&o)
			s, err := site.Start(t.Context(), o)
			if err == nil {
				s.Stop()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), fault.want) {
				t.Errorf("it says %q, without %q", err, fault.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

// A folder that an ordinary user cannot write to, and a disk that is full, are
// told apart.
func TestAFolderThatCannotBeWritten(t *testing.T) {
	for _, fault := range []struct {
		err  error
		want string
	}{
		{syscall.ENOSPC, "no room is left"},
		{syscall.EDQUOT, "no room is left"},
		{syscall.EROFS, "cannot be written to"},
		{os.ErrPermission, "cannot be written to"},
		{errors.New("odd"), "cannot be used"},
	} {
		if said := site.CannotWrite("/somewhere", &os.PathError{Op: "open", Path: "/somewhere/x", Err: fault.err}); !strings.Contains(said.Error(), fault.want) {
			t.Errorf("%v is told as %q", fault.err, said)
		}
	}
}

// script makes a small program.
func script(t *testing.T, line string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "asterisk")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+line+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// A folder with a long name has no room for Asterisk's control socket.
func TestALongFolderWithASpace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a folder with spaces", strings.Repeat("long", 30))
	s := sitetest.Start(t, func(o *site.Options) { o.Dir = dir })
	if s.AsteriskPID() == 0 {
		t.Error("it does not run")
	}
}

// A log does not grow from start to start without end.
func TestALargeLogIsPutAside(t *testing.T) {
	dir := t.TempDir()
	logs := filepath.Join(dir, "asterisk/logs")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(logs, "messages.log")
	if err := os.WriteFile(large, make([]byte, 11<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	sitetest.Start(t, func(o *site.Options) { o.Dir = dir })
	if now, err := os.Stat(large); err != nil || now.Size() > 1<<20 {
		t.Errorf("the log was continued: %v, %v", now, err)
	}
	if _, err := os.Stat(large + ".1"); err != nil {
		t.Error(err)
	}
}

// Asterisk starts without SIP where its port was taken meanwhile; that counts as
// not started.
func TestThePortIsTakenMeanwhile(t *testing.T) {
	s := sitetest.Start(t)
	s.KillAsterisk()
	thief, err := net.ListenPacket("udp", s.Addresses().SIP)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.StartAsterisk(t.Context()); err == nil || !strings.Contains(err.Error(), s.Addresses().SIP) {
		t.Errorf("it says %v", err)
	}
	thief.Close()
	s.KillAsterisk()
	if err := s.StartAsterisk(t.Context()); err != nil {
		t.Error(err)
	}
}
