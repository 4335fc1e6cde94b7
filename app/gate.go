package app

import (
	"context"
	"net/http"
	"time"

	"hotline/metrics"
)

const (
	// askGate is how often the gate before Asterisk is asked whom it refused.
	askGate = time.Second
	// The gate's counter of new calls, and what became of those it took.
	gateCalls, gateOutcome, gateTaken = "hotline_gate_calls_total", "outcome", "taken"
)

// watchGate adds up whom the gate refuses, and says so: such callers never come here.
func (a *App) watchGate(ctx context.Context, url string) {
	client := &http.Client{Timeout: askGate, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(askGate)
	defer tick.Stop()
	var watch gateWatch
	for {
		all, err := metrics.Read(ctx, client, url, gateCalls, gateOutcome)
		if ctx.Err() != nil {
			return
		}
		refused := 0.0
		for outcome, n := range all {
			if outcome != gateTaken {
				refused += n
			}
		}
		more, alarm := watch.see(a.now(), int64(refused), err)
		a.doors.refused.Add(more)
		switch alarm {
		case gateAway:
			a.log.Warn("the gate does not say whom it refuses", "at", url, "err", err)
		case gateRefuses:
			a.log.Error("ALARM: the gate refuses new callers", "refused", more)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// gateAlarm is what is to be said.
type gateAlarm int

const (
	gateQuiet gateAlarm = iota
	gateRefuses
	gateAway
)

// gateWatch is what was seen of the gate.
type gateWatch struct {
	known bool      // how many it had refused before: those are another controller's
	last  int64     // refused, by the gate's count
	said  time.Time // when the last alarm was
}

// see takes what the gate says it has refused, and gives how many more that are. A
// gate that was started anew counts from zero. Alarms are rare (sayAgain).
func (w *gateWatch) see(now time.Time, refused int64, err error) (more int64, alarm gateAlarm) {
	if err != nil {
		alarm = gateAway
	} else {
		if more = refused - w.last; more < 0 {
			more = refused
		}
		if !w.known {
			more = 0
		}
		w.known, w.last = true, refused
		if more > 0 {
			alarm = gateRefuses
		}
	}
	if alarm != gateQuiet {
		if now.Sub(w.said) < sayAgain {
			return more, gateQuiet
		}
		w.said = now
	}
	return more, alarm
}
