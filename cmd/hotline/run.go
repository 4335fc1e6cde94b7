package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"hotline"
	"hotline/city"
	"hotline/kin"
	"hotline/site"
	"hotline/store"
)

// runCommand runs everything on one machine: Asterisk, Redis and the controller.
func runCommand(p *places) *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "run everything on this machine: Asterisk, Redis and the controller, until Ctrl-C",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), cmd.OutOrStdout(), p)
		},
	}
}

// demoPhones and demoAgents are the demo accounts: agent 1001 sits at 8001.
var (
	demoPhones = [...]hotline.PhoneID{"8001", "8002", "8003"}
	demoAgents = [...]hotline.AgentID{"1001", "1002", "1003"}
)

func run(ctx context.Context, w io.Writer, p *places) error {
	c, err := loadCity(p)
	if err != nil {
		return err
	}
	o := siteOptions(c, p)
	o.Log = w
	s, err := site.Start(ctx, o)
	if err != nil {
		return err
	}
	defer s.Stop()
	at := s.Addresses()
	d, err := demoAccounts(ctx, c, p)
	if err != nil {
		return err
	}
	child := controller{places: p, at: at, log: filepath.Join(at.Dir, "controller.log"), w: w}
	began := time.Now()
	if err := child.start(); err != nil {
		return err
	}
	defer child.stop()
	switch err := child.await(ctx, ready); {
	case ctx.Err() != nil:
		return nil // Ctrl-C before the page was shown: nothing failed
	case err != nil:
		return err
	}
	fmt.Fprintf(w, "the controller serves on http://%s (%.1f s)\n", at.API, time.Since(began).Seconds())
	page(w, at, d)
	return child.watch(ctx, s.Died())
}

const ready = 60 * time.Second // speaking all prompts for the first time takes some seconds

// demoAccounts makes the demo accounts that are missing.
func demoAccounts(ctx context.Context, c *city.City, p *places) (demo, error) {
	d, err := readDemo(p.state)
	if err != nil {
		d = demo{Phones: map[string]string{}, PINs: map[string]string{}}
	}
	db, err := openBooks(ctx, c)
	if err != nil {
		return d, err
	}
	err = fillDemo(store.As(ctx, "demo"), db, &d, c)
	return d, errors.Join(err, db.Close(), d.write(p.state))
}

func fillDemo(ctx context.Context, db *store.Store, d *demo, c *city.City) error {
	phones, err := db.Phones(ctx)
	if err != nil {
		return err
	}
	there := map[hotline.PhoneID]bool{}
	for _, ph := range phones {
		there[ph.ID] = true
	}
	for i, id := range demoPhones {
		if there[id] && d.Phones[string(id)] != "" {
			continue
		}
		password, pin := store.NewPhonePassword(), randomPIN()
		if err := db.AddPhone(ctx, id, "demo desk "+strconv.Itoa(i+1), password); err != nil {
			return err
		}
		agent := demoAgents[i]
		if err := db.AddAgent(ctx, store.Agent{ID: agent, Name: "demo agent " + strconv.Itoa(i+1), Skills: everySkill(c), Enabled: true}); err != nil {
			return err
		}
		if err := db.SetPIN(ctx, agent, pin); err != nil {
			return err
		}
		d.Phones[string(id)], d.PINs[string(agent)] = password, pin
	}
	if d.Token != "" {
		if _, err := db.UserByToken(ctx, d.Token); err == nil {
			return nil
		}
	}
	if err := db.AddUser(ctx, store.User{Name: "demo", Role: "supervisor", Enabled: true}); err != nil {
		return err
	}
	d.Token, err = db.NewToken(ctx, "demo")
	return err
}

func randomPIN() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // crypto/rand never fails on Linux
	}
	return fmt.Sprintf("%06d", n)
}

func everySkill(c *city.City) (skills []hotline.Skill) {
	for _, g := range c.Groups {
		skills = append(skills, hotline.Skill(g.Key))
	}
	return skills
}

// page is what the operator sees when all runs.
func page(w io.Writer, at site.Addresses, d demo) {
	gate := ""
	if at.Gate != "" {
		gate = fmt.Sprintf("  Kamailio, the gate  trunk %s (UDP)\n", at.Gate)
	}
	fmt.Fprintf(w, `
  12345 is open.

  Asterisk %-10s SIP   %s (UDP and TCP)
%s  Redis               %s
  pages, API, metrics http://%s
  logs                %s
                      %s

  agents              1001, 1002, 1003 at phones 8001, 8002, 8003
  passwords, PINs and the supervisor's token for the page: %s

  Next, in a second terminal:   bin/hotline agent 8001 --as 1001
  and in a third one:           bin/hotline call 12345
  then:                         bin/hotline ticket list

  Ctrl-C stops everything that was started here.

`, at.AsteriskVersion, at.SIP, gate, at.Redis, at.API, filepath.Join(at.Dir, "controller.log"),
		filepath.Join(at.Logs, "messages.log"), demoFile(at.Dir))
}

// controller is the controller's process.
type controller struct {
	places *places
	at     site.Addresses
	log    string
	w      io.Writer
	cmd    *exec.Cmd
	ended  chan error
}

// start starts it; it dies with us, however we die.
func (c *controller) start() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command(self, serveWord, "--configs", c.places.configs, "--var", c.places.state, "--tools", c.places.tools)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = kin.Start(cmd)
	_ = log.Close() // the child has its own
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		ended <- cmd.Wait()
		close(ended) // whoever asks again is told at once
	}()
	c.cmd, c.ended = cmd, ended
	return nil
}

// await waits until the controller says that it is ready.
func (c *controller) await(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{}}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.at.API+"/readyz", nil)
		if err != nil {
			return err
		}
		if resp, err := client.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-c.ended:
			return fmt.Errorf("the controller ended (%v): %s", err, lastLine(c.log))
		case <-ctx.Done():
			return fmt.Errorf("the controller is not ready after %v; see %s", limit, c.log)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// watch starts the controller anew when it ends by itself, and returns when all
// is to stop or a part died.
func (c *controller) watch(ctx context.Context, died <-chan error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-died:
			return err
		case err := <-c.ended:
			fmt.Fprintf(c.w, "the controller ended (%v); it is started again\n", err)
		}
		if err := c.start(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(100 * time.Millisecond): // no hot loop when it cannot start
		}
	}
}

func (c *controller) stop() {
	fmt.Fprintln(c.w, "stopping")
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(10 * time.Second):
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
}

// lastLine is the last thing a log says.
func lastLine(file string) string {
	b, err := os.ReadFile(file)
	if err != nil || len(b) == 0 {
		return "it said nothing"
	}
	end := len(b) - 1
	start := end
	for start > 0 && b[start-1] != '\n' {
		start--
	}
	return string(b[start:end])
}
