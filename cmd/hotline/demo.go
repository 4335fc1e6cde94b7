package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// demo are the secrets of the demo accounts, so that `hotline agent 8001` needs
// no password. Real accounts' passwords are kept nowhere.
type demo struct {
	Phones map[string]string `json:"phones"`
	PINs   map[string]string `json:"pins"`
	Token  string            `json:"token"` // of the supervisor, for the page
}

func demoFile(state string) string { return filepath.Join(state, "secrets", "demo.json") }

func readDemo(state string) (demo, error) {
	var d demo
	b, err := os.ReadFile(demoFile(state))
	if errors.Is(err, fs.ErrNotExist) {
		return d, errors.New("there are no demo accounts here; start the hotline with: make run")
	}
	if err != nil {
		return d, fmt.Errorf("the demo accounts cannot be read: %w", err)
	}
	if err := json.Unmarshal(b, &d); err != nil {
		return d, fmt.Errorf("%s is damaged; delete it and start again: %w", demoFile(state), err)
	}
	return d, nil
}

func (d demo) write(state string) error {
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(demoFile(state), append(b, '\n'), 0o600)
}
