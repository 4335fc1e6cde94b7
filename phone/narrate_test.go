package phone

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"
)

// story is a call that happened as its events say.
func story(incoming bool, end Ending, events ...Event) *Call {
	c := (&Phone{opts: Options{Keys: Timing{}.withDefaults()}}).newCall(context.Background(), incoming)
	for _, e := range events {
		c.diary.add(e)
	}
	c.ending = end
	c.diary.add(Event{Kind: Ended, At: 12345 * time.Millisecond})
	c.stop()
	return c
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func TestACallIsToldInPlainEnglish(t *testing.T) {
	for want, call := range map[string]*Call{
		`+     0 ms  dialling 12345
+     3 ms  early media
+     4 ms  ringing
+   412 ms  answered
+   430 ms  sound
+  4300 ms  silence
+  5000 ms  key 2 sent
+ 12345 ms  ended: they hung up after 11.9 s (normal clearing)
`: story(false, Ending{By: Them, Answered: true, Code: 200, Reason: "Q.850;cause=16", Talked: ms(11933)},
			Event{Kind: Dialled, Number: "12345"}, Event{Kind: EarlyMedia, At: ms(3)}, Event{Kind: Ringing, At: ms(4)}, Event{Kind: Answered, At: ms(412)},
			Event{Kind: Sound, At: ms(430)}, Event{Kind: Silence, At: ms(4300)}, Event{Kind: KeySent, At: ms(5000), Key: '2'}),
		`+     0 ms  call from an unknown number
+  1000 ms  key # heard
+ 12345 ms  ended: we hung up after 1.0 s
`: story(true, Ending{By: Us, Answered: true, Talked: time.Second}, Event{Kind: Offered}, Event{Kind: KeyHeard, Key: '#', At: time.Second}),
		"+     0 ms  dialling *1001#****\n+ 12345 ms  ended: not yet\n": story(false, Ending{}, Event{Kind: Dialled, Number: "*1001#1234"}),
		"+ 12345 ms  ended: they declined: 486 Busy Here\n":             story(false, Ending{By: Them, Code: 486, Reason: "Busy Here"}),
		"+ 12345 ms  ended: we declined: 603 Decline\n":                 story(true, Ending{By: Us, Code: 603, Reason: "Decline"}),
		"+ 12345 ms  ended: we sent the caller elsewhere (302)\n":       story(true, Ending{By: Us, Code: 302}),
		"+ 12345 ms  ended: we gave up before the answer\n":             story(false, Ending{By: Us, Code: 487}),
		"+ 12345 ms  ended: the caller gave up before the answer\n":     story(true, Ending{By: Them, Code: 487}),
		"+ 12345 ms  ended: failed: the exchange does not answer\n":     story(false, Ending{Err: errors.New("the exchange does not answer")}),
	} {
		var got bytes.Buffer
		if err := Narrate(context.Background(), &got, call, nil); err != nil || got.String() != want {
			t.Errorf("got  %q\nwant %q (%v)", got.String(), want, err)
		}
	}
}

func TestNarrateStopsWhenItCannotWrite(t *testing.T) {
	if err := Narrate(context.Background(), full{}, story(false, Ending{}), nil); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
