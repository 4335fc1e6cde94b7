// Package security looks at a running hotline from outside, as whoever has a shell
// on its machine: what listens where, and where its secrets can be read.
package security

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotline/site"
	"hotline/site/sitetest"
)

// programVar is where the tests' own hotline is built.
const programVar = "HOTLINE_SECURITY_PROGRAM"

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "hotline-security")
	if err == nil {
		err = os.Setenv(programVar, filepath.Join(dir, "hotline"))
	}
	if err == nil {
		cmd := exec.Command("go", "build", "-o", os.Getenv(programVar), "../../cmd/hotline")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		cmd.Stderr = os.Stderr
		err = cmd.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// running is a hotline as make run starts it.
type running struct {
	testing.TB
	work string
	cmd  *exec.Cmd
	said *sitetest.Said
	at   site.Addresses
}

// run starts `hotline run` with settings beside the usual ones.
func run(t *testing.T, env ...string) *running {
	t.Helper()
	tools := sitetest.Tools(t)
	r := &running{TB: t, work: t.TempDir(), said: &sitetest.Said{}}
	r.must(os.Symlink(tools, filepath.Join(r.work, ".tools")))
	r.must(os.CopyFS(filepath.Join(r.work, "configs"), os.DirFS(filepath.Join(filepath.Dir(tools), "configs"))))
	// Tones take no time to speak.
	r.cmd = r.command(append(env, "HOTLINE_VOICE_SPEAKER=tones"), "run")
	r.cmd.Stdout, r.cmd.Stderr = r.said, r.said
	r.must(r.cmd.Start())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = r.cmd.Wait() }()
	t.Cleanup(func() {
		_ = r.cmd.Process.Signal(syscall.SIGINT)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = r.cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("hotline run said:\n%s", r.said)
		}
	})
	r.ready()
	return r
}

func (r *running) command(env []string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Getenv(programVar), append(args, "--var", "v")...)
	cmd.Dir, cmd.Env = r.work, append(os.Environ(), env...)
	return cmd
}

