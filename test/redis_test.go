package test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"hotline"
	"hotline/live/livetest"
	"hotline/phone"
	"hotline/routing"
	"hotline/site"
	"hotline/test/rig"
)

// frozenRedis is how long Redis is frozen in TestRedis; 30 s is the figure of
// docs/reliability.md: go test ./test -run TestRedis$ -frozen-redis 30s.
var frozenRedis = flag.Duration("frozen-redis", 6*time.Second, "how long Redis is frozen in TestRedis")

// mostBack is how soon callers are offered again when Redis is there again, and
// mostFailOver how soon when its place was taken by another one.
const (
	mostBack     = 3 * time.Second
	mostFailOver = 10 * time.Second
)

// crowded is the crowd of the figure, and its controller in a process of its own.
func crowded(t *testing.T) *crowd {
	r := rig.New(t, patient(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Rules.Ring = time.Minute
	r.Spawn()
	return gather(r)
}

// talksGoOn wants every call up and every talk heard on both sides.
func (c *crowd) talksGoOn() {
	c.T.Helper()
	for _, k := range c.all() {
		k.up()
	}
	var all sync.WaitGroup
	for i, k := range c.talking {
		all.Go(func() { hears(c.T, k.number, lately(k.Call), 400); hears(c.T, "his agent", lately(c.agents[i]), 500) })
	}
	all.Wait()
}

// free ends the first talk, and its agent takes whoever comes next.
func (c *crowd) free() (*phone.Phone, *invites) {
	c.T.Helper()
	// Each whose talk ends becomes the last of those who talk.
	desk, seen := c.Desk(hotline.AgentID(fmt.Sprint(1001+c.done%5))), &invites{}
	desk.OnInvite(func(k *phone.Call) phone.Policy { seen.add(k); return phone.Answer(0) })
	must(c.T, c.agents[0].Hangup(soon(c.T)))
	c.talking[0].over()
	return desk, seen
}

// served wants the agent to talk with the first of those who wait, within a time.
func (c *crowd) served(desk *phone.Phone, within time.Duration) {
	c.T.Helper()
	began := time.Now()
	first := c.waiting[0]
	call := next(c.T, desk)
	talk(c.T, first.Call, call)
	if took := time.Since(began); took > within*slower {
		c.T.Errorf("the first who waited was served after %v; %v is asked", took, within)
	}
	c.talking[0].ticket(hotline.EndAnswered, hotline.SideAgent)
	c.talking, c.waiting = append(c.talking[1:], first), c.waiting[1:]
	c.agents = append(c.agents[1:], call)
	c.done++
}

// invites counts how often a telephone rang.
type invites struct {
	mu   sync.Mutex
	from []string
}

func (i *invites) add(k *phone.Call) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.from = append(i.from, k.Number())
}

// once wants one ring for one caller.
func (i *invites) once(t testing.TB) {
	t.Helper()
	if n := i.count(); n != 1 {
		t.Errorf("the agent's telephone rang %d times for one caller", n)
	}
}

func (i *invites) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.from)
}

// ordered wants the places in the order in which they were, one caller less, and
// nobody of the board offered twice.
func (c *crowd) ordered(before routing.Snapshot) {
	c.T.Helper()
	seq := map[hotline.CallID]int64{}
	for _, p := range before.Places {
		seq[p.Call] = p.Seq
	}
	after := c.board()
	if len(after.Places) != len(c.waiting)+1 {
		c.T.Errorf("%d have a place; %d wait", len(after.Places), len(c.waiting)+1)
	}
	if !slices.IsSortedFunc(after.Places, func(a, b hotline.Place) int { return int(a.Seq - b.Seq) }) {
		c.T.Errorf("the places are %+v", after.Places)
	}
	offers := map[hotline.OfferID]hotline.AgentID{}
	for _, p := range after.Places {
		if was, ok := seq[p.Call]; ok && was != p.Seq {
			c.T.Errorf("the place %d became %d", was, p.Seq)
		}
	}
	for _, a := range after.Agents {
		if other, twice := offers[a.Offer]; twice && a.Offer != 0 {
			c.T.Errorf("%s and %s have one offer: %d", a.ID, other, a.Offer)
		}
		offers[a.Offer] = a.ID
	}
}

// Redis has a bad day, while ten wait, five talk, one agent's phone rings and one
// citizen is in the menu. Nobody notices any of it.
func TestRedis(t *testing.T) {
	t.Parallel()
	c := crowded(t)
	c.redisRestarts()
	c.redisFreezes()
	c.redisIsEmptied()
	c.goHome()
}

// It dies and is started again; whoever waits is served in his turn.
func (c *crowd) redisRestarts() {
	c.T.Helper()
	time.Sleep(1100 * time.Millisecond) // the last second may be lost (appendfsync everysec)
	before := c.board()
	c.Site.KillRedis()
	c.talksGoOn()
	must(c.T, c.Site.StartRedis(c.T.Context()))
	c.same(before)
	desk, seen := c.free()
	c.served(desk, mostBack)
	c.ordered(before)
	seen.once(c.T)
}

