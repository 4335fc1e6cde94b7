package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// quantile is the q-th part of xs (0.5 the median), by the nearest rank.
func quantile[T ~int64 | ~float64](xs []T, q float64) T {
	if len(xs) == 0 {
		var none T
		return none
	}
	s := slices.Clone(xs)
	slices.Sort(s)
	return s[min(len(s)-1, max(0, int(math.Ceil(q*float64(len(s))))-1))]
}

// mean of ds.
func mean(ds []time.Duration) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	var sum time.Duration
	for _, d := range ds {
		sum += d
	}
	return sum / time.Duration(len(ds))
}

// ms gives d in milliseconds.
func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// ticksPerSecond is the unit of /proc/PID/stat, 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// cpuOf is the processor time that a process has used, all its threads and
// both modes together.
func cpuOf(pid int) (time.Duration, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold spaces; utime and stime are fields 14, 15.
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("/proc/%d/stat cannot be read", pid)
	}
	return time.Duration(user+system) * time.Second / ticksPerSecond, nil
}

// residentOf is the memory of a process that is in RAM, in bytes.
func residentOf(pid int) (int64, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status tells no VmRSS", pid)
}

// jitter is a 1 ms ticker on a thread of its own: how late it wakes tells how
// busy the machine was with other things.
type jitter struct {
	stop chan struct{}
	done sync.WaitGroup
	late []time.Duration
}

func startJitter() *jitter {
	j := &jitter{stop: make(chan struct{})}
	j.done.Go(j.run)
	return j
}

func (j *jitter) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pause := unix.NsecToTimespec(int64(time.Millisecond))
	for {
		select {
		case <-j.stop:
			return
		default:
		}
		began := time.Now()
		_ = unix.Nanosleep(&pause, nil)
		j.late = append(j.late, time.Since(began)-time.Millisecond)
	}
}

// p99 ends the ticker and gives how late it was, but for the worst hundredth.
func (j *jitter) p99() time.Duration {
	close(j.stop)
	j.done.Wait()
	return quantile(j.late, 0.99)
}

// lastLine is the last line of what a program said.
func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
