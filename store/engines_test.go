package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotline"
	"hotline/ticket"
)

// engines runs a story on a real SQLite file and on a real PostgreSQL.
func engines(t *testing.T, story func(t *testing.T, s *Store)) {
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

// postgresEnv names the server for tests: one that is there already, or the
// one that TestMain starts.
const postgresEnv = "HOTLINE_TEST_POSTGRES"

// postgres gives the URL of an empty schema on a real server.
func postgres(t *testing.T) string {
	t.Helper()
	dsn := os.Getenv(postgresEnv)
	if dsn == "" {
		t.Fatal("there is no PostgreSQL: run tools/unpack, or set " + postgresEnv + " to the URL of a server for tests")
	}
	return freshSchema(t, dsn)
}

// startPostgres starts a server for this run of the tests and gives its URL;
// "" when the machine has none.
func startPostgres() (dsn string, stop func(), err error) {
	bin := postgresBin()
	if bin == "" {
		return "", func() {}, nil
	}
	dir, err := os.MkdirTemp("/tmp", "hotline-pg") // a socket's path may have 107 characters only
	if err != nil {
		return "", nil, err
	}
	who, err := nobodyIfRoot(dir)
	if err != nil {
		return "", nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "hotline", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
	initdb.SysProcAttr, initdb.Dir = who, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	server := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-h", "", "-F")
	server.SysProcAttr, server.Dir = who, dir
	server.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if err := server.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = server.Process.Signal(syscall.SIGINT)
		_ = server.Wait()
		_ = os.RemoveAll(dir)
	}
	dsn = "postgres://hotline@/postgres?host=" + url.QueryEscape(dir)
	for range 200 {
		if s, err := openPostgres(context.Background(), Options{DSN: dsn}); err == nil {
			return dsn, stop, s.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	return "", nil, errors.New("PostgreSQL did not come up")
}

// postgresBin finds the server's programs: ours under .tools, or the host's.
func postgresBin() string {
	for _, pattern := range []string{"../.tools/root/usr/lib/postgresql/*/bin/postgres", "/usr/lib/postgresql/*/bin/postgres"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			if abs, err := filepath.Abs(found[len(found)-1]); err == nil {
				return filepath.Dir(abs)
			}
		}
	}
	return ""
}

// nobodyIfRoot: PostgreSQL refuses to run as root, so root hands it to nobody.
func nobodyIfRoot(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	const nobody = 65534
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}, os.Chown(dir, nobody, nobody)
}

func freshSchema(t *testing.T, dsn string) string {
	t.Helper()
	db, err := openPostgres(t.Context(), Options{DSN: dsn})
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
	}
}
