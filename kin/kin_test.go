package kin_test

import (
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"hotline/kin"
)

// Threads end; the child runs on.
func TestAChildOutlivesThreads(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := kin.Start(cmd); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		ended := make(chan bool)
		go func() {
			defer close(ended)
			runtime.LockOSThread() // never unlocked: the thread ends here
		}()
		<-ended
	}
	time.Sleep(100 * time.Millisecond)
	if err := syscall.Kill(cmd.Process.Pid, 0); err != nil {
		t.Errorf("the child is gone: %v", err)
	}
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-over:
		if err == nil {
			t.Error("a killed child ended well")
		}
	case <-time.After(5 * time.Second):
		t.Error("it cannot be waited for")
	}
}

func TestWhatCannotBeStartedIsSaid(t *testing.T) {
	if err := kin.Start(exec.Command("/nowhere/program")); err == nil {
		t.Error("no error")
	}
}
