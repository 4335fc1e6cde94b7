package city

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The file is the manual: it names every setting, with the default that the
// program has, whether the line counts or is commented out.
func TestEverySettingIsDocumentedWithItsDefault(t *testing.T) {
	shippedText := read(t, "../configs/hotline.yaml")
	copyCity(t)
	// What is left to the running site stands there commented out.
	whole := regexp.MustCompile(`(?m)^  # (url|address|listen|folder): (h|1|r)`).ReplaceAllString(shippedText, "  $1: $2")
	write(t, "configs/hotline.yaml", whole)
	c, err := Load("configs", LoadOptions{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, "configs/hotline.yaml", "log: {level: info}\n")
	bare, err := Load("configs", LoadOptions{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range new(Settings).table("configs") {
		if !strings.HasPrefix(c.Where(s.key), "configs/hotline.yaml:") {
			t.Errorf("%s (default %q) is not in hotline.yaml", s.key, s.usual)
		}
	}
	given, usual := c.Settings, bare.Settings
	given.Routing.Pauses, usual.Routing.Pauses = nil, nil
	if given := strip(given); given != strip(usual) {
		t.Errorf("hotline.yaml says\n%s\nthe defaults are\n%s", given, strip(usual))
	}
}

// Strongest first: command line, environment, file, what was found, default;
// and each value tells where it was written.
func TestSettingsAreLaidOverEachOther(t *testing.T) {
	copyCity(t)
	change(t, "configs/hotline.yaml", "  rest: 5s\n=>\n  rest: 6s\n")
	change(t, "configs/hotline.yaml", "  misses: 3\n=>\n")
	c, err := Load("configs", LoadOptions{
		Found: map[string]string{"routing.rest": "7s", "routing.misses": "4", "redis.address": "127.0.0.1:1"},
		Environ: []string{
			"HOTLINE_ROUTING_WRAP_UP=8s", "HOTLINE_ROUTING_RING=9s", "LISTEN=0.0.0.0", "HOTLINE_TRUNK_MATCH=192.0.2.1, 198.51.100.0/24",
			"HOTLINE_CITY_AREA_CODE=", "HOTLINE_DIRECTORIES_VAR=/srv/hotline", "HOTLINE_SQL_DSN=postgres://h@127.0.0.1/h",
		},
		Set: map[string]string{"routing.ring": "10s"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := c.Settings
	for what, fine := range map[string]bool{
		"command line":        s.Routing.Ring == 10*time.Second && c.Where("routing.ring") == "the command line",
		"environment":         s.Routing.WrapUp == 8*time.Second && c.Where("routing.wrap_up") == "the environment's HOTLINE_ROUTING_WRAP_UP",
		"file":                s.Routing.Rest == 6*time.Second && strings.HasPrefix(c.Where("routing.rest"), "configs/hotline.yaml:"),
		"found":               s.Routing.Misses == 4 && s.Redis.Address == "127.0.0.1:1",
		"default":             s.HTTP.Listen == "127.0.0.1:12345" && c.Where("http.listen") == "default",
		"LISTEN":              s.SIP.Listen == "0.0.0.0" && c.Where("sip.listen") == "the environment's LISTEN",
		"a list":              len(s.Trunk.Match) == 2 && s.Trunk.Match[1] == "198.51.100.0/24",
		"empty is not given":  s.AreaCode == "0550",
		"a path follows var":  s.Directories.Journal == "/srv/hotline/journal" && s.Redis.PasswordFile == "/srv/hotline/secrets/redis",
		"recorded from here":  s.Voice.Recorded[0] == filepath.Join("configs", "prompts/recorded"),
		"an address stays":    s.SQL.DSN == "postgres://h@127.0.0.1/h",
		"amounts":             s.Recording.MinFreeBytes == 2_000_000_000,
		"reasons for a pause": len(s.Routing.Pauses) == 5 && s.Routing.Pauses[0] == Pause{"break", "小休"},
	} {
		if !fine {
			t.Errorf("%s: %+v", what, s)
		}
	}
}

// No fault repeats a password that stands where it should not.
func TestFaultsKeepPasswords(t *testing.T) {
	copyCity(t)
	for _, dsn := range []string{
		"postgres://hotline:Geheim1@127.0.0.1/h", "postgres://127.0.0.1/h?password=Geheim1", "mysql://a:Ge/Geheim1@b",
	} {
		_, err := Load("configs", LoadOptions{Environ: []string{"HOTLINE_SQL_DSN=" + dsn}})
		if err == nil || strings.Contains(err.Error(), "Geheim1") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}

// A password comes from its file only, and from one line of it.
func TestPasswordsComeFromFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "password", "p@ss word\n")
	write(t, "empty", "\n")
	write(t, "open", "p@ss word\n")
	for _, file := range []string{"password", "empty"} {
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sql := SQL{DSN: "postgres://hotline@127.0.0.1/h", PasswordFile: "password"}
	if s, err := sql.Source(); err != nil || s != "postgres://hotline:p%40ss%20word@127.0.0.1/h" {
		t.Errorf("%s, %v", s, err)
	}
	if s, err := (SQL{DSN: "var/hotline.db", PasswordFile: "none"}).Source(); err != nil || s != "var/hotline.db" {
		t.Errorf("%s, %v", s, err)
	}
	for _, file := range []string{"empty", "none", "open"} {
		if _, err := Secret(file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", file, err)
		}
	}
	if s, err := Secret(""); s != "" || err != nil {
		t.Errorf("%q, %v", s, err)
	}
}
