package app

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A part that answers late is waited for; one that does not answer at all is
// named when its beats are over, and systemd hears nothing from half of them on.
func TestWatchdogNamesWhatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late, never := make(chan struct{}, 1), make(chan struct{})
		w := newWatchdog(5*time.Second,
			question{"late", func(context.Context) { <-late }},
			question{"prompt", func(context.Context) {}},
			question{"never", func(context.Context) { <-never }},
		)
		for beat := range 6 {
			part := w.beat(t.Context())
			synctest.Wait()
			if well := beat <= 2; w.well.Load() != well {
				t.Errorf("after %d beats without an answer: well is %v", beat, !well)
			}
			if beat == 3 {
				late <- struct{}{}
				synctest.Wait()
			}
			if beat < 5 && part != "" {
				t.Errorf("%s is called stuck after %d beats", part, beat)
			}
			if beat == 5 && part != "never" {
				t.Errorf("after %d beats %q is called stuck", beat, part)
			}
		}
		close(never)
		late <- struct{}{}
	})
}

// A process that was frozen for minutes has had no beat: nothing is stuck.
func TestWatchdogForgivesAFrozenProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan struct{})
		w := newWatchdog(2*time.Second, question{"board", func(context.Context) { <-answer }})
		beats := make(chan time.Time)
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		stuck := ""
		go func() { defer close(over); w.run(ctx, beats, func(part string) { stuck = part }) }()
		beats <- time.Now()
		time.Sleep(10 * time.Minute)
		beats <- time.Now()
		close(answer)
		synctest.Wait()
		beats <- time.Now()
		cancel()
		<-over
		if stuck != "" {
			t.Errorf("%s is called stuck", stuck)
		}
	})
}
