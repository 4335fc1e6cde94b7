package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"hotline/app"
	"hotline/city"
	"hotline/phone"
	"hotline/test/wire"
	"hotline/voice"
)

// The menus as shipped, spoken as tones: each prompt is a chord of its own, and both
// levels begin with the same one, the offer of a person.
const (
	keyCalls   = 8
	keyPresses = 25 // in each call
	offer      = "menu.person"
)

// keyPart measures how soon a key is obeyed: the end of the telephone-event to
// the first packet of the next prompt.
func keyPart(ctx context.Context, o options, f *figures) error {
	high, err := offerTone(filepath.Join(filepath.Dir(o.tools), "configs"))
	if err != nil {
		return err
	}
	return calm(func() (time.Duration, error) {
		w, err := openWorld(ctx, o, 1, 2*keyCalls)
		if err != nil {
			return 0, err
		}
		defer w.close()
		if err := w.serve(ctx, o, "menu", "HOTLINE_VOICE_SPEAKER=tones"); err != nil {
			return 0, err
		}
		c, err := wire.Open(w.tools, fmt.Sprintf("udp and host %s and portrange %d-%d", citizenIP, w.at.RTPFirst, w.at.RTPLast))
		if err != nil {
			return 0, err
		}
		heard := make(chan *keyEar, 1)
		go func() {
			e := &keyEar{calls: map[uint16]*keyCall{}, high: high}
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

// offerTone is the higher tone, in Hz, of the prompt that both levels begin with.
func offerTone(configs string) (float64, error) {
	c, err := city.Load(configs, city.LoadOptions{Prompts: app.Prompts()})
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(c.Prompts, func(p city.Prompt) bool { return p.Key == offer })
	if i < 0 {
		return 0, fmt.Errorf("there is no prompt %s", offer)
	}
	_, high := voice.Tones(voice.Spoken(c.Prompts[i].Text, c.Settings.Voice.Yao))
	return high, nil
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
	time.Sleep(greeted + time.Duration(i)*100*time.Millisecond)
	for n := range keyPresses {
		key := "#" // back from the second level
		if n%2 == 0 {
			key = fmt.Sprint(2 + rng.IntN(groups-1))
		}
		if err := c.Press(ctx, key); err != nil {
			return err
		}
		time.Sleep(800*time.Millisecond + time.Duration(rng.IntN(200))*time.Millisecond)
	}
	return c.Hangup(ctx)
}

// groups are those of configs/groups.yaml, by their keys from 1; from 2 on each has a
// second menu. greeted is when the first one has begun.
const (
	groups  = 6
	greeted = 4 * time.Second
)

// keyEar finds keys and prompts in the capture, call by call.
type keyEar struct {
	calls map[uint16]*keyCall // by the citizen's port
	high  float64             // the tone of the prompt that a key leads to
	took  []time.Duration
}

// keyCall is one call: the key that was pressed and is not obeyed yet.
type keyCall struct {
	event uint32 // timestamp of the last key seen
	ended time.Time
}

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
		c = &keyCall{}
		e.calls[p.FromPort] = c
	}
	stamp := uint32(p.Data[4])<<24 | uint32(p.Data[5])<<16 | uint32(p.Data[6])<<8 | uint32(p.Data[7])
	if p.Data[13]&0x80 == 0 || stamp == c.event {
		return
	}
	c.event, c.ended = stamp, p.At
}

// sound notes the first packet that is of the next prompt.
func (e *keyEar) sound(p wire.Packet) {
	c := e.calls[p.ToPort]
	if c == nil || c.ended.IsZero() {
		return
	}
	// Half of a chord's power is in its higher tone.
	sound := p.Data[12:]
	if tone := goertzel(sound, e.high); tone > 1e5 && tone > energy(sound)/2 {
		e.took = append(e.took, p.At.Sub(c.ended))
		c.ended = time.Time{}
	}
}

// energy is the mean square of a packet of PCMA sound.
func energy(sound []byte) (sum float64) {
	for _, s := range sound {
		sum += alaw(s) * alaw(s)
	}
	return sum / float64(len(sound))
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