// It is frozen. Talks and menus go on, an agent who becomes free is offered nobody,
// who calls meanwhile hears the menu and then music. Thawed, the agent gets the one
// who waited longest, and the newcomer stands last.
func (c *crowd) redisFreezes() {
	c.T.Helper()
	before := c.board()
	redis := c.Site.RedisPID()
	must(c.T, syscall.Kill(redis, syscall.SIGSTOP))
	c.T.Cleanup(func() { _ = syscall.Kill(redis, syscall.SIGCONT) })
	began := time.Now()
	newcomer := dial(c.Rig, "00056300")
	newcomer.hears("menu.1s", 0)
	newcomer.press("2")
	desk, seen := c.free()
	rest := &crowd{Rig: c.Rig, waiting: append(c.waiting, newcomer), talking: c.talking[1:], agents: c.agents[1:], ringing: c.ringing, menu: c.menu}
	for time.Since(began) < *frozenRedis-700*time.Millisecond {
		rest.talksGoOn()
	}
	time.Sleep(time.Until(began.Add(*frozenRedis)))
	if n := seen.count(); n != 0 {
		c.T.Errorf("on a board that nobody could see the agent was offered %d callers", n)
	}
	must(c.T, syscall.Kill(redis, syscall.SIGCONT))
	c.served(desk, mostBack)
	last := newcomer.waits()
	c.waiting = append(c.waiting, newcomer)
	for _, p := range c.board().Places {
		if p.Seq > last.Seq {
			c.T.Errorf("somebody stands behind the one who came last: %+v", p)
		}
	}
	c.ordered(before)
	seen.once(c.T)
}

// It is emptied of everything that was ever written there. The controller writes
// it back by itself; one that is killed a moment later finds all of it.
func (c *crowd) redisIsEmptied() {
	c.T.Helper()
	// What the outage before left in doubt is settled half a second after it.
	calls := len(c.all())
	c.Within(5*time.Second, "Redis has the records of the calls that are up", func() bool { return c.records() == calls })
	before := c.board()
	c.empty()
	c.talksGoOn()
	c.Within(3*time.Second, "all is written back", func() bool {
		now := c.board()
		return c.records() == calls && len(now.Places) == len(before.Places) && len(now.Agents) == len(before.Agents)
	})
	c.same(before)
	c.Kill()
	c.Spawn()
	c.same(before)
	desk, seen := c.free()
	c.served(desk, mostBack)
	c.ordered(before)
	seen.once(c.T)
}

// records is how many calls' records Redis has.
func (c *crowd) records() int {
	c.T.Helper()
	all, err := c.Live.Calls(c.T.Context())
	must(c.T, err)
	return len(all)
}

// Redis is emptied in the moment in which the controller dies. Those who wait keep
// their places, from their channels, and so does one who talked: nobody knows any
// more that he did. Their agents are taken up, paused until they are ready.
func TestRedisEmptiedAndTheControllerDead(t *testing.T) {
	t.Parallel()
	r := rig.New(t, patient(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Spawn()
	desk := r.Agent("1001", "8001")
	seen := &invites{}
	r.Desk("1001").OnInvite(func(k *phone.Call) phone.Policy { seen.add(k); return phone.Answer(0) })
	first := dial(r, "00056400")
	first.press("2")
	agent := next(t, desk)
	talk(t, first.Call, agent)
	var queue []citizen
	var was []hotline.Place
	for i := range 5 {
		k := waiting(r, fmt.Sprintf("0005641%d", i))
		queue, was = append(queue, k), append(was, k.waits())
	}
	must(t, agent.Hangup(soon(t)))
	first.over()
	agent = next(t, desk) // the first of the five
	r.Kill()
	must(t, agent.Hangup(soon(t)))
	(&crowd{Rig: r}).empty()
	at := time.Now()
	r.Spawn()
	for i, k := range queue {
		k.up()
		if p := k.waits(); p.Seq != was[i].Seq || p.Since != was[i].Since || p.Queue != was[i].Queue {
			t.Errorf("%s had the place %+v and has %+v", k.number, was[i], p)
		}
		if heard := k.heard(at.Sub(k.Began())); has(heard, "greeting.1s") || has(heard, "menu.1s") {
			t.Errorf("%s, who waited, heard %v", k.number, heard)
		}
	}
	r.Within(5*time.Second, "the agent is back", func() bool {
		b, err := r.Live.Load(t.Context())
		must(t, err)
		return len(b.Agents) == 1 && b.Agents[0].State == routing.Paused
	})
	r.Ready("1001")
	for i, k := range queue {
		call := next(t, desk)
		talk(t, k.Call, call)
		if n := seen.count(); n != i+3 {
			t.Errorf("the agent's telephone rang %d times; %d is right", n, i+3)
		}
		must(t, call.Hangup(soon(t)))
		k.over()
	}
}

// empty makes Redis forget everything.
func (c *crowd) empty() {
	c.T.Helper()
	at := c.Site.Addresses()
	password, err := at.RedisPassword()
	must(c.T, err)
	livetest.Empty(c.T, at.Redis, password)
}

// The master of three Sentinels dies. Its replica takes its place; nobody notices,
// and whoever waits is served in his turn, once.
func TestSentinelFailsOver(t *testing.T) {
	t.Parallel()
	r := rig.New(t, patient(), func(o *site.Options) { o.RetrySeconds = 1 })
	password, err := r.Site.Addresses().RedisPassword()
	must(t, err)
	se := livetest.StartSentinels(t, password)
	r.Sentinels(se.Addresses, livetest.Master)
	r.Rules.Ring = time.Minute
	r.Spawn()
	c := gather(r)
	time.Sleep(100 * time.Millisecond) // copied
	before := c.board()
	began := time.Now()
	se.Master.Kill()
	c.talksGoOn()
	desk, seen := c.free()
	c.served(desk, mostFailOver)
	took := time.Since(began)
	if !se.Promoted() {
		t.Error("the replica is not the master")
	}
	c.ordered(before)
	seen.once(t)
	fmt.Fprintf(os.Stdout, "FAILOVER waiting=%d talking=%d lost=0 served_again_ms=%d\n", len(c.waiting), len(c.talking), took.Milliseconds())
	c.goHome()
}
