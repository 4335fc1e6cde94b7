package test

import (
	"fmt"
	"sync"
	"time"

	"hotline/phone"
	"hotline/test/rig"
)

// passers are citizens who call one after the other while something else is tried:
// each is answered, listens to the menu for a second and hangs up.
type passers struct {
	r     *rig.Rig
	stop  chan struct{}
	once  sync.Once // closes stop
	all   sync.WaitGroup
	count int // who called; read it after leave
}

// pass has so many citizens a second call until leave.
func pass(r *rig.Rig, perSecond int) *passers {
	p := &passers{r: r, stop: make(chan struct{})}
	r.T.Cleanup(func() { p.leave() })
	if perSecond == 0 {
		return p
	}
	p.all.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(perSecond))
		defer tick.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-tick.C:
			}
			number := fmt.Sprintf("0006%06d", p.count)
			p.count++
			p.all.Go(func() { p.one(number) })
		}
	})
	return p
}

// one calls; he may have to wait while nobody serves, but not for long.
func (p *passers) one(number string) {
	o := phone.Options{Server: p.r.Site.Addresses().Trunk(), Bind: "127.0.0.2", Number: number}
	t, err := phone.Open(o)
	if err != nil {
		p.r.T.Error(err)
		return
	}
	defer t.Close()
	call, err := t.Dial(p.r.T.Context(), "12345", phone.DialOptions{})
	if err == nil {
		_, err = call.Wait(soon(p.r.T), phone.Answered)
	}
	if err != nil {
		p.r.T.Errorf("%s was not answered: %v", number, err)
		return
	}
	time.Sleep(time.Second)
	if err := call.Hangup(soon(p.r.T)); err != nil {
		p.r.T.Errorf("%s cannot hang up: %v", number, err)
	}
	if end := call.Ending(); end.By != phone.Us {
		p.r.T.Errorf("%s was sent away: %+v", number, end)
	}
}

// leave waits until the last of them has hung up, and tells how many they were.
func (p *passers) leave() int {
	p.once.Do(func() { close(p.stop) })
	p.all.Wait()
	return p.count
}
