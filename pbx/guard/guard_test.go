package guard

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// wrong is what Asterisk 22.10 writes about a wrong password.
func wrong(from, callID string) string {
	return `[2026-11-24 21:02:56.702] SECURITY[26968] res_security_log.c: SecurityEvent="ChallengeResponseFailed",EventTV="2026-11-24T21:02:56.701+0000",Severity="Error",Service="PJSIP",EventVersion="1",AccountID="8001",SessionID="` +
		callID + `",LocalAddress="IPV4/UDP/127.0.0.1/15064",RemoteAddress="IPV4/UDP/` + from + `/42499",Challenge="1795554176/951f",Response="c88b",ExpectedResponse=""`
}

func right(from string) string {
	return `[2026-11-24 21:02:56.711] SECURITY[26968] res_security_log.c: SecurityEvent="SuccessfulAuth",EventTV="x",Severity="Informational",Service="PJSIP",EventVersion="1",AccountID="8001",SessionID="8e5",LocalAddress="IPV4/UDP/127.0.0.1/15064",RemoteAddress="IPV4/UDP/` + from + `/57873",UsingPassword="1"`
}

func stranger(from string) string {
	return `[2026-11-24 21:02:56.702] SECURITY[26968] res_security_log.c: SecurityEvent="InvalidAccountID",EventTV="x",Severity="Error",Service="PJSIP",EventVersion="1",AccountID="8055",SessionID="01f1",LocalAddress="IPV4/UDP/127.0.0.1/15064",RemoteAddress="IPV4/UDP/` + from + `/36195"`
}

// world is a guard, its log, and Asterisk as it hears of it.
type world struct {
	t *testing.T
	*Guard
	log, state string

	mu      sync.Mutex
	now     time.Time
	refused map[string]int
	shut    map[string]bool
	fails   bool // Asterisk is away
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, log: filepath.Join(t.TempDir(), "security.log"), now: time.Unix(1_800_000_000, 0), refused: map[string]int{}, shut: map[string]bool{}}
	w.state = w.log + ".state"
	w.open()
	return w
}

