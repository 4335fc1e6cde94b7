// Package sitetest gives a test a site of its own: a real Asterisk and a real
// Redis on free ports in a temporary folder, gone with the test.
package sitetest

import (
	"os"
	"path/filepath"
	"testing"

	"hotline/site"
)

// Start runs a site for t. Each change may alter the options before it starts.
func Start(t testing.TB, changes ...func(*site.Options)) *site.Site {
	t.Helper()
	o := site.Options{Dir: t.TempDir(), Tools: Tools(t), PortsFrom: 10000}
	for _, change := range changes {
		change(&o)
	}
	s, err := site.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			showLog(t, filepath.Join(s.Addresses().Logs, "messages.log"))
		}
	})
	return s
}

// Tools is the folder .tools of the project that the test runs in.
func Tools(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, ".tools")
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = up
	}
}

// showLog adds what Asterisk complained of to a failed test.
func showLog(t testing.TB, path string) {
	b, err := os.ReadFile(path)
	if err != nil {
		return
	}
	t.Logf("what Asterisk said (%s):\n%s", path, b[max(0, len(b)-8000):])
}
