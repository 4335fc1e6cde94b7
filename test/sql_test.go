package test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/site"
	"hotline/site/sitetest"
	"hotline/test/rig"
)

// sqlAway and sqlRate are the figure of docs/reliability.md:
// go test ./test -run TestSQLAway -sql-away 10m -sql-rate 5 -timeout 20m.
var (
	sqlAway = flag.Duration("sql-away", 10*time.Second, "how long SQL is away in TestSQLAway")
	sqlRate = flag.Float64("sql-rate", 3, "calls a second in TestSQLAway")
)

const (
	// mostDrain is how long the books may be behind once SQL is there again.
	mostDrain = time.Minute
	// mostStartWithoutSQL is how long a controller may take that finds no SQL: a
	// second for the journal it found, one for the tables, one for the numbers.
	mostStartWithoutSQL = 4 * time.Second
)

// postgres is a server of the story's own.
func postgres(t *testing.T) *site.Postgres {
	t.Helper()
	p, err := site.StartPostgres(t.Context(), sitetest.Tools(t))
	must(t, err)
	t.Cleanup(p.Stop)
	return p
}

// load is citizens who call one after the other, and are all served.
type load struct {
	*rig.Rig
	numbers []string
	all     sync.WaitGroup
}

// calls begins calls at a rate until stop is closed.
func (l *load) calls(rate float64, stop <-chan struct{}) {
	tick := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer tick.Stop()
	for {
		number := fmt.Sprintf("0007%05d", len(l.numbers))
		l.numbers = append(l.numbers, number)
		l.all.Go(func() { l.call(number) })
		select {
		case <-stop:
			return
		case <-tick.C:
		}
	}
}

