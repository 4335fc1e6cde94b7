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
// tell keys apart (a key of 80 ms, a pause of 45 ms; channel.c). Keys that are
// pressed faster are stretched by Asterisk, which then tells each of them twice
// in ARI: measured with 60 ms and 40 ms, and when the machine stalls for longer
// than a key exceeds 80 ms. Hence the generous defaults.
type Timing struct {
	Hold  time.Duration // a key's length, 40 ms to 5 s, rounded to 20 ms. Default 160 ms
	Gap   time.Duration // the pause after a key. Default 100 ms
	Pause time.Duration // what a comma in Press stands for. Default 1 s
}

func (t Timing) withDefaults() Timing {
	if t.Hold == 0 {
		t.Hold = 160 * time.Millisecond
	}
	if t.Gap == 0 {
		t.Gap = 100 * time.Millisecond
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
	event uint8
	sent  chan struct{} // closed when the key and its gap are over
	begun time.Time
	ended time.Time
	ts    uint32
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
		sent:  over,
	})
	return nil
}

// keyTick sends the packets of the key under way, if any. Each tick one packet
// tells the time held so far; the end is told three times (RFC 4733, 2.5.1.4).
// Times are the wall's: when this machine is late and catches up, the key and its
// gap must not become shorter, or Asterisk would run keys together.
func (m *mouth) keyTick(now time.Time, send func(*rtp.Packet) error) error {
	const slack = packetTime / 2
	if len(m.keys) == 0 {
		return nil
	}
	k := m.keys[0]
	if !k.ended.IsZero() {
		if now.Sub(k.ended) >= m.timing.Gap-slack {
			close(k.sent)
			m.keys = m.keys[1:]
		}
		return nil
	}
	first := k.begun.IsZero()
	if first {
		k.begun, k.ts = now, m.ts
	}
	e := media.DTMFEvent{
		Event: k.event, Volume: 10,
		Duration:   uint16(min(m.ts-k.ts+samplesPerPacket, 0xffff)),
		EndOfEvent: now.Sub(k.begun) >= m.timing.Hold-packetTime-slack,
	}
	times := 1
	if e.EndOfEvent {
		times = 3
	}
	for range times {
		if err := m.sendPacket(send, m.agreed.event, k.ts, first, media.DTMFEncode(e)); err != nil {
			return err
		}
	}
	if e.EndOfEvent {
		k.ended = now
		m.call.emit(Event{Kind: KeySent, Key: k.key})
	}
	return nil
}