// hotline runs a command and gives what it says.
func (r *running) hotline(args ...string) string {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 30*time.Second)
	defer cancel()
	cmd := r.command([]string{"HOTLINE_VOICE_SPEAKER=tones"}, args...)
	done := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer done.Stop()
	out, err := cmd.CombinedOutput()
	if err != nil || ctx.Err() != nil {
		r.Fatalf("hotline %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (r *running) ready() {
	r.Helper()
	client := &http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var err error
		if r.at, err = site.Read(filepath.Join(r.work, "v")); err != nil {
			continue
		}
		if res, err := client.Get("http://" + r.at.API + "/readyz"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
	}
	r.Fatalf("the hotline does not serve; it said:\n%s", r.said)
}

func (r *running) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// family are the processes that hotline run started, itself included.
func (r *running) family() []int {
	r.Helper()
	parents := map[int]int{}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	r.must(err)
	for _, dir := range dirs {
		b, err := os.ReadFile(dir + "/stat")
		if err != nil {
			continue // gone meanwhile
		}
		// pid (name) state parent …, and a name may hold anything but its last ).
		rest := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		pid, _ := strconv.Atoi(filepath.Base(dir))
		parents[pid], _ = strconv.Atoi(rest[1])
	}
	family := []int{r.cmd.Process.Pid}
	for i := 0; i < len(family); i++ {
		for pid, parent := range parents {
			if parent == family[i] {
				family = append(family, pid)
			}
		}
	}
	if len(family) < 4 { // run, serve, Asterisk, Redis
		r.Fatalf("only %v run", family)
	}
	return family
}

// secrets are all that this hotline knows, by where each may stand.
func (r *running) secrets() map[string]string {
	r.Helper()
	known := map[string]string{}
	for _, name := range []string{"ari-boot", "redis"} {
		b, err := os.ReadFile(filepath.Join(r.at.Secrets, name))
		r.must(err)
		known[name] = strings.TrimSpace(string(b))
	}
	var demo struct {
		Phones, PINs map[string]string
		Token        string
	}
	b, err := os.ReadFile(filepath.Join(r.at.Secrets, "demo.json"))
	r.must(err)
	r.must(json.Unmarshal(b, &demo))
	for id, password := range demo.Phones {
		known["phone "+id] = password
	}
	known["token"] = demo.Token
	for _, word := range known {
		if len(word) < 20 {
			r.Fatalf("a secret is %d signs long", len(word))
		}
	}
	// A PIN has six figures, which stand in a log by chance; they are looked for with
	// what they are dialled with.
	for id, pin := range demo.PINs {
		known["PIN of "+id] = "*" + id + "#" + pin
	}
	return known
}

// A secret stands in its file and in the files of the program that checks it, which
// only their owner can read; in no log, argument list, environment or answer.
func TestSecretsStayInTheirFiles(t *testing.T) {
	r := run(t)
	// Let each be used: an agent signs in, a citizen calls, wrong passwords are tried.
	agent := r.command(nil, "agent", "8001", "--as", "1001", "--calls", "1", "--talk", "1s")
	agent.Stdout, agent.Stderr = r.said, r.said
	r.must(agent.Start())
	time.Sleep(2 * time.Second)
	r.hotline("call", "12345", "--keys", "0", "--hangup", "12s")
	_ = agent.Process.Signal(syscall.SIGINT)
	_ = agent.Wait()
	tickets := ""
	for end := time.Now().Add(10 * time.Second); !strings.Contains(tickets, "answered") && time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		tickets = r.hotline("ticket", "list")
	}
	if !strings.Contains(tickets, "answered") {
		t.Errorf("the agent was not signed in, or did not answer: %s", tickets)
	}
	r.hotline("reload")
	before := r.secrets()
	r.hotline("rotate", "ari")
	r.hotline("rotate", "redis")
	shown := r.hotline("rotate", "phone", "8002") + r.hotline("rotate", "token", "demo")
	secrets := r.secrets()
	for name, word := range before {
		if now := secrets[name]; slices.Contains([]string{"ari-boot", "redis", "phone 8002", "token"}, name) != (now != word) {
			t.Errorf("%s: rotated is %v", name, now != word)
		}
	}
	if !strings.Contains(shown, secrets["phone 8002"]) || !strings.Contains(shown, secrets["token"]) {
		t.Errorf("what was made anew is not shown: %s", shown)
	}
	for name, word := range before {
		secrets["old "+name] = word
	}
	r.processes(secrets)
	r.files(secrets)
	for name, word := range secrets {
		if strings.Contains(r.said.String(), word) {
			t.Errorf("the secret %s is on the screen", name)
		}
	}
	for _, path := range []string{"/metrics", "/readyz", "/healthz", "/api/v1/openapi.json", "/"} {
		res, err := http.Get("http://" + r.at.API + path)
		r.must(err)
		var b bytes.Buffer
		_, err = b.ReadFrom(res.Body)
		r.must(err)
		_ = res.Body.Close()
		for name, word := range secrets {
			if strings.Contains(b.String(), word) {
				t.Errorf("%s tells the secret %s", path, name)
			}
		}
	}
}

// processes looks through what any user of the machine can list.
func (r *running) processes(secrets map[string]string) {
	r.Helper()
	for _, pid := range r.family() {
		for _, file := range []string{"cmdline", "environ"} {
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
			r.must(err)
			for name, word := range secrets {
				if bytes.Contains(b, []byte(word)) {
					r.Errorf("/proc/%d/%s holds the secret %s", pid, file, name)
				}
			}
		}
	}
}

// files looks through everything that the hotline wrote.
func (r *running) files(secrets map[string]string) {
	r.Helper()
	may := map[string]string{ // besides secrets/: what the programs read
		"asterisk/config/ari.conf": "ari-boot", "redis/redis.conf": "redis",
	}
	seen := 0
	r.must(filepath.WalkDir(r.at.Dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		r.must(err)
		info, err := d.Info()
		r.must(err)
		name, err := filepath.Rel(r.at.Dir, path)
		r.must(err)
		for secret, word := range secrets {
			if !bytes.Contains(b, []byte(word)) {
				continue
			}
			seen++
			if info.Mode().Perm()&0o077 != 0 {
				r.Errorf("%s holds the secret %s and has the mode %v", name, secret, info.Mode().Perm())
			}
			if !strings.HasPrefix(name, "secrets/") && may[name] != secret {
				r.Errorf("%s holds the secret %s", name, secret)
			}
		}
		return nil
	}))
	if seen < len(may)*2 {
		r.Errorf("secrets were found in %d places only: this looks at the wrong files", seen)
	}
}