func (l *load) call(number string) {
	p, err := phone.Open(phone.Options{Server: l.Site.Addresses().SIP, Bind: "127.0.0.2", Number: number})
	if err != nil {
		l.T.Error(err)
		return
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(l.T.Context(), 30*time.Second)
	defer cancel()
	k, err := p.Dial(ctx, "12345", phone.DialOptions{})
	if err != nil {
		l.T.Error(err)
		return
	}
	select {
	case <-k.Done():
		if e := k.Ending(); !e.Answered || e.By != phone.Them {
			l.T.Errorf("the call of %s: %v", number, e)
		}
	case <-ctx.Done():
		l.T.Errorf("the call of %s does not end", number)
	}
}

// books counts the calls whose ticket is missing, and those that have several.
func (l *load) books() (missing, double int) {
	l.T.Helper()
	tickets := map[string]int{}
	for k := range l.Newest() {
		tickets[k.Caller.Number]++
	}
	for _, n := range l.numbers {
		if tickets[n] == 0 {
			missing++
		}
		double += max(tickets[n]-1, 0)
	}
	return missing, double
}

// SQL stands still while call after call is served: each has a number to be told,
// from the blocks in hand. It is back, is killed over the first of the backlog, and
// is back again: every call has its ticket once, within a minute.
func TestSQLAway(t *testing.T) {
	t.Parallel()
	p := postgres(t)
	r := rig.New(t, direct())
	r.Books(p.URL())
	r.Spawn()
	for i := range 4 {
		r.Agent(hotline.AgentID(fmt.Sprint(1001+i)), hotline.PhoneID(fmt.Sprint(8001+i))).
			OnInvite(meets(phone.Answer(0).Talk(50 * time.Millisecond)))
	}
	freeze(t, p)
	l, stop := &load{Rig: r}, make(chan struct{})
	var calling sync.WaitGroup
	calling.Go(func() { l.calls(*sqlRate, stop) })
	time.Sleep(*sqlAway)
	thaw(t, p)
	time.Sleep(500 * time.Millisecond)
	p.Kill() // in the middle of writing what waited
	time.Sleep(time.Second)
	must(t, p.Start(t.Context()))
	back := time.Now()
	close(stop)
	calling.Wait()
	l.all.Wait()
	missing, double := l.books()
	for missing > 0 && time.Since(back) < mostDrain {
		time.Sleep(100 * time.Millisecond)
		missing, double = l.books()
	}
	fmt.Fprintf(os.Stdout, "SQLAWAY calls=%d missing=%d double=%d drained_s=%.1f\n", len(l.numbers), missing, double, time.Since(back).Seconds())
	if missing+double > 0 {
		t.Errorf("%d calls have no ticket, %d too many are there", missing, double)
	}
	if n := r.Logged("msg", "no ticket number in hand; the call gets one when it is written"); n > 0 {
		t.Errorf("%d calls could not be told their numbers", n)
	}
	r.Clean()
}

func freeze(t *testing.T, p *site.Postgres) {
	t.Helper()
	for _, pid := range p.PIDs() {
		must(t, syscall.Kill(pid, syscall.SIGSTOP))
	}
	t.Cleanup(func() { thaw(t, p) })
}

func thaw(t *testing.T, p *site.Postgres) {
	for _, pid := range p.PIDs() {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
}

// A controller is killed while SQL is away. The next one serves all the same: who
// talks talks on, who waits is served by the agent who was signed in, who calls is
// served as well; their tickets get their numbers when SQL is back.
func TestAControllerStartsWithoutSQL(t *testing.T) {
	t.Parallel()
	p := postgres(t)
	r := rig.New(t, story(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Books(p.URL())
	r.Spawn()
	desk := r.Agent("1001", "8001")
	desk.OnInvite(meets(phone.Answer(0)))
	first := dial(r, "00056500")
	first.press("2")
	agent := next(t, desk)
	talk(t, first.Call, agent)
	second := waiting(r, "00056501")
	p.Kill()
	startsWithoutSQL(r, func() {
		talk(t, first.Call, agent)
		third := waiting(r, "00056502")
		for _, k := range []citizen{first, second, third} {
			must(t, agent.Hangup(soon(t)))
			k.over()
			if k.number != third.number {
				agent = next(t, desk)
			}
		}
		must(t, p.Start(t.Context()))
		r.Saw("msg", "SQL is back")
		for _, number := range []string{first.number, second.number, third.number} {
			if k := r.TicketOf(number); k.Number == "" || k.Agent != "1001" {
				t.Errorf("the ticket of %s is %+v", number, k)
			}
		}
		// And whoever needed SQL has it again.
		r.Phone("8002")
	})
	r.Tickets(3)
	r.Clean()
}

// The agent has signed out in a talk that Redis forgets, and SQL, which knows of it, is
// away when the next controller starts. Back, it tells.
func TestHeSignedOutAndSQLIsAway(t *testing.T) {
	t.Parallel()
	p := postgres(t)
	r := rig.New(t, story(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Books(p.URL())
	r.Spawn()
	desk := r.Agent("1001", "8001")
	desk.OnInvite(meets(phone.Answer(0)))
	c := dial(r, "00056510")
	c.press("2")
	agent := next(t, desk)
	talk(t, c.Call, agent)
	r.SignOut("1001")
	p.Kill()
	r.Kill()
	(&crowd{Rig: r}).empty()
	r.Spawn()
	talk(t, c.Call, agent)
	must(t, p.Start(t.Context()))
	r.Saw("msg", "SQL is back")
	must(t, agent.Hangup(soon(t)))
	c.over()
	c.ticket(hotline.EndAnswered, hotline.SideAgent)
	r.Within(5*time.Second, "he is signed out", func() bool {
		b, err := r.Live.Load(t.Context())
		must(t, err)
		return len(b.Agents) == 0
	})
}

// What a controller does that starts without SQL, on SQLite, whose file another program
// holds.
func TestAControllerStartsWhileSQLiteIsLocked(t *testing.T) {
	t.Parallel()
	r := rig.New(t, story(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Spawn()
	desk := r.Agent("1001", "8001")
	desk.OnInvite(meets(phone.Answer(0)))
	first := dial(r, "00056600")
	first.press("2")
	agent := next(t, desk)
	talk(t, first.Call, agent)
	unlock := lock(t, rig.BooksFile(r.Site.Addresses()))
	startsWithoutSQL(r, func() {
		talk(t, first.Call, agent)
		must(t, agent.Hangup(soon(t)))
		first.over()
		unlock()
		first.ticket(hotline.EndAnswered, hotline.SideAgent)
	})
	r.Tickets(1)
	r.Clean()
}

func startsWithoutSQL(r *rig.Rig, then func()) {
	r.T.Helper()
	r.Kill()
	if took := r.Spawn(); took > mostStartWithoutSQL*slower {
		r.T.Errorf("without SQL the controller served after %v; %v is asked", took, mostStartWithoutSQL*slower)
	} else {
		r.T.Logf("without SQL the controller served after %v", took.Round(time.Millisecond))
	}
	then()
}

// lock holds the file's write lock until unlock.
func lock(t *testing.T, file string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	must(t, err)
	c, err := db.Conn(t.Context())
	must(t, err)
	_, err = c.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	must(t, err)
	return sync.OnceFunc(func() {
		_, err := c.ExecContext(context.Background(), "ROLLBACK")
		must(t, err)
		must(t, c.Close())
		must(t, db.Close())
	})
}
