package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// A controller leaves half of the processors to Asterisk and is lenient about time,
// in every thread; GOMAXPROCS overrules it.
func TestAControllerIsThrifty(t *testing.T) {
	if os.Getenv("THRIFTY") != "" {
		if err := share(); err != nil {
			t.Fatal(err)
		}
		others := make(chan string)
		go func() {
			runtime.LockOSThread() // never unlocked: a thread of its own, which ends here
			others <- slack().String()
		}()
		fmt.Printf("share: %v %s %d\n", slack(), <-others, runtime.GOMAXPROCS(0))
		return
	}
	for set, want := range map[string]int{"": max(1, runtime.NumCPU()/2), "3": 3} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAControllerIsThrifty$")
		cmd.Env = append(os.Environ(), "THRIFTY=1", "GOMAXPROCS="+set)
		out, err := cmd.CombinedOutput()
		if expect := fmt.Sprintf("share: 1ms 1ms %d\n", want); err != nil || !strings.Contains(string(out), expect) {
			t.Errorf("GOMAXPROCS=%q: %v, not %q: %s", set, err, expect, out)
		}
	}
}
