package site_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hotline/site/sitetest"
)

// A site starts without one complaint, so that a complaint in its log means
// something.
func TestASiteStartsWithoutComplaint(t *testing.T) {
	s := sitetest.Start(t)
	said, err := os.ReadFile(filepath.Join(s.Addresses().Logs, "messages.log"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(said)) {
		if strings.Contains(line, "ERROR[") || strings.Contains(line, "WARNING[") {
			t.Error(line)
		}
	}
}
