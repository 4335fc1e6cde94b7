// Package kin starts programs that end when this one does.
package kin

import (
	"errors"
	"os/exec"
	"runtime"
	"syscall"
)

// Start starts cmd so that the kernel kills it when this process ends, however it
// ends, and at no other time: the kernel does so when the thread that started it ends,
// and a thread of a Go program may end before the program does. So that thread is kept
// for as long as cmd runs. What else cmd.SysProcAttr says stays. The errors are those
// of cmd.Start.
func Start(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			untilOver(cmd.Process.Pid)
		}
	}()
	return <-started
}

// From <linux/wait.h>.
const (
	pPID    = 1
	wExited = 0x4
	wNoWait = 0x1000000
)

// untilOver returns when the child has ended, and leaves it to be waited for.
func untilOver(pid int) {
	for {
		_, _, err := syscall.Syscall6(syscall.SYS_WAITID, pPID, uintptr(pid), 0, wExited|wNoWait, 0, 0)
		if !errors.Is(err, syscall.EINTR) {
			return
		}
	}
}
