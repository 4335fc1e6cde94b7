package site

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Whoever floods Asterisk fills its logs, and not the disk: the end is kept beside,
// and the writer, which holds the file open, writes on.
func TestLogsAreCut(t *testing.T) {
	f := &folder{dir: t.TempDir()}
	path := filepath.Join(f.dir, "x.log")
	w, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	write := func(b []byte) {
		t.Helper()
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	cut := func() {
		t.Helper()
		if err := f.empty("x.log"); err != nil {
			t.Fatal(err)
		}
	}
	write([]byte("little\n"))
	cut()
	if b, _ := os.ReadFile(path); string(b) != "little\n" {
		t.Errorf("a small log became %q", b)
	}
	write(bytes.Repeat([]byte("much\n"), logLimit/4))
	write([]byte("the end\n"))
	cut()
	write([]byte("and on\n"))
	if b, _ := os.ReadFile(path); string(b) != "and on\n" {
		t.Errorf("it was not emptied: %d bytes", len(b))
	}
	if b, _ := os.ReadFile(path + ".1"); len(b) != logLimit || !bytes.HasSuffix(b, []byte("much\nthe end\n")) {
		t.Errorf("%d bytes are kept, of the end %d", len(b), logLimit)
	}
	cut()
	if b, _ := os.ReadFile(path + ".1"); len(b) != logLimit {
		t.Error("a small log pushed out what was kept")
	}
}
