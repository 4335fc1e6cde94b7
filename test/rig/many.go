package rig

import (
	"context"
	"os"
	"runtime"
	"time"

	"hotline/pbx/ari"
)

// Serve starts a controller in a process of its own that nothing stands between:
// for figures.
func (r *Rig) Serve() *Controller {
	r.T.Helper()
	order, err := r.orderAt(r.Site.Addresses())
	r.must(err)
	k := &Controller{t: r.T}
	k.c, err = startChild(r.now.root, order)
	r.must(err)
	r.now.root.Cleanup(k.c.kill)
	r.Serves(k)
	return k
}

// Figures are what a controller uses.
type Figures struct {
	Goroutines, Descriptors int
	HeapBytes               uint64 // in use, after a collection
}

// Figures measures; for net/rpc.
func (d *Desk) Figures(_ bool, f *Figures) error {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	open, err := os.ReadDir("/proc/self/fd")
	*f = Figures{Goroutines: runtime.NumGoroutine(), Descriptors: len(open), HeapBytes: m.HeapAlloc}
	return err
}

// Figures asks the controller what it uses.
func (k *Controller) Figures() Figures {
	k.t.Helper()
	var f Figures
	if err := k.c.desk.Call("Desk.Figures", false, &f); err != nil {
		k.t.Fatal(err)
	}
	return f
}

// InAsterisk counts the channels and bridges there are.
func (r *Rig) InAsterisk() (channels, bridges int) {
	r.T.Helper()
	ctx, cancel := context.WithTimeout(r.T.Context(), 10*time.Second)
	defer cancel()
	asterisk := r.boot()
	defer asterisk.Close()
	cs, err := ari.Channels(ctx, asterisk)
	r.must(err)
	bs, err := ari.Bridges(ctx, asterisk)
	r.must(err)
	return len(cs), len(bs)
}

// PID is the controller's process.
func (k *Controller) PID() int { return k.c.cmd.Process.Pid }
