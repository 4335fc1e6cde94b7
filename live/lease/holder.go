package lease

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"hotline"
)

// Holder is one process that can hold a lease, such that another process can
// say for certain whether it still runs.
type Holder struct {
	Host    string // the boot of the machine and the space its process numbers are from
	PID     int
	Started int64 // when the process started, in the kernel's ticks since boot
}

// Self gives the holder that this process is.
func Self() (Holder, error) { return Of(os.Getpid()) }

// Of gives the holder that a running process of this host is.
func Of(pid int) (Holder, error) {
	host, err := thisHost()
	if err != nil {
		return Holder{}, err
	}
	started, err := startOf(pid)
	if err != nil {
		return Holder{}, err
	}
	return Holder{Host: host, PID: pid, Started: started}, nil
}

// String gives the holder as host/pid/started.
func (h Holder) String() string {
	return fmt.Sprintf("%s/%d/%d", h.Host, h.PID, h.Started)
}

// ParseHolder reads what String wrote.
func ParseHolder(s string) (Holder, error) {
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return Holder{}, hotline.Errorf(hotline.Invalid, "a holder is written host/pid/started, not %q", s)
	}
	pid, err := strconv.Atoi(parts[1])
	if err != nil {
		return Holder{}, hotline.Errorf(hotline.Invalid, "the pid of holder %q must be a number", s)
	}
	started, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return Holder{}, hotline.Errorf(hotline.Invalid, "the start of holder %q must be a number", s)
	}
	return Holder{Host: parts[0], PID: pid, Started: started}, nil
}

// Dead tells whether the holder is known to run no more. Of another host
// nothing is known, so its holders are not dead, and their time must run out.
func Dead(h Holder) bool {
	host, err := thisHost()
	if err != nil || host != h.Host {
		return false
	}
	started, err := startOf(h.PID)
	if os.IsNotExist(err) {
		return true
	}
	return err == nil && started != h.Started
}

// thisHost names the running kernel and the pid namespace: two containers of
// one host name can have the same process number.
func thisHost() (string, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("name this host: %w", err)
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return "", fmt.Errorf("name this host: %w", err)
	}
	return strings.TrimSpace(string(boot)) + "-" + strings.Trim(space, "pid:[]"), nil
}

// startOf reads field 22 of the process's stat; the name before it may hold
// spaces, so fields are counted from its closing bracket. A process that
// waits to be reaped (Z) is as gone as one that is not there.
func startOf(pid int) (int64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 {
		return 0, fmt.Errorf("the stat of process %d cannot be read", pid)
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return 0, os.ErrNotExist
	}
	return strconv.ParseInt(fields[19], 10, 64)
}
