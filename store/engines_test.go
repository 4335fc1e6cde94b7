package store

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline"
	"hotline/ticket"
)

// engines runs a story on both engines, and on both as the next release will have
// them: it adds columns while this one still runs.
func engines(t *testing.T, story func(t *testing.T, s *Store)) {
	t.Helper()
	today(t, story)
	for name, dsn := range map[string]string{"sqlite of tomorrow": filepath.Join(t.TempDir(), "hotline.db"), "postgres of tomorrow": postgres(t)} {
		t.Run(name, func(t *testing.T) {
			tomorrow(t, open(t, dsn))
			story(t, open(t, dsn))
		})
	}
}

// today runs a story on a real SQLite file and on a real PostgreSQL.
func today(t *testing.T, story func(t *testing.T, s *Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { story(t, open(t, filepath.Join(t.TempDir(), "hotline.db"))) })
	t.Run("postgres", func(t *testing.T) { story(t, open(t, postgres(t))) })
}

func open(t *testing.T, dsn string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// postgresEnv names the server for tests: the URL of one that is there already, or
// of the unpacked one that TestMain starts.
const postgresEnv = "HOTLINE_TEST_POSTGRES"

// postgres gives the URL of an empty schema on a real server.
func postgres(t *testing.T) string {
	t.Helper()
	dsn := os.Getenv(postgresEnv)
	if dsn == "" {
		t.Fatal("TestMain did not start a PostgreSQL")
	}
	return freshSchema(t, dsn)
}

func freshSchema(t *testing.T, dsn string) string {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), rand.Int64())
	if _, err := db.Exec("CREATE SCHEMA " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = db.ExecContext(context.Background(), "DROP SCHEMA "+name+" CASCADE")
		db.Close()
	})
	sep := "?"
	if strings.Contains(dsn, "?") {
		sep = "&"
	}
	return dsn + sep + "search_path=" + name
}

// talk is the i-th call of a day: answered, talked about, recorded.
func talk(i int) hotline.Outcome {
	at := time.Date(2026, 5, 1, 1, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Second)
	no, err := ticket.NewNumber(ticket.Day(at), i+1)
	if err != nil {
		panic(err)
	}
	return hotline.Outcome{
		Call: hotline.CallID(fmt.Sprintf("as1-%d.%d", at.Unix(), i)), Ticket: no, QueryCode: "012345",
		Hotline: "zilaishui", Keyed: hotline.KeyedKey, Caller: hotline.ParsePhone("00012345678"), Dialled: "12345",
		Flow: "menu", Queue: "water", Agent: "1001", Phone: "8001", Arrived: at, Chosen: at.Add(3 * time.Second),
		Rang: at.Add(3005 * time.Millisecond), Joined: at.Add(5 * time.Second), TalkEnded: at.Add(65 * time.Second),
		Ended: at.Add(66 * time.Second), End: hotline.EndAnswered, EndedBy: hotline.SideCaller, Offers: 1,
		Path:      []hotline.Visit{{Step: "greeting", At: at}, {Step: "menu", At: at.Add(time.Second), Keys: "2"}, {Step: "queue", At: at.Add(2 * time.Second)}},
		Recording: fmt.Sprintf("2026/05/01/%d.wav", i),
		Gaps:      []hotline.Gap{{From: at.Add(20 * time.Second), To: at.Add(30 * time.Second)}},
	}
}
