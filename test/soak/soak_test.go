package soak

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline/app"
	"hotline/site"
	"hotline/test/rig"
)

// soak is how long TestSoak runs; an hour is the figure of docs/reliability.md:
// go test ./test/soak -run TestSoak -soak 1h -timeout 0.
var soak = flag.Duration("soak", 0, "how long TestSoak runs, 2,740 calls an hour; 0 is sixty calls in ten seconds")

// used is what a hotline uses at one moment.
type used struct {
	at time.Duration
	rig.Figures
	channels, bridges, keys     int
	asterisk, redis, controller int // MB in memory
	asteriskFiles               int
}

// Calls come and go, and nothing of them stays: at the end there are as many
// goroutines, descriptors, bridges, channels and keys as after the first calls, and
// the memory has not grown by more than what tickets and prompts explain.
func TestSoak(t *testing.T) {
	const (
		perHour = 2740
		talk    = 2 * time.Second
	)
	length, rate := *soak, perHour/time.Hour.Seconds()
	if length == 0 {
		length, rate = 10*time.Second, 6
	}
	h := open(t, 33, 100, talk, app.Limits{Calls: 100, Answer: time.Second}, site.Gate{})
	warm := h.call(10, 3*time.Second) // what is made once and kept
	warm.wait(time.Minute)
	h.Clean()
	first := h.uses(0)
	c := h.call(rate, length)
	began := time.Now()
	var all []used
	for every := max(length/60, time.Second); time.Since(began) < length; {
		time.Sleep(every)
		all = append(all, h.uses(time.Since(began)))
	}
	c.wait(2 * time.Minute)
	h.Clean()
	last := h.uses(time.Since(began))
	n := c.count()
	fmt.Fprintf(os.Stdout, "SOAK minutes=%.1f calls=%d failed=%d slopes_per_hour: goroutines=%.1f descriptors=%.1f heap_kB=%.0f controller_MB=%.1f asterisk_MB=%.1f asterisk_files=%.1f redis_MB=%.1f channels=%.1f bridges=%.1f keys=%.1f\n",
		length.Minutes(), n.well, n.failed+n.refused,
		slope(all, func(u used) int { return u.Goroutines }), slope(all, func(u used) int { return u.Descriptors }),
		slope(all, func(u used) int { return int(u.HeapBytes) })/1024, slope(all, func(u used) int { return u.controller }),
		slope(all, func(u used) int { return u.asterisk }), slope(all, func(u used) int { return u.asteriskFiles }),
		slope(all, func(u used) int { return u.redis }), slope(all, func(u used) int { return u.channels }),
		slope(all, func(u used) int { return u.bridges }), slope(all, func(u used) int { return u.keys }))
	fmt.Fprintf(os.Stdout, "SOAK at rest: first %+v\nSOAK at rest: last  %+v\n", first, last)
	if n.failed+n.refused > 0 || n.well != c.planned {
		t.Errorf("of %d calls %d went well, %d failed, %d were refused: %s", c.planned, n.well, n.failed, n.refused, c.complaints())
	}
	flat(t, "goroutines", first.Goroutines, last.Goroutines, 3)
	flat(t, "descriptors", first.Descriptors, last.Descriptors, 3)
	flat(t, "channels", first.channels, last.channels, 0)
	flat(t, "bridges", first.bridges, last.bridges, 0)
	flat(t, "keys", first.keys, last.keys, 0)
	flat(t, "Asterisk's descriptors", first.asteriskFiles, last.asteriskFiles, 3)
	flat(t, "the controller's heap in MB", int(first.HeapBytes>>20), int(last.HeapBytes>>20), 4)
	flat(t, "Asterisk's memory in MB", first.asterisk, last.asterisk, 40)
	flat(t, "Redis's memory in MB", first.redis, last.redis, 10)
}

func flat(t *testing.T, what string, first, last, more int) {
	t.Helper()
	if last > first+more {
		t.Errorf("%s were %d and are %d", what, first, last)
	}
}

func (h *hall) uses(at time.Duration) used {
	h.t.Helper()
	u := used{at: at.Round(time.Second), Figures: h.serves.Figures()}
	u.channels, u.bridges = h.InAsterisk()
	keys, err := h.Live.Keys(h.t.Context())
	must(h.t, err)
	u.keys = len(keys)
	u.asterisk, u.redis, u.controller = resident(h.Site.AsteriskPID()), resident(h.Site.RedisPID()), resident(h.serves.PID())
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", h.Site.AsteriskPID()))
	must(h.t, err)
	u.asteriskFiles = len(files)
	return u
}

// resident is a process's memory in MB.
func resident(pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	fields := strings.Fields(string(b))
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return pages * os.Getpagesize() >> 20
}

// slope is by how much a figure grows in an hour, by least squares.
func slope(all []used, of func(used) int) float64 {
	var n, sx, sy, sxx, sxy float64
	for _, u := range all {
		x, y := u.at.Hours(), float64(of(u))
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	if d := n*sxx - sx*sx; d != 0 {
		return (n*sxy - sx*sy) / d
	}
	return 0
}

// What grows by two in half an hour grows by four in an hour; what does not, by
// nothing.
func TestSlope(t *testing.T) {
	all := []used{{at: 0, keys: 1, bridges: 7}, {at: 15 * time.Minute, keys: 2, bridges: 7}, {at: 30 * time.Minute, keys: 3, bridges: 7}}
	if got := slope(all, func(u used) int { return u.keys }); got < 3.99 || got > 4.01 {
		t.Errorf("the slope is %v", got)
	}
	if got := slope(all, func(u used) int { return u.bridges }); got < -.01 || got > .01 {
		t.Errorf("the slope is %v", got)
	}
}
