package chaos

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"hotline/site"
	"hotline/test/rig"
)

// cast is the controllers: one serves, another one stands by.
type cast struct {
	r               *rig.Rig
	rng             *rand.Rand
	serves, standby *rig.Controller
	frozen          []frozen

	takeOvers, recoveries, handOvers, thaws []time.Duration
	woken                                   int      // frozen and woken
	unasked                                 int      // take-overs that nobody had asked for
	granted                                 []string // what a woken one was allowed to do
	faults                                  []string
}

// frozen is a controller that is stopped, and when it is woken.
type frozen struct {
	k    *rig.Controller
	thaw time.Time
}

// soon is how long anything may take.
const soon = 15 * time.Second

// startCast starts both.
func startCast(r *rig.Rig, rng *rand.Rand) *cast {
	c := &cast{r: r, rng: rng}
	c.serves = r.Another(false)
	r.Serves(c.serves)
	c.next()
	return c
}

// next starts one that stands by; every other one as on another host, from where
// it cannot see that the one who serves is dead.
func (c *cast) next() {
	c.standby = c.r.Another(c.rng.IntN(2) == 0)
	c.standby.StandsBy()
}

// strike does what is to be done at a moment; false: the moment did not come. One
// who was overtaken unasked, on a machine so busy that it could not renew its lease,
// is struck no more; his successor is.
func (c *cast) strike(m moment, a act) bool {
	select {
	case <-c.serves.Over():
		c.unasked++
		c.settle()
	default:
	}
	k, began := c.serves, make(chan time.Time, 1)
	do := func() bool {
		began <- time.Now()
		return c.do(k, a)
	}
	if m.any {
		time.Sleep(time.Duration(c.rng.IntN(300)) * time.Millisecond)
		do()
	} else {
		hit, forget := k.Aim(m.at, do)
		select {
		case <-hit:
		case <-k.Over():
			forget()
			if len(began) == 0 {
				return c.strike(m, a)
			}
			<-hit
		case <-time.After(soon):
			forget()
			return false
		}
	}
	c.follow(a, <-began)
	return true
}

// do strikes; it tells whether the message that waits goes on.
func (c *cast) do(k *rig.Controller, a act) bool {
	switch a {
	case kill:
		k.Kill()
		return false
	case killBoth:
		c.standby.Kill()
		k.Kill()
		return false
	case lockSQL:
		c.note(c.lock(time.Second + time.Duration(c.rng.IntN(3000))*time.Millisecond))
	case stop:
		go func() { _ = k.Stop() }() // its end is waited for in follow
	case freeze:
		k.Freeze()
	case emptyRedis:
		c.note(flush(c.r.Site.Addresses()))
	case killRedis:
		c.r.Site.KillRedis()
		c.note(c.r.Site.StartRedis(context.Background()))
		c.note(c.levelRedis())
	case restart:
		c.note(c.r.Site.RestartRedis(context.Background()))
		c.note(c.levelRedis())
	case freezeRedis:
		pid := c.r.Site.RedisPID()
		c.note(syscall.Kill(pid, syscall.SIGSTOP))
		time.AfterFunc(time.Second+time.Duration(c.rng.IntN(1500))*time.Millisecond, func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	}
	return true
}

// lock holds the write lock of the books for a while.
func (c *cast) lock(held time.Duration) error {
	db, err := sql.Open("sqlite", rig.BooksFile(c.r.Site.Addresses())+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		return errors.Join(err, db.Close())
	}
	time.AfterFunc(held, func() { _ = db.Close() })
	return nil
}

// levelRedis takes the telephones' precedence from a Redis that was started just now.
func (c *cast) levelRedis() error {
	if !precedes() {
		return nil
	}
	return renice(c.r.Site.RedisPID(), 0)
}

// follow waits until somebody serves again and somebody stands by.
func (c *cast) follow(a act, began time.Time) {
	switch a {
	case kill, stop, freeze:
		old := c.serves
		c.r.Serves(c.standby)
		took := time.Since(began)
		c.serves = c.standby
		switch a {
		case kill:
			c.takeOvers = append(c.takeOvers, took)
		case stop:
			c.handOvers = append(c.handOvers, took)
			<-old.Over()
		case freeze:
			c.frozen = append(c.frozen, frozen{old, began.Add(3*time.Second + time.Duration(c.rng.IntN(4000))*time.Millisecond)})
		}
		c.next()
	case killBoth:
		time.Sleep(time.Duration(c.rng.IntN(1000)) * time.Millisecond)
		at := time.Now()
		c.serves = c.r.Another(false)
		c.r.Serves(c.serves)
		c.recoveries = append(c.recoveries, time.Since(at))
		c.next()
	case lockSQL: // whoever serves goes on
	default:
		c.settle()
	}
	c.wake(false)
}

// settle gives the controllers the time to decide who serves after Redis had
// lost its leases.
func (c *cast) settle() {
	select {
	case <-c.serves.Over(): // the other one was quicker
		c.r.Serves(c.standby)
		c.serves = c.standby
		c.next()
	case <-c.standby.Over():
		c.next()
	case <-time.After(4 * time.Second):
	}
}

// wake wakes those whose time has come: each has to notice by itself that it was
// overtaken, without having done anything.
func (c *cast) wake(all bool) {
	var rest []frozen
	for _, f := range c.frozen {
		if !all && time.Now().Before(f.thaw) {
			rest = append(rest, f)
			continue
		}
		time.Sleep(time.Until(f.thaw))
		f.k.Thaw()
		began := time.Now()
		f.k.Overtaken(5 * time.Second)
		c.thaws = append(c.thaws, time.Since(began))
		c.granted = append(c.granted, f.k.Granted()...)
		c.woken++
	}
	c.frozen = rest
}

func (c *cast) note(err error) {
	if err != nil {
		c.faults = append(c.faults, err.Error())
	}
}

// flush empties Redis.
func flush(at site.Addresses) error {
	password, err := at.RedisPassword()
	if err != nil {
		return err
	}
	answer, err := ask(at.Redis, "AUTH "+password, "FLUSHALL")
	if err == nil && answer != "+OK" {
		err = fmt.Errorf("FLUSHALL: %s", answer)
	}
	return err
}
