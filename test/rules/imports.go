package rules

import (
	"fmt"
	"slices"
	"strings"
)

// A layer is one storey of the house; a package imports lower storeys only.
type layer int

const (
	words   layer = iota + 1 // package hotline
	domain                   // what the trade knows
	adapter                  // one technology each
	wiring                   // app
	command                  // cmd
	stories                  // test
)

// storeys says where each folder stands. A new folder needs a line here.
var storeys = map[string]layer{
	"":    words,
	"ivr": domain, "routing": domain, "ticket": domain, "intake": domain,
	"asterisk-config": adapter, "city": adapter, "kin": adapter, "kamailio-config": adapter, "live": adapter, "metrics": adapter, "notify": adapter, "pbx": adapter,
	"phone": adapter, "recording": adapter, "site": adapter, "store": adapter, "voice": adapter, "web": adapter,
	"app": wiring, "cmd": command, "test": stories,
}

// sideways are the few arrows within a storey, each with its reason.
var sideways = map[[2]string]string{
	{"intake", "ticket"}:         "every door ends in a ticket",
	{"live", "kin"}:              "its tests' Redis ends with the test; no technology",
	{"pbx", "asterisk-config"}:   "what a telephone is to Asterisk stands beside its templates; no technology",
	{"site", "asterisk-config"}:  "the templates that site fills in",
	{"site", "kamailio-config"}:  "the template that site fills in",
	{"store", "asterisk-config"}: "the form in which a telephone's password is kept is Asterisk's; no technology",
}

// pure are the standard packages that the domain may import: they touch no
// file, no network, no process.
var pure = []string{
	"cmp", "container/heap", "container/list", "context", "errors", "fmt", "iter", "maps", "math", "math/bits", "slices", "sort",
	"strconv", "strings", "sync", "sync/atomic", "time", "unicode", "unicode/utf8",
}

// technology says where a foreign module may be imported. A module that is not
// here may be imported nowhere.
var technology = map[string][]string{
	"github.com/redis/go-redis/v9":        {"live"},
	"github.com/jackc/pgx/v5":             {"store"},
	"modernc.org/sqlite":                  {"store"},
	"github.com/uptrace/bun":              {"store"},
	"github.com/pressly/goose/v3":         {"store"},
	"golang.org/x/crypto":                 {"store"},
	"github.com/prometheus/client_golang": {"metrics"},
	"github.com/prometheus/common":        {"metrics"},
	"github.com/CyCoreSystems/ari/v5":     {"pbx/ari"},
	"github.com/coder/websocket":          {"pbx/ari"},
	"github.com/fsnotify/fsnotify":        {"pbx/guard"},
	"github.com/emiago/diago":             {"phone"},
	"github.com/emiago/sipgo":             {"phone"},
	"github.com/pion/rtp":                 {"phone"},
	"github.com/zaf/g711":                 {"phone", "voice", "site"}, // site: the waiting music in both laws
	"github.com/danielgtaylor/huma/v2":    {"web"},
	"github.com/spf13/viper":              {"city"},
	"go.yaml.in/yaml/v3":                  {"city"},
	"github.com/spf13/cobra":              {"cmd"},
	// The bench and the chaos read packets.
	"github.com/gopacket/gopacket": {"test/wire"},
	"golang.org/x/net":             {"test/wire"},
	"golang.org/x/sys":             {"test/bench", "test/wire"},
}

// folder is the first word of a path.
func folder(path string) string {
	first, _, _ := strings.Cut(path, "/")
	return first
}

// within tells whether path is place or below it.
func within(path, place string) bool { return path == place || strings.HasPrefix(path, place+"/") }

// arrows finds imports between our packages that do not go down.
func arrows(all []listed) (faults []string) {
	for _, p := range all {
		if !p.own() {
			continue
		}
		from := p.short()
		here, known := storeys[folder(from)]
		if !known {
			faults = append(faults, fmt.Sprintf("%s stands in no storey of the house: add its folder to storeys in test/rules", p.ImportPath))
			continue
		}
		for _, i := range p.Imports {
			if i != module && !strings.HasPrefix(i, module+"/") {
				continue
			}
			to := short(i)
			_, excused := sideways[[2]string{folder(from), to}]
			if storeys[folder(to)] < here || folder(from) == folder(to) || excused {
				continue
			}
			faults = append(faults, fmt.Sprintf("%s imports %s: arrows go down only, and adapters never know one another", p.ImportPath, i))
		}
	}
	return faults
}

// ariAlone finds what package pbx/ari knows of the hotline: it should know
// nothing.
func ariAlone(all []listed) (faults []string) {
	for _, p := range all {
		if p.short() != "pbx/ari" {
			continue
		}
		for _, i := range p.Imports {
			if i == module || strings.HasPrefix(i, module+"/") {
				faults = append(faults, fmt.Sprintf("%s imports %s: it knows Asterisk and no hotline", p.ImportPath, i))
			}
		}
	}
	return faults
}

// impure finds what the domain imports besides the domain and pure packages.
func impure(all []listed) (faults []string) {
	for _, p := range all {
		if !p.own() || storeys[folder(p.short())] > domain {
			continue
		}
		for _, i := range p.Imports {
			if i == module || strings.HasPrefix(i, module+"/") || slices.Contains(pure, i) {
				continue
			}
			faults = append(faults, fmt.Sprintf("%s imports %s: the domain imports only %s", p.ImportPath, i, strings.Join(pure, " ")))
		}
	}
	return faults
}

// strays finds technology outside its adapter.
func strays(all []listed) (faults []string) {
	for _, p := range all {
		if !p.own() {
			continue
		}
		for _, i := range p.Imports {
			if host, _, _ := strings.Cut(i, "/"); !strings.Contains(host, ".") {
				continue
			}
			places, known := homes(i)
			switch {
			case !known:
				faults = append(faults, fmt.Sprintf("%s imports %s, which has no home: add it to technology in test/rules", p.ImportPath, i))
			case !slices.ContainsFunc(places, func(place string) bool { return within(p.short(), place) }):
				faults = append(faults, fmt.Sprintf("%s imports %s, whose home is %s", p.ImportPath, i, strings.Join(places, ", ")))
			}
		}
	}
	return faults
}

func homes(path string) ([]string, bool) {
	for m, places := range technology {
		if within(path, m) {
			return places, true
		}
	}
	return nil, false
}

// empty names say nothing about what is inside.
var empty = []string{"util", "utils", "common", "helper", "helpers", "types", "model", "models", "misc", "base", "shared"}

// misnamed finds packages with empty names.
func misnamed(all []listed) (faults []string) {
	for _, p := range all {
		last := p.ImportPath[strings.LastIndexByte(p.ImportPath, '/')+1:]
		if p.own() && (slices.Contains(empty, p.Name) || slices.Contains(empty, last)) {
			faults = append(faults, fmt.Sprintf("package %s: %s says nothing; name it after what it knows", p.ImportPath, p.Name))
		}
	}
	return faults
}
