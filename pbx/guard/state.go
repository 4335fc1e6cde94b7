package guard

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"time"
)

// readState reads whom an earlier guard shut out, an address and a time a line. A
// line that cannot be read is left out: that address is opened at Asterisk's next
// start.
func readState(path string) (map[netip.Addr]time.Time, error) {
	shut := map[netip.Addr]time.Time{}
	if path == "" {
		return shut, nil
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return shut, nil
	}
	if err != nil {
		return nil, fmt.Errorf("who is shut out cannot be read: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		word, until, _ := strings.Cut(strings.TrimSpace(line), " ")
		a, err := netip.ParseAddr(word)
		at, bad := time.Parse(time.RFC3339, until)
		if err == nil && bad == nil {
			shut[a] = at
		}
	}
	return shut, nil
}

func writeState(path string, shut map[netip.Addr]time.Time) error {
	if path == "" {
		return nil
	}
	var b strings.Builder
	for a, until := range shut {
		fmt.Fprintf(&b, "%s %s\n", a, until.UTC().Format(time.RFC3339))
	}
	if err := os.WriteFile(path+".new", []byte(b.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
