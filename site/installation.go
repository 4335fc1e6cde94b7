package site

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// asteriskMajor is the one version that the hotline is written for.
const asteriskMajor = "22"

// installation is where an Asterisk has its parts.
type installation struct {
	program string
	modules string
	data    string // documentation and REST descriptions
	version string
}

// findAsterisk looks at the unpacked Asterisk, or at the site's own.
func findAsterisk(ctx context.Context, o Options) (installation, error) {
	in := installation{program: o.Asterisk}
	if in.program == "" {
		in.program = filepath.Join(o.Tools, "bin/asterisk")
	}
	if _, err := os.Stat(in.program); err != nil {
		return in, fmt.Errorf("there is no Asterisk at %s; run: make tools", in.program)
	}
	out, err := exec.CommandContext(ctx, in.program, "-V").Output()
	if err != nil {
		return in, fmt.Errorf("Asterisk at %s does not run: %w", in.program, err)
	}
	in.version = regexp.MustCompile(`[0-9]+(\.[0-9]+)*`).FindString(string(out))
	if major, _, _ := strings.Cut(in.version, "."); major != asteriskMajor {
		return in, fmt.Errorf("Asterisk at %s is version %s, but the hotline needs Asterisk %s", in.program, in.version, asteriskMajor)
	}
	places := placesOf(in.program)
	in.modules = firstBelow(places, "lib/*/asterisk/modules", "lib64/asterisk/modules", "lib/asterisk/modules")
	in.data = firstBelow(places, "share/asterisk/rest-api", "var/lib/asterisk/rest-api", "../var/lib/asterisk/rest-api")
	if in.modules == "" || in.data == "" {
		return in, fmt.Errorf("the modules or rest-api of Asterisk at %s are not below %s; is it installed there as a whole?", in.program, strings.Join(places, " or "))
	}
	in.data = filepath.Dir(in.data)
	return in, nil
}

// placesOf lists where a program may have its parts: /usr for /usr/sbin/asterisk,
// /opt/asterisk for /opt/asterisk/sbin/asterisk; beside the start script that
// tools/wrappers made; and where Debian puts them.
func placesOf(program string) []string {
	up := filepath.Dir(filepath.Dir(program))
	places := []string{up, filepath.Join(up, "root/usr"), filepath.Join(up, "test/usr")}
	if real, err := filepath.EvalSymlinks(program); err == nil && real != program {
		places = append(places, filepath.Dir(filepath.Dir(real)))
	}
	return append(places, "/usr")
}

// firstBelow gives what is found first, place by place; "": nothing.
func firstBelow(places []string, patterns ...string) string {
	for _, place := range places {
		for _, p := range patterns {
			if found, _ := filepath.Glob(filepath.Join(place, p)); len(found) > 0 {
				return found[0]
			}
		}
	}
	return ""
}
