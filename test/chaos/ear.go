package chaos

import (
	"time"

	"hotline/phone"
	"hotline/test/rig"
	"hotline/voice"
)

// prompts are those that an ear knows: the flow's own.
var prompts = [...]string{menuPrompt, waitPrompt, sorryPrompt}

// ear reads what a telephone hears: who speaks, and which prompt is said. It
// reads the sound as it comes; a call keeps only a few seconds of it.
type ear struct {
	call  *phone.Call
	at    time.Duration // up to here it is read
	rest  []int16       // less than a window
	marks reader
	run   [len(prompts)]int // windows in a row with that prompt

	voice  func(id uint32, at time.Time)
	prompt func(name string, at time.Time)
}

// window is the piece of sound in which a chord is sought, and inRow how many
// such pieces make it a prompt.
const (
	window = 400 // 50 ms
	inRow  = 3
)

// listen reads what came since it was asked last.
func (e *ear) listen() {
	h := e.call.HeardSince(e.at)
	if len(h.Samples) == 0 {
		return
	}
	e.at = h.Time(len(h.Samples))
	began := e.call.Began()
	for i, s := range h.Samples {
		if id, said := e.marks.sample(s >= 0); said && e.voice != nil {
			e.voice(id, began.Add(h.Time(i)))
		}
	}
	if e.prompt == nil {
		return
	}
	first := h.At - time.Duration(len(e.rest))*time.Second/8000
	sound := append(e.rest, h.Samples...)
	i := 0
	for ; i+window <= len(sound); i += window {
		e.chords(sound[i:i+window], began.Add(first+time.Duration(i)*time.Second/8000))
	}
	e.rest = append(e.rest[:0], sound[i:]...)
}

// chords notes a prompt that begins.
func (e *ear) chords(piece []int16, at time.Time) {
	for i, name := range prompts {
		low, high := voice.Tones(rig.Text(name))
		if !phone.HasTone(piece, low, high) {
			e.run[i] = 0
			continue
		}
		if e.run[i]++; e.run[i] == inRow {
			e.prompt(name, at.Add(-(inRow-1)*50*time.Millisecond))
		}
	}
}
