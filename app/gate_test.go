package app

import (
	"errors"
	"testing"
	"time"
)

// What the gate refused before is not ours, what it refuses is counted once, also when
// it was started anew; alarms are rare.
func TestWhomTheGateRefusesIsCounted(t *testing.T) {
	var w gateWatch
	now := time.Now()
	away := errors.New("away")
	for i, s := range []struct {
		after   time.Duration
		refused int64
		err     error
		more    int64
		alarm   gateAlarm
	}{
		{0, 40, nil, 0, gateQuiet},
		{time.Second, 40, nil, 0, gateQuiet},
		{time.Second, 47, nil, 7, gateRefuses},
		{time.Second, 50, nil, 3, gateQuiet},
		{time.Second, 0, away, 0, gateQuiet},
		{sayAgain, 0, away, 0, gateAway},
		{time.Second, 2, nil, 2, gateQuiet}, // started anew
		{sayAgain, 9, nil, 7, gateRefuses},
	} {
		now = now.Add(s.after)
		if more, alarm := w.see(now, s.refused, s.err); more != s.more || alarm != s.alarm {
			t.Errorf("%d: %d more and alarm %d; %d and %d are right", i, more, alarm, s.more, s.alarm)
		}
	}
}
