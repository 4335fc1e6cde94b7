package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"hotline/phone"
	"hotline/test/wire"
	"hotline/voice"
)

// Nine menus lead to one another: key 3 leads to menu 3, which is a chord of two
// tones of its own, five seconds long.
const (
	menus      = 9
	keyCalls   = 8
	keyPresses = 25 // in each call
	syllable   = 2500 * time.Millisecond
)

// menuName is the prompt of a menu. The letters are such that the higher tones
// of all nine (voice.Tones) lie 150 Hz apart, so that 20 ms are enough to tell
// them.
func menuName(i int) string { return "pdqspsdfbidesorris"[2*i : 2*i+2] }

// keyPart measures how soon a key is obeyed: the end of the telephone-event to
// the first packet of the next prompt.
func keyPart(ctx context.Context, o options, f *figures) error {
	return calm(func() (time.Duration, error) {
		w, err := openWorld(ctx, o, 1, 2*keyCalls)
		if err != nil {
			return 0, err
		}
		defer w.close()
		if err := w.startController("keys"); err != nil {
			return 0, err
		}
		c, err := wire.Open(w.tools, fmt.Sprintf("udp and host %s and portrange %d-%d", citizenIP, w.at.RTPFirst, w.at.RTPLast))
		if err != nil {
			return 0, err
		}
		heard := make(chan *keyEar, 1)
		go func() {
			e := newKeyEar()
			for p := range c.Packets {
				e.hear(p)
			}
			heard <- e
		}()
		j := startJitter()
		err = pressAll(ctx, w.at.SIP)
		late := j.p99()
		if closed := c.Close(); err == nil {
			err = closed
		}
		e := <-heard
		fmt.Printf("  %d presses, %d obeyed: end of the key to the next prompt p50 %.1f ms, p95 %.1f ms, most %.1f ms; jitter p99 %.2f ms\n",
			keyCalls*keyPresses, len(e.took), ms(quantile(e.took, .5)), ms(quantile(e.took, .95)), ms(quantile(e.took, 1)), ms(late))
		f.failed += keyCalls*keyPresses - len(e.took)
		f.shaken(late)
		return late, err
	})
}

// pressAll makes the calls and presses the keys.
func pressAll(ctx context.Context, server string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var all sync.WaitGroup
	errs := make(chan error, keyCalls)
	for i := range keyCalls {
		all.Go(func() { errs <- press(ctx, server, i) })
	}
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func press(ctx context.Context, server string, i int) error {
	p, err := phone.Open(phone.Options{Server: server, Bind: citizenIP, Number: fmt.Sprintf("000%08d", 20000000+i), Hear: -1})
	if err != nil {
		return err
	}
	defer p.Close()
	c, err := p.Dial(ctx, us.number(), phone.DialOptions{})
	if err != nil {
		return err
	}
	if _, err := c.Wait(ctx, phone.Answered); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(uint64(i), 1))
	time.Sleep(time.Second + time.Duration(i)*100*time.Millisecond)
	at := 0
	for range keyPresses {
		at = (at + 1 + rng.IntN(menus-1)) % menus // another one than this
		if err := c.Press(ctx, fmt.Sprint(at)); err != nil {
			return err
		}
		time.Sleep(500*time.Millisecond + time.Duration(rng.IntN(200))*time.Millisecond)
	}
	return c.Hangup(ctx)
}

// keyEar finds keys and prompts in the capture, call by call.
type keyEar struct {
	calls map[uint16]*keyCall // by the citizen's port
	took  []time.Duration
}

// keyCall is one call: the key that was pressed and is not obeyed yet.
type keyCall struct {
	event uint32 // timestamp of the last key seen
	menu  int    // where it leads
	was   int    // where it comes from
	ended time.Time
}

func newKeyEar() *keyEar { return &keyEar{calls: map[uint16]*keyCall{}} }

func (e *keyEar) hear(p wire.Packet) {
	if len(p.Data) < 16 || p.Data[0]>>6 != 2 {
		return
	}
	if p.From == citizenAddr && len(p.Data) == 16 && p.Data[1]&0x7f == 101 {
		e.key(p)
	} else if p.To == citizenAddr && len(p.Data) == 12+160 && p.Data[1]&0x7f == 8 {
		e.sound(p)
	}
}

// key notes the end of a key: its first packet with the end bit (RFC 4733).
func (e *keyEar) key(p wire.Packet) {
	c := e.calls[p.FromPort]
	if c == nil {
		c = &keyCall{menu: 0}
		e.calls[p.FromPort] = c
	}
	stamp := uint32(p.Data[4])<<24 | uint32(p.Data[5])<<16 | uint32(p.Data[6])<<8 | uint32(p.Data[7])
	if p.Data[13]&0x80 == 0 || stamp == c.event {
		return
	}
	c.event, c.was, c.menu, c.ended = stamp, c.menu, int(p.Data[12]), p.At
}

// sound notes the first packet that is of the next prompt.
func (e *keyEar) sound(p wire.Packet) {
	c := e.calls[p.ToPort]
	if c == nil || c.ended.IsZero() {
		return
	}
	sound := p.Data[12:]
	if next, before := loudness(sound, c.menu), loudness(sound, c.was); next > 1e5 && next > 4*before {
		e.took = append(e.took, p.At.Sub(c.ended))
		c.ended = time.Time{}
	}
}

// loudness is how much of a menu's higher tone is in a packet of PCMA sound.
func loudness(sound []byte, menu int) float64 {
	_, high := voice.Tones(menuName(menu))
	return goertzel(sound, high)
}

// goertzel is the power of one frequency, in units of a sample squared.
func goertzel(sound []byte, hz float64) float64 {
	k := 2 * math.Cos(2*math.Pi*hz/8000)
	var a, b float64
	for _, s := range sound {
		a, b = alaw(s)+k*a-b, a
	}
	n := float64(len(sound))
	return (a*a + b*b - k*a*b) / (n * n / 4)
}

// alaw gives the sample of a byte of PCMA (ITU-T G.711).
func alaw(b byte) float64 {
	b ^= 0x55
	segment, value := int(b>>4&7), int(b&15)<<4+8
	if segment > 0 {
		value = (value + 0x100) << (segment - 1)
	}
	if b&0x80 == 0 {
		value = -value
	}
	return float64(value)
}
