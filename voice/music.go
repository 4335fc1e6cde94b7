package voice

import (
	"fmt"
	"math"
)

// The waiting music is our own tune, computed here from the notes below, so a
// city may play it publicly without asking anybody (CC0). Bell-like notes of a
// pentatonic melody over slow chords, most of it between 190 and 1,600 Hz: what a
// telephone carries well. 24 bars of four quiet beats, 90 s, without a seam.
const (
	musicLevel = -24.0 // dBFS, well under the voice
	beat       = 0.9375
	barBeats   = 4
)

// melody is written as in Chinese number notation (简谱), 1 = G: a digit begins
// a note on its eighth, ' is an octave up, , an octave down, - lets it ring.
var melody = []string{
	"5 - 3 - 5 - 6 -", "1' - - - 6 - 5 -", "3 - 5 - 6 5 3 -", "2 - - - - - - -",
	"3 - 5 - 6 - 1' -", "6 - - - 5 - 3 -", "2 - 3 - 5 3 2 -", "1 - - - - - - -",
	"6 - 1' - 2' - 1' -", "6 - - - 5 - - -", "5 - 6 - 1' 6 5 -", "3 - - - - - - -",
	"2 - 3 - 5 - 6 -", "5 - - - 3 - 2 -", "1 - 2 - 3 2 6, -", "5, - - - - - - -",
	"5 - 3 - 5 - 6 -", "1' - - - 2' - 1' -", "6 - 5 - 3 - 5 -", "6 - - - - - - -",
	"5 - 6 - 5 3 2 -", "3 - - - 2 - 1 -", "6, - 1 - 2 - 3 -", "1 - - - - - - -",
}

// harmony names one chord for each bar: G (I), e (vi), C (IV), D (V), b (iii).
const harmony = "G e C D" + " G e C G" + " e C G b" + " C e C D" + " G e b e" + " C b C G"

// chords in MIDI notes: root below, the rest close above.
var chords = map[rune][]float64{
	'G': {55, 62, 67, 71}, 'e': {59, 64, 67, 71}, 'C': {60, 64, 67, 72}, 'D': {57, 62, 66, 69}, 'b': {59, 62, 66, 71},
}

// Music writes the waiting music to path as a WAV file: 16 bits, mono, 8 kHz,
// 90 s, to be looped.
func Music(path string) error {
	if err := writeWhole(path, encodeWave(Tune())); err != nil {
		return fmt.Errorf("write the waiting music: %w", err)
	}
	return nil
}

// Tune composes the waiting music. Whatever rings on at the end is heard at
// the beginning, so that the loop has no seam.
func Tune() Audio {
	loop := make([]float64, int(float64(len(melody)*barBeats)*beat*Rate))
	bar := 0
	for _, name := range harmony {
		if name == ' ' {
			continue
		}
		for i, note := range chords[name] {
			start := float64(bar*barBeats) * beat
			pad(loop, start+0.02*float64(i), hertz(note), 0.16)
		}
		bar++
	}
	for bar, line := range melody {
		for _, n := range notes(line) {
			at := (float64(bar*barBeats) + float64(n.eighth)/2) * beat
			bell(loop, at, hertz(n.midi), 0.30)
			bell(loop, at+0.75*beat, hertz(n.midi), 0.07) // an echo
			bell(loop, at+1.50*beat, hertz(n.midi), 0.025)
		}
	}
	gain := fromDB(musicLevel) / rms(loop)
	for i := range loop {
		loop[i] *= gain
	}
	return Audio{Rate: Rate, Samples: quantise(loop)}
}

type note struct {
	eighth int
	midi   float64
}

// notes reads one bar of the melody.
func notes(line string) []note {
	degrees := map[rune]float64{'1': 67, '2': 69, '3': 71, '5': 74, '6': 76}
	var out []note
	eighth := -1
	for _, r := range line {
		switch r {
		case ' ':
		case '\'':
			out[len(out)-1].midi += 12
		case ',':
			out[len(out)-1].midi -= 12
		default:
			eighth++
			if midi, ok := degrees[r]; ok {
				out = append(out, note{eighth, midi})
			}
		}
	}
	return out
}

// pad adds a slow chord tone that swells, stays for a bar and fades into the
// next; two voices a hair apart beat every three seconds, which is warm and does not tremble.
func pad(loop []float64, at, f, loudness float64) {
	const swell, leave = 1.2, 2.4
	length := barBeats*beat + leave
	add(loop, at, length, func(t float64) float64 {
		shape := math.Min(1, t/swell) * math.Min(1, (length-t)/leave)
		shape = shape * shape * (3 - 2*shape)
		v := 0.0
		for _, drift := range []float64{0.9996, 1.0004} {
			w := 2 * math.Pi * f * drift * t
			v += math.Sin(w) + 0.25*math.Sin(2*w) + 0.08*math.Sin(3*w)
		}
		return loudness * shape * v / 2
	})
}

// bell adds a soft struck note: partials that die the faster the higher.
func bell(loop []float64, at, f, loudness float64) {
	add(loop, at, 3, func(t float64) float64 {
		w := 2 * math.Pi * f * t
		attack := math.Min(1, t/0.008)
		leave := math.Min(1, (3-t)/0.5)
		v := math.Exp(-1.6*t)*math.Sin(w) + 0.35*math.Exp(-3.5*t)*math.Sin(2*w) + 0.10*math.Exp(-8*t)*math.Sin(3*w)
		return loudness * attack * leave * v
	})
}

// add mixes length seconds of wave into loop from at on, around its end.
func add(loop []float64, at, length float64, wave func(t float64) float64) {
	first := int(at * Rate)
	for i := range int(length * Rate) {
		loop[(first+i)%len(loop)] += wave(float64(i) / Rate)
	}
}

func hertz(midi float64) float64 { return 440 * math.Pow(2, (midi-69)/12) }
