package phone

import (
	"runtime"
	"testing"
	"time"
)

// Hundreds of telephones stand in one process in the chaos runs.
func TestATelephoneIsLight(t *testing.T) {
	const n = 100
	memory := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	before, goroutines := memory(), runtime.NumGoroutine()
	agents := make([]*Phone, n)
	for i := range agents {
		agents[i] = open(t, Options{Server: "127.0.0.1:5060", Number: "8001", Hear: -1})
	}
	idle, idleGoroutines := memory(), runtime.NumGoroutine()
	var calls []*Call
	for _, agent := range agents {
		citizen := open(t, Options{Server: agent.Address(), Bind: "127.0.0.2", Hear: -1})
		calls = append(calls, dial(t, citizen, "12345", DialOptions{}))
	}
	for _, call := range calls {
		wait(t, call, Answered)
	}
	time.Sleep(500 * time.Millisecond)
	talking, talkingGoroutines := memory(), runtime.NumGoroutine()
	idleKB, talkKB := (idle-before)/n/1024, (talking-idle)/n/1024
	t.Logf("idle: %d KB and %d goroutines a telephone; a call between two, one of them new: %d KB and %d goroutines",
		idleKB, (idleGoroutines-goroutines)/n, talkKB, (talkingGoroutines-idleGoroutines)/n)
	if idleKB > 150 || talkKB > 500 {
		t.Error("a telephone weighs too much")
	}
}
