package livetest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/kin"
)

// Master is the name that the Sentinels of StartSentinels watch.
const Master = "hotline"

// Sentinels are one master, one replica and three Sentinels, all real, on free
// ports. They end with the test.
type Sentinels struct {
	Addresses       []string // of the Sentinels
	Master, Replica *Redis   // as they began
	Password        string   // of the Redises
}

// sentinelConf lets a master count as dead after half a second and a fail-over be
// tried again after three. In earnest both are longer (docs/reliability.md).
const sentinelConf = `bind 127.0.0.1
port %d
dir %q
logfile sentinel.log
sentinel monitor hotline 127.0.0.1 %s 2
sentinel auth-pass hotline %s
sentinel down-after-milliseconds hotline 500
sentinel failover-timeout hotline 3000
sentinel parallel-syncs hotline 1
`

// StartSentinels starts them, Redises with that password, and waits until each
// knows the others.
func StartSentinels(t testing.TB, password string) *Sentinels {
	t.Helper()
	s := &Sentinels{Password: password}
	own := []string{"requirepass " + s.Password, "masterauth " + s.Password, "repl-diskless-sync-delay 0"}
	s.Master = StartRedis(t, own...)
	_, port, _ := net.SplitHostPort(s.Master.Address)
	s.Replica = StartRedis(t, append(own, "replicaof 127.0.0.1 "+port)...)
	within(t, 10*time.Second, "the replica follows", func() bool {
		got, err := s.Replica.ask("INFO replication")
		return err == nil && strings.Contains(got, "master_link_status:up")
	})
	for range 3 {
		s.sentinel(t, port)
	}
	within(t, 15*time.Second, "the Sentinels know one another and the replica", func() bool {
		for _, a := range s.Addresses {
			got, err := (&Redis{Address: a}).ask("SENTINEL master " + Master)
			if err != nil || field(got, "num-other-sentinels") != "2" || field(got, "num-slaves") != "1" {
				return false
			}
		}
		return true
	})
	return s
}

func (s *Sentinels) sentinel(t testing.TB, port string) {
	t.Helper()
	r := &Redis{binary: redisServer(t), dir: t.TempDir(), Address: freeAddress(t)}
	_, own, _ := net.SplitHostPort(r.Address)
	conf := filepath.Join(r.dir, "sentinel.conf")
	var n int
	fmt.Sscan(own, &n)
	if err := os.WriteFile(conf, fmt.Appendf(nil, sentinelConf, n, r.dir, port, s.Password), 0o600); err != nil {
		t.Fatal(err)
	}
	r.running = exec.Command(r.binary, conf, "--sentinel")
	if err := kin.Start(r.running); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Kill)
	s.Addresses = append(s.Addresses, r.Address)
}

// Promoted tells whether the replica is the master now.
func (s *Sentinels) Promoted() bool {
	got, err := s.Replica.ask("INFO replication")
	return err == nil && strings.Contains(got, "role:master")
}

// field finds a value in a flat list of names and values as the wire has it.
func field(answer, name string) string {
	_, rest, _ := strings.Cut(answer, "\r\n"+name+"\r\n")
	_, rest, _ = strings.Cut(rest, "\r\n")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

func within(t testing.TB, limit time.Duration, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}
