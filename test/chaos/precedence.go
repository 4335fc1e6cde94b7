package chaos

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// precedence is the niceness of the telephones' process. Citizens and agents bring
// machines of their own; here they share two processors with the hotline, and what
// they do not send for want of one would count as the hotline's silence.
const precedence = -10

// renice gives all threads of a process that niceness; less than now takes root.
func renice(pid, nice int) error {
	threads, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task/*"))
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(filepath.Base(t))
		if err == nil {
			err = syscall.Setpriority(syscall.PRIO_PROCESS, id, nice)
		}
		if err != nil && err != syscall.ESRCH { // a thread may end
			return err
		}
	}
	return nil
}

// precedes tells whether this process has precedence, or inherited it.
func precedes() bool {
	n, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	return err == nil && n > 20 // the kernel gives 20 less the niceness
}

// level takes from this process what it has of the telephones' precedence, or, a child
// of theirs, inherited of it.
func level() error {
	if !precedes() {
		return nil
	}
	return renice(os.Getpid(), 0)
}
