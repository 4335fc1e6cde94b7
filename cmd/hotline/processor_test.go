package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

const prGetDeathSignal = 2 // <linux/prctl.h>

// first keeps main, and with it TestMain, on the process's first thread, as thrifty
// asks of whoever calls it.
var _ = first()

func first() bool {
	runtime.LockOSThread()
	return true
}

func TestMain(m *testing.M) {
	if os.Getenv("THRIFTY") == "" {
		os.Exit(m.Run())
	}
	if err := thrifty(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	others := make(chan string)
	go func() {
		runtime.LockOSThread() // never unlocked: a thread of its own, which ends here
		others <- slack().String()
	}()
	var dies int32
	syscall.RawSyscall(syscall.SYS_PRCTL, prGetDeathSignal, uintptr(unsafe.Pointer(&dies)), 0)
	fmt.Printf("thrifty: %v %s %d, dies of %v\n", slack(), <-others, runtime.GOMAXPROCS(0), syscall.Signal(dies))
}

// A controller leaves half of the processors to Asterisk and is lenient about time,
// in every thread; GOMAXPROCS overrules it. It still dies with whoever started it.
func TestAControllerIsThrifty(t *testing.T) {
	for set, want := range map[string]int{"": max(1, runtime.NumCPU()/2), "3": 3} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "THRIFTY=1", "GOMAXPROCS="+set)
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		runtime.LockOSThread()
		out, err := cmd.CombinedOutput()
		runtime.UnlockOSThread()
		if expect := fmt.Sprintf("thrifty: 1ms 1ms %d, dies of killed\n", want); err != nil || !strings.HasSuffix(string(out), expect) {
			t.Errorf("GOMAXPROCS=%q: %v, not %q: %s", set, err, expect, out)
		}
	}
}
