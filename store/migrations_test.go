package store

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// takesAway finds what a statement takes from a program that used it.
var takesAway = regexp.MustCompile(`(?i)\b(DROP\s+(TABLE|COLUMN|VIEW)|RENAME\b|ALTER\s+COLUMN|ADD\s+CONSTRAINT|CREATE\s+UNIQUE\s+INDEX)`)

// addsAsked finds a new column that an older program's INSERT would leave out
// though it must not.
var addsAsked = regexp.MustCompile(`(?i)\bADD\s+COLUMN\b[^;]*\bNOT\s+NULL\b`)

// contract is the line above a statement that takes something away.
var contract = regexp.MustCompile(`(?m)^-- contract: \S+`)

// faultsOf lists what is wrong with a migration; tables that it makes itself may be
// made as it likes.
func faultsOf(text string) (faults []string) {
	up, _, _ := strings.Cut(text, "-- +goose Down")
	marked := contract.MatchString(up)
	for statement := range strings.SplitSeq(up, ";") {
		var code []string
		for line := range strings.Lines(statement) {
			line, _, _ = strings.Cut(line, "--")
			code = append(code, line)
		}
		sql := strings.Join(code, "")
		if m := takesAway.FindString(sql); m != "" && !contract.MatchString(statement) && !newTable(up, sql) {
			faults = append(faults, fmt.Sprintf("%q needs the line \"-- contract: <the last release that used it>\" above it, and has to wait for the release after that one", m))
		}
		if addsAsked.MatchString(sql) && !regexp.MustCompile(`(?i)\bDEFAULT\b`).MatchString(sql) {
			faults = append(faults, "a new column that is NOT NULL needs a DEFAULT: the release before does not fill it")
		}
	}
	if marked && !strings.Contains(up, "schema_floor") {
		faults = append(faults, "what takes something away raises the floor: UPDATE schema_floor SET version = …")
	}
	return faults
}

// newTable tells whether an index is on a table that the same migration makes.
func newTable(up, sql string) bool {
	m := regexp.MustCompile(`(?i)CREATE\s+UNIQUE\s+INDEX\s+\w+\s+ON\s+(\w+)`).FindStringSubmatch(sql)
	return m != nil && regexp.MustCompile(`(?i)CREATE\s+TABLE\s+`+m[1]+`\b`).MatchString(up)
}

// Migrations add in one release and take away in a later one, so that the program
// of the release before works on while the new one has the tables changed already.
func TestMigrationsExpandFirst(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d migrations, %v", len(files), err)
	}
	for _, f := range files {
		text, err := fs.ReadFile(migrations, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range faultsOf(string(text)) {
			t.Errorf("%s: %s", f, fault)
		}
	}
	for what, text := range map[string]string{
		"a column dropped":       "-- +goose Up\nALTER TABLE calls DROP COLUMN note;\n",
		"a column renamed":       "-- +goose Up\nALTER TABLE calls RENAME COLUMN note TO remark;\n",
		"a table dropped":        "-- +goose Up\nDROP TABLE audit;\n",
		"a column that is asked": "-- +goose Up\nALTER TABLE calls ADD COLUMN mood TEXT NOT NULL;\n",
		"a new uniqueness":       "-- +goose Up\nCREATE UNIQUE INDEX one ON tickets (caller);\n",
		"the floor not raised":   "-- +goose Up\n-- contract: 1.4\nALTER TABLE calls DROP COLUMN note;\n",
		"the mark elsewhere":     "-- +goose Up\n-- contract: 1.4\nDROP TABLE x;\nDROP TABLE y;\nUPDATE schema_floor SET version = 4;\n",
	} {
		if len(faultsOf(text)) == 0 {
			t.Errorf("%s passes", what)
		}
	}
	fine := "-- +goose Up\n-- contract: 1.4\nALTER TABLE calls DROP COLUMN note;\nUPDATE schema_floor SET version = 4;\n\n-- +goose Down\nDROP TABLE x;\n"
	if faults := faultsOf(fine); len(faults) > 0 {
		t.Errorf("a contract as it should be: %q", faults)
	}
}

// What the programs of earlier releases say to SQL stands in testdata/programs, a
// file for each version of the tables they knew. As long as schema_floor lets such a
// program in, all of it works on the newest tables.
func TestEarlierProgramsAreServed(t *testing.T) {
	engines(t, func(t *testing.T, s *Store) {
		var floor int
		if err := s.read.NewRaw("SELECT MAX(version) FROM schema_floor").Scan(t.Context(), &floor); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob("testdata/programs/*.sql")
		if err != nil {
			t.Fatal(err)
		}
		served := 0
		for _, f := range files {
			version, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(f), ".sql"))
			if err != nil {
				t.Fatal(err)
			}
			if version < floor {
				continue
			}
			served++
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for statement := range strings.SplitSeq(string(text), ";\n") {
				if strings.TrimSpace(statement) == "" {
					continue
				}
				if _, err := s.write.DB.ExecContext(t.Context(), statement); err != nil {
					t.Errorf("the program of version %d: %v:\n%s", version, err, statement)
				}
			}
		}
		if served == 0 {
			t.Error("the program of the release before has no file in testdata/programs")
		}
	})
}

// tomorrow makes the tables those of the next release: each has a column more.
func tomorrow(t *testing.T, s *Store) {
	t.Helper()
	for _, table := range []string{"tickets", "calls", "ticket_days", "agents", "phones", "users", "tokens", "agent_sessions", "agent_pauses", "audit", "schema_floor"} {
		if _, err := s.write.NewRaw("ALTER TABLE " + table + " ADD COLUMN tomorrow TEXT NOT NULL DEFAULT 'x'").Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.write.NewRaw("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9998, TRUE)").Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}
