// Package cli tries the commands as an operator has them: bad input and bad
// luck, each told in one plain sentence with exit code 1. The scripts stand in
// testdata, one story a file; the programs are the real ones.
package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"hotline/site"
	"hotline/site/sitetest"
)

// program is where the tests' own hotline is built; TestMain sets the variable.
const program = "HOTLINE_CLI_PROGRAM"

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "hotline-cli")
	if err == nil {
		err = build(dir)
	}
	if err == nil {
		err = os.Setenv(program, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func build(dir string) error {
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "hotline"), "../../cmd/hotline")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// longest is how long all stories together may take.
const longest = 3 * time.Minute

func TestCommands(t *testing.T) {
	tools := sitetest.Tools(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Deadline:            time.Now().Add(longest),
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", os.Getenv(program)+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("TOOLS", tools)
			// Tones take no time to speak; the budgets hold for them too.
			e.Setenv("HOTLINE_VOICE_SPEAKER", "tones")
			if err := os.Symlink(tools, e.Getenv("WORK")+"/.tools"); err != nil {
				return err
			}
			return os.CopyFS(e.Getenv("WORK")+"/configs", os.DirFS(filepath.Join(filepath.Dir(tools), "configs")))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sentence": sentence, "ready": ready, "site": startSite, "taken": taken, "disk": disk, "swap": swap, "year": year, "secret": secret, "booked": booked, "gone": gone,
		},
	})
}

// sentence PATTERN: the last command failed and said one sentence that matches,
// on one line, without Go's own words for a crash.
func sentence(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sentence pattern")
	}
	said := strings.TrimSpace(ts.ReadFile("stderr"))
	switch {
	case !strings.HasPrefix(said, "hotline: "):
		ts.Fatalf("it should say a sentence that begins with hotline: and said %q", said)
	case strings.Contains(said, "\n"):
		ts.Fatalf("it should say one sentence and said %q", said)
	case strings.Contains(said, "goroutine ") || strings.Contains(said, "Usage:"):
		ts.Fatalf("it said more than a sentence: %q", said)
	case !regexp.MustCompile(args[0]).MatchString(said):
		ts.Fatalf("%q does not say %s", said, args[0])
	}
}

// ready DIR waits until the hotline of DIR serves.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready folder")
	}
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		at, err := site.Read(ts.MkAbs(args[0]))
		if err != nil {
			continue
		}
		if resp, err := client.Get("http://" + at.API + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
	}
	log, _ := os.ReadFile(ts.MkAbs(args[0]) + "/controller.log")
	ts.Fatalf("nothing serves in %s; the controller said:\n%s", args[0], log)
}

// gone FILE waits until the process whose number stands in FILE is no more: whoever
// is killed takes a moment to die.
func gone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: gone file")
	}
	pid, err := strconv.Atoi(ts.ReadFile(args[0]))
	ts.Check(err)
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		// A zombie has no command line any more; whoever adopted it may leave it so.
		if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err != nil || len(b) == 0 {
			return
		}
	}
	ts.Fatalf("process %d still runs", pid)
}

// site DIR runs Asterisk and Redis in DIR, without a controller.
func startSite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: site folder")
	}
	s, err := site.Start(context.Background(), site.Options{Dir: ts.MkAbs(args[0]), Tools: ts.Getenv("TOOLS"), PortsFrom: 10000})
	ts.Check(err)
	ts.Defer(s.Stop)
}

// taken NAME opens a port for the length of the story and puts its number into
// the variable NAME.
func taken(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: taken variable")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0], port)
}

// disk full|readonly DIR makes DIR a disk of 1 MB, or one that cannot be
// written to. Where nobody may mount, the same is told by a file that takes
// nothing (/dev/full), or by a folder's rights (/sys for root).
func disk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: disk full|readonly folder")
	}
	dir := ts.MkAbs(args[1])
	ts.Check(os.MkdirAll(dir, 0o755))
	var flags uintptr
	if args[0] == "readonly" {
		flags = syscall.MS_RDONLY
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, "size=1m"); err == nil {
		ts.Defer(func() { _ = syscall.Unmount(dir, 0) })
		return
	}
	switch {
	case args[0] == "full":
		ts.Check(os.Symlink("/dev/full", dir+"/site.json.new"))
	case os.Getuid() == 0:
		ts.Check(os.Remove(dir))
		ts.Check(os.Symlink("/sys", dir))
	default:
		ts.Check(os.Chmod(dir, 0o555))
		ts.Defer(func() { _ = os.Chmod(dir, 0o755) })
	}
}

// swap FILE OLD NEW replaces the first OLD in FILE, which must have it. \n is a
// new line.
func swap(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: swap file old new")
	}
	lines := strings.NewReplacer(`\n`, "\n")
	text, was := ts.ReadFile(args[0]), lines.Replace(args[1])
	if !strings.Contains(text, was) {
		ts.Fatalf("%s has no %q", args[0], was)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, was, lines.Replace(args[2]), 1)), 0o644))
}

// year NAME puts this year into the variable NAME.
func year(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: year variable")
	}
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	ts.Check(err)
	ts.Setenv(args[0], strconv.Itoa(time.Now().In(shanghai).Year()))
}

// secret FILE writes the last line of the last command's output that names a
// password, the password alone, into FILE.
func secret(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: secret file")
	}
	found := regexp.MustCompile(`Password (\S+)`).FindStringSubmatch(ts.ReadFile("stdout"))
	if found == nil {
		ts.Fatalf("no password was shown")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(found[1]+"\n"), 0o600))
}

// booked DIR PATTERN waits until the tickets of DIR match: a call is booked a
// moment after its end.
func booked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: booked folder pattern")
	}
	want := regexp.MustCompile(args[1])
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		ts.Check(ts.Exec("hotline", "ticket", "list", "--var", args[0]))
		if want.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("no ticket matches %s", args[1])
}
