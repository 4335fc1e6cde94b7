package site

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Addresses tells where each part of one running site is. It stands in
// <Dir>/site.json while the site runs. Folders are absolute.
type Addresses struct {
	PID int `json:"pid"` // the process that runs the site

	SIP   string `json:"sip"`            // host:port, UDP and TCP; the host is never 0.0.0.0
	SIPS  string `json:"sips,omitempty"` // host:port, TLS; empty: none
	WSS   string `json:"wss,omitempty"`  // host:port of SIP over secure websockets, at /ws; empty: none
	Gate  string `json:"gate,omitempty"` // host:port, UDP, for the trunk's new calls; empty: they go to SIP
	ARI   string `json:"ari"`            // base URL, http://127.0.0.1:8088; ARI is at /ari
	Redis string `json:"redis"`          // host:port
	API   string `json:"api"`            // host:port kept free for the controller's HTTP

	GateMetrics string `json:"gate_metrics,omitempty"` // URL of the gate's figures

	Listen   string `json:"listen"`    // what SIP is bound to, 0.0.0.0 included
	RTPFirst int    `json:"rtp_first"` // the ports for sound
	RTPLast  int    `json:"rtp_last"`

	Dir        string `json:"dir"`
	Sounds     string `json:"sounds"`     // a file x.wav here is played as sound:hotline/x
	Recordings string `json:"recordings"` // where ARI's recordings appear
	Secrets    string `json:"secrets"`    // passwords, one a file
	Logs       string `json:"logs"`       // messages.log and redis.log

	AsteriskVersion string `json:"asterisk_version"`
}

// BootUser is the ARI user that may do nothing but push and delete the users of
// controllers.
const BootUser = "boot"

// ARIApp is the Stasis application that the dialplan hands calls to.
const ARIApp = "hotline"

// SoundPrefix is what Asterisk calls the folder Addresses.Sounds.
const SoundPrefix = "hotline/"

// Trunk is where the trunk's new calls come in by UDP: the gate, or Asterisk itself.
func (a Addresses) Trunk() string { return cmp.Or(a.Gate, a.SIP) }

// BootPassword reads the password of BootUser.
func (a Addresses) BootPassword() (string, error) { return readSecret(a.Secrets, "ari-boot") }

// RedisPassword reads the password of Redis.
func (a Addresses) RedisPassword() (string, error) { return readSecret(a.Secrets, "redis") }

func readSecret(dir, name string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return "", fmt.Errorf("the site's password %s cannot be read: %w", name, err)
	}
	return strings.TrimSpace(string(b)), nil
}

// ErrNotRunning means that no site runs in the folder.
var ErrNotRunning = errors.New("no hotline runs here; start one with: make run")

// Read gives the addresses of the site that runs in dir. A file left by a site
// that was killed counts as none.
func Read(dir string) (Addresses, error) {
	var a Addresses
	b, err := os.ReadFile(filepath.Join(dir, "site.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return a, ErrNotRunning
	}
	if err != nil {
		return a, fmt.Errorf("cannot read where the hotline's parts are: %w", err)
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return a, fmt.Errorf("%s/site.json is damaged; stop the hotline and start it again: %w", dir, err)
	}
	if !locked(dir) {
		return Addresses{}, ErrNotRunning
	}
	return a, nil
}

// write puts a into its folder in one move, so that nobody reads half of it.
func (a Addresses) write() error {
	b, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(a.Dir, "site.json")
	if err := os.WriteFile(path+".new", append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
