package chaos

import (
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/routing"
	"hotline/site"
	"hotline/site/sitetest"
	"hotline/test/rig"
	"hotline/test/wire"
)

// upTo and starts are how much TestTakeUp500 takes up, and how often. The figure of
// docs/reliability.md: go test ./test/chaos -run TestTakeUp500 -callers 500 -starts 20 -v.
var (
	upTo   = flag.Int("callers", 60, "how many calls are there in TestTakeUp500")
	starts = flag.Int("starts", 2, "how often a controller is started over them")
)

// talkers are the calls of them that are in a talk.
const talkers = 10

// mostTakeUp is the time from a process's start until it has taken up all calls.
const mostTakeUp = time.Second

// Calls stand, ten of them in a talk, the others wait. Again and again the
// controller is killed, and a new one started: each time it has all of them within
// a second of its start, in their order.
func TestTakeUp500(t *testing.T) {
	r := rig.New(t, straight(), func(o *site.Options) { o.RetrySeconds, o.RTPPorts = 1, 2*(*upTo+talkers)+200 })
	r.Rules.Ring = time.Minute
	r.Spawn()
	for i := range talkers {
		r.Agent(hotline.AgentID(fmt.Sprint(1001+i)), hotline.PhoneID(fmt.Sprint(8001+i))).
			OnInvite(func(*phone.Call) phone.Policy { return phone.Answer(0) })
	}
	citizens(r, *upTo)
	waiting := func() routing.Snapshot {
		b, err := r.Live.Load(t.Context())
		must(t, err)
		return b
	}
	talks := func(b routing.Snapshot) (n int) {
		for _, a := range b.Agents {
			if a.State == routing.Talking {
				n++
			}
		}
		return n
	}
	r.Within(time.Minute, "all calls are there", func() bool {
		b := waiting()
		return len(b.Places) == *upTo-talkers && talks(b) == talkers
	})
	time.Sleep(time.Second) // the first words are over
	var took []time.Duration
	for range *starts {
		before := waiting()
		r.Kill()
		took = append(took, r.Spawn())
		after := waiting()
		if len(after.Places) != len(before.Places) || talks(after) != talkers {
			t.Fatalf("%d waited and %d talked; %d and %d were taken up", len(before.Places), talkers, len(after.Places), talks(after))
		}
		for i, p := range before.Places {
			if q := after.Places[i]; q.Call != p.Call || q.Seq != p.Seq {
				t.Fatalf("place %d was %+v and is %+v", i, p, q)
			}
		}
	}
	p99 := quantile(took, .99)
	fmt.Fprintf(os.Stdout, "TAKEUP calls=%d talking=%d starts=%d p50_ms=%d p99_ms=%d\n", *upTo, talkers, *starts, quantile(took, .5).Milliseconds(), p99.Milliseconds())
	if p99 > mostTakeUp {
		t.Errorf("all calls were taken up only after %v; %v is asked", p99, mostTakeUp)
	}
}

// citizens has n citizens call who only listen. Sound of theirs, or an ear for each,
// would cost this machine more than all the rest.
func citizens(r *rig.Rig, n int) {
	t := r.T
	ear, err := wire.Deaf("0.0.0.0", 0)
	must(t, err)
	t.Cleanup(func() { _ = ear.Close() })
	at := r.Site.Addresses()
	s := wire.SIPp{Tools: sitetest.Tools(t), Dir: at.Dir, Server: at.SIP, Media: ear.LocalAddr().(*net.UDPAddr).Port}
	var list strings.Builder
	list.WriteString("SEQUENTIAL\n")
	for i := range n {
		fmt.Fprintf(&list, "000%08d;127.1.%d.%d;\n", 20000000+i, i/250, 1+i%250)
	}
	file := filepath.Join(at.Dir, "citizens.csv")
	must(t, os.WriteFile(file, []byte(list.String()), 0o600))
	free, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP("127.0.0.2")})
	must(t, err)
	port := free.LocalAddr().(*net.UDPAddr).Port
	must(t, free.Close())
	cmd, err := s.Start("caller", "127.0.0.2", port, "-s", "12345", "-inf", file, "-l", strconv.Itoa(n), "-r", "50", "-m", strconv.Itoa(n))
	must(t, err)
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}
