package phone

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/emiago/diago/media"
	"github.com/pion/rtp"
)

// Timing is how keys are pressed. The defaults are above what Asterisk needs to
// tell keys apart (a key of 80 ms, a pause of 45 ms; channel.c).
type Timing struct {
	Hold  time.Duration // a key's length, 40 ms to 5 s, rounded to 20 ms. Default 100 ms
	Gap   time.Duration // the pause after a key. Default 80 ms
	Pause time.Duration // what a comma in Press stands for. Default 1 s
}

func (t Timing) withDefaults() Timing {
	if t.Hold == 0 {
		t.Hold = 100 * time.Millisecond
	}
	if t.Gap == 0 {
		t.Gap = 80 * time.Millisecond
	}
	if t.Pause == 0 {
		t.Pause = time.Second
	}
	return t
}

func (t Timing) check() error {
	if t.Hold < 40*time.Millisecond || t.Hold > 5*time.Second || t.Gap < 0 || t.Pause < 0 {
		return fmt.Errorf("keys of %v with pauses of %v cannot be sent; a key lasts 40ms to 5s, a pause is not negative", t.Hold, t.Gap)
	}
	return nil
}

const keypad = "0123456789*#ABCD" // in the order of RFC 4733's event codes

// pressed is one key on its way out.
type pressed struct {
	key   rune
	hold  int // packets of 20 ms
	gap   int
	sent  chan struct{} // closed when the key and its gap are over
	event uint8
	ts    uint32
	ticks int
}

// Press presses the keys one after the other – digits, *, #, A to D; a comma
// waits for Timing.Pause – and returns when the last one is over. Silence (or
// what is being spoken) runs on underneath, without which Asterisk would not
// notice that a key has ended.
func (c *Call) Press(ctx context.Context, keys string) error {
	for _, key := range keys {
		if !strings.ContainsRune(keypad+",", key) {
			return fmt.Errorf("key %q does not exist; press 0-9 * # A-D, or a comma for a pause", key)
		}
	}
	if _, err := c.Wait(ctx, Answered); err != nil {
		return fmt.Errorf("press %q: %w", keys, err)
	}
	for i, key := range keys {
		if err := c.pressOne(ctx, key); err != nil {
			return fmt.Errorf("press %q, at key %d: %w", keys, i+1, err)
		}
	}
	return nil
}

func (c *Call) pressOne(ctx context.Context, key rune) error {
	over := make(chan struct{})
	if key == ',' {
		timer := time.AfterFunc(c.mouth.timing.Pause, func() { close(over) })
		defer timer.Stop()
	} else if err := c.mouth.press(key, over); err != nil {
		return err
	}
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.done:
		return fmt.Errorf("the call ended: %s", c.Ending())
	}
}

var errNoKeys = errors.New("the other side does not take keys in RTP (no telephone-event in its SDP)")

func (m *mouth) press(key rune, over chan struct{}) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.agreed.event == 0 {
		return errNoKeys
	}
	m.keys = append(m.keys, &pressed{
		key:   key,
		event: uint8(strings.IndexRune(keypad, key)),
		hold:  int((m.timing.Hold + packetTime - 1) / packetTime),
		gap:   int((m.timing.Gap + packetTime - 1) / packetTime),
		sent:  over,
	})
	return nil
}

// keyTick sends the packets of the key under way, if any, and tells whether a
// key's sound is going out. Each 20 ms one packet tells the time held so far; the
// end is told three times (RFC 4733, 2.5.1.4).
func (m *mouth) keyTick(send func(*rtp.Packet) error) error {
	if len(m.keys) == 0 {
		return nil
	}
	k := m.keys[0]
	k.ticks++
	if k.ticks == 1 {
		k.ts = m.ts
	}
	if k.ticks <= k.hold {
		e := media.DTMFEvent{Event: k.event, Volume: 10, Duration: uint16(k.ticks * samplesPerPacket), EndOfEvent: k.ticks == k.hold}
		times := 1
		if e.EndOfEvent {
			times = 3
		}
		for range times {
			if err := m.sendPacket(send, m.agreed.event, k.ts, k.ticks == 1, media.DTMFEncode(e)); err != nil {
				return err
			}
		}
		if e.EndOfEvent {
			m.call.emit(Event{Kind: KeySent, Key: k.key})
		}
	}
	if k.ticks >= k.hold+k.gap {
		close(k.sent)
		m.keys = m.keys[1:]
	}
	return nil
}