func (w *world) open() {
	w.t.Helper()
	set := func(to bool) func(context.Context, netip.Addr) error {
		return func(_ context.Context, a netip.Addr) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.fails {
				return fmt.Errorf("away")
			}
			w.shut[a.String()] = to
			return nil
		}
	}
	var err error
	w.Guard, err = New(Options{
		Log: w.log, State: w.state, Attempts: 3, Within: time.Minute, For: 10 * time.Minute,
		Spared: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		Now:    func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now },
	}, Ears{
		Refused: func(why, _ string) { w.mu.Lock(); defer w.mu.Unlock(); w.refused[why]++ },
		Shut:    set(true), Open: set(false), Trouble: func(string, error) {}, Changed: func(netip.Addr, time.Time) {},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// hears lets the guard read lines and act.
func (w *world) hears(lines ...string) {
	for _, l := range lines {
		w.line(l)
	}
	w.act(w.t.Context())
}

func (w *world) later(d time.Duration) { w.mu.Lock(); w.now = w.now.Add(d); w.mu.Unlock() }

func (w *world) isShut(a string) bool { w.mu.Lock(); defer w.mu.Unlock(); return w.shut[a] }

// The third wrong password in a minute is one too many; ten minutes later the
// address is let in again, by the next controller too.
func TestAGuesserIsShutOut(t *testing.T) {
	w := newWorld(t)
	w.hears(wrong("198.51.100.7", "a"), wrong("198.51.100.7", "b"), wrong("198.51.100.8", "c"))
	w.later(61 * time.Second)
	w.hears(wrong("198.51.100.7", "d"))
	if w.isShut("198.51.100.7") {
		t.Fatal("two wrong passwords and, a minute later, a third are no flood")
	}
	w.hears(wrong("198.51.100.7", "e"), wrong("198.51.100.7", "f"), wrong("198.51.100.7", "g"))
	if !w.isShut("198.51.100.7") || w.isShut("198.51.100.8") {
		t.Fatalf("shut out are %v", w.ShutOut())
	}
	w.hears(strings.Replace(wrong("198.51.100.7", "unseen"), `AccountID="8001"`, `AccountID="<unknown>"`, 1))
	if w.refused[Password] != 7 {
		t.Errorf("%d wrong passwords were counted, of 7", w.refused[Password])
	}
	w.later(5 * time.Minute)
	w.open() // another controller
	w.hears()
	if got := w.ShutOut(); !slices.Equal(got, []netip.Addr{netip.MustParseAddr("198.51.100.7")}) {
		t.Errorf("the next controller knows of %v", got)
	}
	w.later(6 * time.Minute)
	w.hears()
	if w.isShut("198.51.100.7") || len(w.ShutOut()) != 0 {
		t.Error("it is shut out longer than it should")
	}
	if info, err := os.Stat(w.state); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// Neither the city's own addresses nor one where our telephones are is ever shut
// out, and nobody can have another's address shut out.
func TestNobodyIsShutOutByAnother(t *testing.T) {
	w := newWorld(t)
	w.hears(right("203.0.113.5"))
	for range 10 {
		w.hears(wrong("203.0.113.5", "a"), wrong("192.0.2.9", "a"), stranger("198.51.100.9"),
			wrong("198.51.100.6", `x",LocalAddress="IPV4/UDP/127.0.0.1/15064",RemoteAddress="IPV4/UDP/198.51.100.10/5060",Challenge="`),
			`[2026-11-24 21:02:56.702] NOTICE[26948] res_pjsip/pjsip_distributor.c: Request 'REGISTER' from '"x] SECURITY[1] SecurityEvent="ChallengeResponseFailed",RemoteAddress="IPV4/UDP/198.51.100.11/1"' failed`)
	}
	if got := w.ShutOut(); len(got) != 0 {
		t.Errorf("%v are shut out", got)
	}
	if w.refused[Password] != 20 || w.refused[Account] != 10 || w.refused[Forged] != 10 || len(w.refused) != 3 {
		t.Errorf("counted %v", w.refused)
	}
	w.later(Known + time.Minute)
	w.hears(wrong("203.0.113.5", "a"), wrong("203.0.113.5", "a"), wrong("203.0.113.5", "a"))
	if !w.isShut("203.0.113.5") {
		t.Error("an address is spared for ever")
	}
}

// What a telephone dialled and may not is counted; a stranger who writes the same
// into his name is not.
func TestWhatLeadsOutsideIsCounted(t *testing.T) {
	w := newWorld(t)
	w.hears(
		`[2026-11-24 21:09:57.000] NOTICE[5][C-00000001] Ext. 00012345678:1 @ refused: refused: PJSIP/8001-00000000 dialled 00012345678`,
		`[2026-11-24 21:09:57.000] NOTICE[5] res_pjsip/pjsip_distributor.c: Request 'INVITE' from '"Ext. 1:1 @ refused: refused: PJSIP/8001" <sip:x@y>' failed`,
		``, `]`, `nonsense`)
	if w.refused[Outside] != 1 || len(w.refused) != 1 {
		t.Errorf("counted %v", w.refused)
	}
}

// Asterisk is away or restarts: whom it has to shut out it is told when it is back.
func TestAsteriskIsToldAgain(t *testing.T) {
	w := newWorld(t)
	w.fails = true
	w.hears(wrong("198.51.100.7", "a"), wrong("198.51.100.7", "a"), wrong("198.51.100.7", "a"))
	w.fails = false
	w.hears()
	if !w.isShut("198.51.100.7") {
		t.Fatal("it is not tried again")
	}
	w.shut = map[string]bool{}
	w.hears()
	w.Again()
	w.hears()
	if !w.isShut("198.51.100.7") {
		t.Error("a restarted Asterisk is not told")
	}
}

// The log is followed while it grows, is emptied and is replaced; what stood there
// before is of another time.
func TestTheLogIsFollowed(t *testing.T) {
	w := newWorld(t)
	write := func(flag int, lines ...string) {
		t.Helper()
		f, err := os.OpenFile(w.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND|flag, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			fmt.Fprint(f, l)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	count := func(want int) {
		t.Helper()
		for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
			w.mu.Lock()
			got := w.refused[Account]
			w.mu.Unlock()
			if got == want {
				return
			}
		}
		t.Fatalf("counted %v, want %d", w.refused, want)
	}
	line := stranger("198.51.100.9") + "\n"
	write(0, line, line)
	ctx, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { w.Run(ctx) })
	defer done.Wait()
	defer stop()
	time.Sleep(100 * time.Millisecond)
	write(0, line, line[:50])
	count(1)
	write(0, line[50:])
	count(2)
	write(os.O_TRUNC, line)
	count(3)
	if err := os.Rename(w.log, w.log+".1"); err != nil {
		t.Fatal(err)
	}
	write(0, line, line)
	count(5)
}
