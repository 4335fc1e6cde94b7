package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"hotline"
	"hotline/app"
	"hotline/city"
	"hotline/store"
)

// program builds hotline, the program that is measured.
func program(ctx context.Context, root, dir string) (string, error) {
	file := filepath.Join(dir, "hotline")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", file, "./cmd/hotline")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build cmd/hotline: %w: %s", err, lastLine(string(out)))
	}
	return file, nil
}

// notice is the one prompt that is left out of the flow: nothing is recorded.
const notice = "notice.recording"

// serve starts `hotline serve` on the city's own folder with a profile, wrap-up 0,
// recording off and further settings, and signs an agent in at each telephone through
// the API.
func (w *world) serve(ctx context.Context, o options, profile string, settings ...string) error {
	configs := filepath.Join(w.at.Dir, "configs")
	if err := copyConfigs(filepath.Join(filepath.Dir(o.tools), "configs"), configs); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(w.at.Dir, "controller.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	c := &child{cmd: exec.Command(o.program, "serve", "--configs", configs, "--var", w.at.Dir, "--tools", o.tools)}
	c.cmd.Env = append(append(os.Environ(), settings...), "HOTLINE_PROFILES_DEFAULT="+profile, "HOTLINE_ROUTING_WRAP_UP=0s",
		"HOTLINE_RECORDING_ON=false", "HOTLINE_VOICE_CACHE="+filepath.Join(filepath.Dir(o.program), "voice"))
	c.cmd.Stdout, c.cmd.Stderr = log, log
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.cmd.Start(); err != nil {
		return err
	}
	w.controller = c
	if err := w.awaitReady(ctx); err != nil {
		said, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%w: %s", err, lastLine(string(said)))
	}
	return w.signIn(ctx, configs)
}

// copyConfigs copies the city's folder but for the notice of recording in its
// direct flow.
func copyConfigs(from, to string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	file := filepath.Join(to, "flows", "direct.yaml")
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	for line := range strings.Lines(string(b)) {
		switch strings.TrimSpace(line) {
		case "notice: [" + notice + "]", "once: [" + notice + "]":
			continue
		}
		out.WriteString(strings.ReplaceAll(line, ", "+notice+"]", "]"))
	}
	return os.WriteFile(file, out.Bytes(), 0o600)
}

// awaitReady waits until the controller says that it serves.
func (w *world) awaitReady(ctx context.Context) error {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := w.ask(ctx, http.MethodGet, "/readyz", "", ""); err == nil {
			return nil
		}
		if cpu, err := cpuOf(w.controller.cmd.Process.Pid); err != nil || cpu == 0 && time.Until(end) < time.Minute {
			return errors.New("the controller does not start")
		}
	}
	return errors.New("the controller is not ready after two minutes")
}

// signIn makes agents and telephones known to the books and signs them in. The
// telephones' accounts stand in Asterisk's files already (StaticPhones), so they
// are written into the books only.
func (w *world) signIn(ctx context.Context, configs string) error {
	c, err := city.Load(configs, city.LoadOptions{Prompts: app.Prompts(), Set: map[string]string{"recording.on": "false"}})
	if err != nil {
		return err
	}
	var skills []hotline.Skill
	for _, g := range c.Groups {
		skills = append(skills, hotline.Skill(g.Key))
	}
	db, err := store.Open(ctx, store.Options{DSN: filepath.Join(w.at.Dir, "hotline.db")})
	if err != nil {
		return err
	}
	defer db.Close()
	ctx = store.As(ctx, "bench")
	if err := db.AddUser(ctx, store.User{Name: "bench", Role: "supervisor", Enabled: true}); err != nil {
		return err
	}
	token, err := db.NewToken(ctx, "bench")
	if err != nil {
		return err
	}
	for i, phone := range w.agents {
		id := hotline.AgentID(fmt.Sprint(1001 + i))
		if err := db.AddAgent(ctx, store.Agent{ID: id, Name: "bench", Skills: skills, Enabled: true}); err != nil {
			return err
		}
		if err := db.AddPhone(ctx, hotline.PhoneID(phone), "bench", store.NewPhonePassword()); err != nil {
			return err
		}
		if _, err := w.ask(ctx, http.MethodPost, "/api/v1/agents/"+string(id)+"/sign-in", token, `{"phone":"`+phone+`"}`); err != nil {
			return err
		}
	}
	return nil
}

// ask asks the controller over HTTP.
func (w *world) ask(ctx context.Context, method, path, token, body string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+w.at.API+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := (&http.Client{Transport: transport, Timeout: 5 * time.Second}).Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, res.Status, b)
	}
	return b, err
}

// readMetrics reads what went to and fro from the controller's own figures.
func (w *world) readMetrics(ctx context.Context) (counts, error) {
	c := counts{Events: map[string]int{}, Requests: map[string]int{}}
	b, err := w.ask(ctx, http.MethodGet, "/metrics", "", "")
	if err != nil {
		return c, err
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		var n float64
		if _, err := fmt.Sscan(value, &n); err != nil {
			continue
		}
		name, labels, _ := strings.Cut(name, "{")
		switch name {
		case "hotline_asterisk_events_total":
			c.Events[labels] += int(n)
		case "hotline_asterisk_requests_total":
			c.Requests[labels] += int(n)
		case "hotline_calls_total":
			c.Calls += int(n)
		}
	}
	return c, lines.Err()
}
