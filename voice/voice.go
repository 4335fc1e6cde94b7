// Package voice turns the words of a call into sound files for Asterisk: a
// recorded file first, else the speech program, at one loudness, in a cache
// whose names come from what was spoken, so that text and sound cannot drift.
//
// It knows no hotline: the script speaks in keys of prompts, digits and
// numbers, and Library answers with files and their lengths.
package voice

import (
	"context"
	"path/filepath"
	"time"
)

// Rate is the sample rate of every finished sound, in samples a second: the
// telephone's (G.711).
const Rate = 8000

// Prompt is one text that callers can hear.
type Prompt struct {
	Key      string // what the script calls it, for example "queue.wait"
	Text     string // the words, for example "话务员正忙，请稍候。"
	Language string // for example "zh"
	Where    string // file:line where the text stands, for faults
}

// Sound is a finished sound on disk. Path is absolute and has no extension,
// as Asterisk wants it in "sound:/abs/path": beside it stand Path.alaw, which
// needs no transcoding on a PCMA trunk, and Path.wav for everything else.
// Duration is counted from the file's own samples.
type Sound struct {
	Path     string
	Duration time.Duration
}

// Name is the file name in the cache folder without extension: "sound:hotline/"
// and Name, where Asterisk sees that folder as its sounds/hotline.
func (s Sound) Name() string { return filepath.Base(s.Path) }

// Audio is mono sound in memory: signed 16-bit samples at Rate a second.
type Audio struct {
	Rate    int
	Samples []int16
}

// Duration is the length of a in time.
func (a Audio) Duration() time.Duration {
	if a.Rate <= 0 {
		return 0
	}
	return time.Duration(len(a.Samples)) * time.Second / time.Duration(a.Rate)
}

// Speaker speaks text. Speak may be called by several goroutines at once and
// must give the same words the same way every time; the sound may have any
// rate from 8,000 to 96,000, any loudness and silence at its ends. Identity
// names program, version, voice and every setting that changes the sound: the
// cache makes all sounds anew when it changes. It must hold no password.
type Speaker interface {
	Speak(ctx context.Context, text, language string) (Audio, error)
	Identity() string
}
