package site_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hotline/phone"
	"hotline/site/sitetest"
)

// ASTERISK names an Asterisk that is installed as distributions install it: the
// program in usr/sbin, its modules in usr/lib, its descriptions in usr/share. That
// one runs, with its own modules, and serves a controller.
func TestTheSitesOwnAsterisk(t *testing.T) {
	tools, own := sitetest.Tools(t), t.TempDir()
	program := filepath.Join(own, "usr/sbin/asterisk")
	for _, err := range []error{
		os.MkdirAll(filepath.Join(own, "usr/sbin"), 0o755),
		os.Symlink(filepath.Join(tools, "root/usr/lib"), filepath.Join(own, "usr/lib")),
		os.Symlink(filepath.Join(tools, "root/usr/share"), filepath.Join(own, "usr/share")),
		os.WriteFile(program, []byte("#!/bin/sh\nexec '"+tools+"/bin/asterisk' \"$@\"\n"), 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("ASTERISK", program)
	s := sitetest.Start(t)
	conf, err := os.ReadFile(filepath.Join(s.Addresses().Dir, "asterisk/config/asterisk.conf"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(conf), filepath.Join(own, "usr/lib")) {
		t.Errorf("it does not use the modules of its own installation:\n%s", conf)
	}
	c := control(t, s)
	citizen(t, s, "12345", phone.DialOptions{})
	c.await(t, "StasisStart")
}
