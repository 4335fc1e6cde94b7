package house

import (
	"os"
	"path/filepath"
	"strings"
)

// edit replaces text in one of the city's files.
func (h *house) edit(file, old, with string) {
	h.Helper()
	path := filepath.Join(h.configs, file)
	b, err := os.ReadFile(path)
	h.must(err)
	if !strings.Contains(string(b), old) {
		h.Fatalf("%s has no %q", file, old)
	}
	h.must(os.WriteFile(path, []byte(strings.ReplaceAll(string(b), old, with)), 0o644))
}
