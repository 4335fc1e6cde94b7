package rules

import (
	"slices"
	"strings"
	"testing"
)

// all lists the module once.
func all(t *testing.T) []listed {
	t.Helper()
	ps, err := list("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(ps) < 20 {
		t.Fatalf("go list told of %d packages only", len(ps))
	}
	return ps
}

// TestTheHouse holds every package against every rule.
func TestTheHouse(t *testing.T) {
	ps := all(t)
	for name, rule := range map[string]func([]listed) []string{
		"imports go one way":                arrows,
		"package pbx/ari knows no hotline":  ariAlone,
		"the domain is pure":                impure,
		"technology stays in its adapter":   strays,
		"no package has a name of no sense": misnamed,
	} {
		t.Run(name, func(t *testing.T) { report(t, rule(ps)) })
	}
	r := newReader(ps)
	var sources []source
	for _, p := range ps {
		if p.own() && len(p.GoFiles) > 0 {
			s, err := r.read(p)
			if err != nil {
				t.Fatal(err)
			}
			sources = append(sources, s)
		}
	}
	t.Run("an interface of the domain has five methods at most", func(t *testing.T) {
		for _, s := range sources {
			if storeys[folder(short(s.path))] <= domain {
				report(t, wide(s))
			}
		}
	})
	t.Run("no init()", func(t *testing.T) {
		for _, s := range sources {
			report(t, inits(s))
		}
	})
	t.Run("no package variable changes", func(t *testing.T) {
		for _, s := range sources {
			report(t, changes(s))
		}
	})
}

func report(t *testing.T, faults []string) {
	t.Helper()
	for _, f := range faults {
		t.Error(f)
	}
}

// TestImportRulesFail shows each rule about imports a house that breaks it.
func TestImportRulesFail(t *testing.T) {
	one := func(path string, imports ...string) []listed {
		return []listed{{ImportPath: path, Name: path[strings.LastIndexByte(path, '/')+1:], Imports: imports}}
	}
	for _, c := range []struct {
		name   string
		rule   func([]listed) []string
		house  []listed
		faults int
	}{
		{"the domain imports an adapter", arrows, one("hotline/routing", "hotline/live"), 1},
		{"the words import the domain", arrows, one("hotline", "hotline/ticket"), 1},
		{"one part of the domain imports another", arrows, one("hotline/ivr", "hotline/routing"), 1},
		{"intake may know tickets", arrows, one("hotline/intake", "hotline/ticket"), 0},
		{"tickets may not know intake", arrows, one("hotline/ticket", "hotline/intake"), 1},
		{"an adapter imports another", arrows, one("hotline/web", "hotline/store"), 1},
		{"an adapter imports app", arrows, one("hotline/site", "hotline/app"), 1},
		{"app imports cmd", arrows, one("hotline/app", "hotline/cmd/hotline"), 1},
		{"app imports test", arrows, one("hotline/app", "hotline/test/rig"), 1},
		{"a folder nobody placed", arrows, one("hotline/attic", "fmt"), 1},
		{"an adapter's own parts", arrows, one("hotline/live", "hotline/live/fact", "hotline/routing"), 0},
		{"ari knows the hotline", ariAlone, one("hotline/pbx/ari", "hotline"), 1},
		{"the domain opens files", impure, one("hotline/ticket", "os"), 1},
		{"the domain logs", impure, one("hotline/ivr", "log/slog", "context"), 1},
		{"the domain uses a library", impure, one("hotline/routing", "pgregory.net/rapid"), 1},
		{"Redis outside live", strays, one("hotline/app", "github.com/redis/go-redis/v9"), 1},
		{"a part of a SQL library outside store", strays, one("hotline/web", "github.com/jackc/pgx/v5/stdlib"), 1},
		{"SIP outside phone", strays, one("hotline/pbx", "github.com/emiago/sipgo/sip"), 1},
		{"ARI's library in pbx but not in pbx/ari", strays, one("hotline/pbx", "github.com/CyCoreSystems/ari/v5"), 1},
		{"Prometheus outside metrics", strays, one("hotline/web", "github.com/prometheus/client_golang/prometheus"), 1},
		{"a library nobody placed", strays, one("hotline/store", "example.org/new"), 1},
		{"each at home", strays, one("hotline/live/fact", "github.com/redis/go-redis/v9/maintnotifications"), 0},
		{"a folder called util", misnamed, one("hotline/util"), 1},
		{"a package called types", misnamed, one("hotline/web/types"), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.rule(c.house); len(got) != c.faults {
				t.Errorf("%d faults were found, %d are there: %q", len(got), c.faults, got)
			}
		})
	}
}

