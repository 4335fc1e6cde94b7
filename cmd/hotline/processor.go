package main

import (
	"os"
	"runtime"
	"syscall"
	"time"
)

// The controller lives beside Asterisk, which needs the processors more. A call is
// a few dozen very short pieces of work in it, so most of what it would take is what
// the Go runtime does to be ready at once for the next one (docs/decisions/0012).

// lateness is how much later than asked for the kernel may wake this process for
// the sake of the clock; nothing here is timed more closely. By default it is 50 µs,
// and the runtime's own watch looks around every 20 µs for as long as anything moves.
const lateness = time.Millisecond

// From <linux/prctl.h>.
const (
	prSetTimerSlack = 29
	prGetTimerSlack = 30
)

// thrifty has this process take no more of the processors than it needs: half of
// them, unless GOMAXPROCS says otherwise, and none for being early. It is the first
// thing that main does.
//
// What the kernel is to be lenient about is kept by each thread and given to those
// that it makes, so the program begins again where its first thread was not so. A
// program that begins again keeps what was asked for the thread it does so from: only
// the first one has been told, by whoever started it, to die with him. On any other
// thread it stays as it is.
func thrifty() error {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(1, runtime.NumCPU()/2))
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if slack() >= lateness || syscall.Gettid() != os.Getpid() {
		return nil
	}
	_, _, failed := syscall.RawSyscall(syscall.SYS_PRCTL, prSetTimerSlack, uintptr(lateness.Nanoseconds()), 0)
	if failed != 0 || slack() < lateness {
		return nil // a kernel that does not know this costs more and does no harm
	}
	return again()
}

// again begins the program anew, by its own name, or from memory where its file was
// replaced meanwhile.
func again() error {
	if path, err := os.Executable(); err == nil {
		_ = syscall.Exec(path, os.Args, os.Environ())
	}
	return syscall.Exec("/proc/self/exe", os.Args, os.Environ())
}

// slack is what this thread has now.
func slack() time.Duration {
	ns, _, failed := syscall.RawSyscall(syscall.SYS_PRCTL, prGetTimerSlack, 0, 0)
	if failed != 0 {
		return 0
	}
	return time.Duration(ns)
}
