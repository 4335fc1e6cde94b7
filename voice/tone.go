package voice

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"time"
	"unicode/utf8"
)

// Tone gives a sine of frequency Hz and length d at Rate, −18 dBFS, with soft
// ends.
func Tone(frequency float64, d time.Duration) Audio {
	return chord(d, frequency)
}

// chord sounds frequencies together, all as loud, at speechLevel in sum.
func chord(d time.Duration, frequencies ...float64) Audio {
	x := make([]float64, count(d))
	each := fromDB(speechLevel) * math.Sqrt(2/float64(len(frequencies)))
	for i := range x {
		for _, f := range frequencies {
			x[i] += each * math.Sin(2*math.Pi*f*float64(i)/Rate)
		}
	}
	fade(x)
	return Audio{Rate: Rate, Samples: quantise(x)}
}

// ToneSpeaker speaks every text as a chord of two tones that belongs to that
// text alone, for stories and benches: they need no speech program, and what a
// telephone heard can be told from a few packets. Neither tone lies among the
// telephone keys' (697 to 1,633 Hz). The zero value is ready.
type ToneSpeaker struct {
	PerSyllable time.Duration // length for each character; default 50 ms, 300 ms at least in all
}

// Identity names the speaker and its pace.
func (s ToneSpeaker) Identity() string { return "tones " + s.pace().String() }

func (s ToneSpeaker) pace() time.Duration {
	if s.PerSyllable <= 0 {
		return 50 * time.Millisecond
	}
	return s.PerSyllable
}

// Speak gives the chord of text.
func (s ToneSpeaker) Speak(ctx context.Context, text, _ string) (Audio, error) {
	d := max(300*time.Millisecond, s.pace()*time.Duration(utf8.RuneCountInString(text)))
	low, high := Tones(text)
	return chord(d, low, high), ctx.Err()
}

// Tones gives the two frequencies, in Hz, that ToneSpeaker says text with; the
// text is as spoken, digits in Chinese (see Spoken).
func Tones(text string) (low, high float64) {
	sum := sha256.Sum256([]byte(text))
	low = 300 + float64(binary.BigEndian.Uint16(sum[0:])%330)
	high = 1750 + float64(binary.BigEndian.Uint16(sum[2:])%1550)
	return low, high
}