// TestSourceRulesFail shows each rule about source text a text that breaks it.
func TestSourceRulesFail(t *testing.T) {
	reader := newReader(all(t))
	for _, c := range []struct {
		name, text string
		rule       func(source) []string
		faults     int
	}{
		{"six methods", `package x; type T interface { A(); B(); C(); D(); E(); F() }`, wide, 1},
		{"five and a borrowed one", `package x; import "fmt"; type T interface { fmt.Stringer; B(); C(); D(); E(); F() }`, wide, 1},
		{"five methods", `package x; type T interface { A(); B(); C(); D(); E() }`, wide, 0},
		{"an init", `package x; func init() {}`, inits, 1},
		{"a method called init", `package x; type T int; func (T) init() {}`, inits, 0},
		{"an assignment", `package x; var v int; func f() { v = 1 }`, changes, 1},
		{"a counter", `package x; var v int; func f() { v++ }`, changes, 1},
		{"a sum", `package x; var v int; func f() { v += 2 }`, changes, 1},
		{"an entry of a map", `package x; var v = map[string]int{}; func f() { v["a"] = 1 }`, changes, 1},
		{"an element", `package x; var v [3]int; func f() { v[0] = 1 }`, changes, 1},
		{"a field", `package x; var v struct{ a struct{ b int } }; func f() { v.a.b = 1 }`, changes, 1},
		{"behind a pointer", `package x; var v = new(int); func f() { *v = 1 }`, changes, 1},
		{"a deleted entry", `package x; var v = map[string]int{}; func f() { delete(v, "a") }`, changes, 1},
		{"its address", `package x; var v int; func f() *int { return &v }`, changes, 1},
		{"a range", `package x; var v int; func f() { for v = range 3 {} }`, changes, 1},
		{"a method with its address", `package x; import "strings"; var v strings.Builder; func f() { v.Reset() }`, changes, 1},
		{"a lock", `package x; import "sync"; var v sync.Mutex`, changes, 1},
		{"an atomic counter", `package x; import "sync/atomic"; var v = new(atomic.Int64)`, changes, 1},
		{"a channel", `package x; var v = make(chan int)`, changes, 1},
		{"another package's", `package x; import "net/http"; func f() { http.DefaultClient = nil }`, changes, 1},
		{"a field of another package's", `package x; import "net/http"; func f() { http.DefaultClient.Timeout = 1 }`, changes, 1},
		{"a table that is only read", `package x; import "errors"; var v = map[string]int{"a": 1}; var e = errors.New("e"); func f() (int, error) { return v["a"], e }`, changes, 0},
		{"a local of the same name", `package x; var v int; func f() { v := 1; v = 2; _ = v }`, changes, 0},
		{"a proof", `package x; import "fmt"; type t int; func (t) String() string { return "" }; var _ fmt.Stringer = t(0)`, changes, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := reader.text("x", c.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.rule(s); len(got) != c.faults {
				t.Errorf("%d faults were found, %d are there: %q", len(got), c.faults, got)
			}
		})
	}
}

// TestNothingIsExcusedInVain finds lines of the tables that excuse nothing.
func TestNothingIsExcusedInVain(t *testing.T) {
	ps := all(t)
	imported := func(path string) bool {
		return slices.ContainsFunc(ps, func(p listed) bool {
			return p.own() && slices.ContainsFunc(p.Imports, func(i string) bool { return within(i, path) })
		})
	}
	for m := range technology {
		if !imported(m) {
			t.Errorf("nothing imports %s: take its line out of technology", m)
		}
	}
}
