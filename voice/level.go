package voice

import (
	"errors"
	"math"
	"strings"
	"time"
)

// How every sound is finished. dBFS is RMS against a full-scale square wave.
const (
	treatment = "1" // part of every cache name: raise it when anything here changes

	speechLevel = -18.0 // dBFS over the speech, pauses left out
	ceiling     = -2.0  // dBFS, no sample above
	floor       = -40.0 // dB under the loudest 10 ms: silence, to be trimmed

	lead    = 30 * time.Millisecond  // silence kept before the first sound
	noPause = 40 * time.Millisecond  // … after the last, mid-sentence
	comma   = 120 * time.Millisecond // … after a text that ends with a comma
	stop    = 150 * time.Millisecond // … with a full stop
	fadeIn  = 5 * time.Millisecond
	fadeOut = 15 * time.Millisecond
)

// finish turns what was spoken or recorded into a telephone sound: band,
// trim, loudness, fades, and the pause that the text's last mark asks for.
func finish(a Audio, text string) (Audio, error) {
	x := trim(toTelephone(a))
	if len(x) == 0 {
		return Audio{}, errors.New("there is only silence in it")
	}
	x = loud(x, speechLevel)
	fade(x)
	x = append(make([]float64, count(lead)), x...)
	x = append(x, make([]float64, count(pauseAfter(text)))...)
	return Audio{Rate: Rate, Samples: quantise(x)}, nil
}

// pauseAfter is the breath that belongs to the text's last mark.
func pauseAfter(text string) time.Duration {
	switch {
	case strings.HasSuffix(text, "，"), strings.HasSuffix(text, "、"), strings.HasSuffix(text, ","):
		return comma
	case strings.HasSuffix(text, "。"), strings.HasSuffix(text, "？"), strings.HasSuffix(text, "！"), strings.HasSuffix(text, "."):
		return stop
	}
	return noPause
}

// count is the number of samples in d at Rate.
func count(d time.Duration) int { return int(d * Rate / time.Second) }

// trim cuts silence from both ends of x; it gives nothing when all is silence.
func trim(x []float64) []float64 {
	const frame = Rate / 100
	loudest := 0.0
	for at := 0; at < len(x); at += frame {
		loudest = max(loudest, rms(x[at:min(at+frame, len(x))]))
	}
	if loudest < fromDB(-60) {
		return nil
	}
	heard := loudest * fromDB(floor)
	first, last := 0, len(x)
	for first < last && rms(x[first:min(first+frame, last)]) < heard {
		first += frame
	}
	for last > first && rms(x[max(first, last-frame):last]) < heard {
		last -= frame
	}
	return x[min(first, len(x)):max(first, last)]
}

// loud scales x so that its speech has the level wanted, and limits peaks
// softly. A limiter takes a little loudness away, so it is done twice.
func loud(x []float64, level float64) []float64 {
	for range 2 {
		gain := fromDB(level) / max(speechRMS(x), 1e-9)
		for i := range x {
			x[i] *= gain
		}
		limit(x, fromDB(ceiling))
	}
	return x
}

// speechRMS is the RMS of x over its 20 ms frames that hold speech: those not
// more than 15 dB under the mean of the audible ones (gating as in ITU-R
// BS.1770, with frames that fit short prompts).
func speechRMS(x []float64) float64 {
	const frame = Rate / 50
	var energies []float64
	for at := 0; at < len(x); at += frame {
		r := rms(x[at:min(at+frame, len(x))])
		energies = append(energies, r*r)
	}
	gate := 0.0
	for range 2 { // first the mean of all, then the mean of what is over the gate
		gate = meanOver(energies, gate) * math.Pow(10, -1.5)
	}
	return math.Sqrt(meanOver(energies, gate))
}

func meanOver(values []float64, gate float64) float64 {
	sum, n := 0.0, 0
	for _, v := range values {
		if v >= gate {
			sum += v
			n++
		}
	}
	return sum / float64(max(n, 1))
}

// limit keeps every sample of x under top: the gain needed is held over 5 ms
// on both sides of a peak and smoothed over the same time, so nothing clicks.
func limit(x []float64, top float64) {
	const reach = Rate / 200
	held := make([]float64, len(x))
	for i := range held {
		peak := top
		for _, v := range x[max(0, i-reach):min(len(x), i+reach+1)] {
			peak = max(peak, math.Abs(v))
		}
		held[i] = top / peak
	}
	for i := range x {
		near := held[max(0, i-reach):min(len(x), i+reach+1)]
		sum := 0.0
		for _, g := range near {
			sum += g
		}
		x[i] *= sum / float64(len(near))
	}
}

// fade softens both ends of x.
func fade(x []float64) {
	in, out := min(count(fadeIn), len(x)/2), min(count(fadeOut), len(x)/2)
	for i := range in {
		x[i] *= float64(i) / float64(in)
	}
	for i := range out {
		x[len(x)-1-i] *= float64(i) / float64(out)
	}
}

func quantise(x []float64) []int16 {
	out := make([]int16, len(x))
	for i, v := range x {
		out[i] = int16(math.Round(32767 * max(-1, min(1, v))))
	}
	return out
}

func rms(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum / float64(max(len(x), 1)))
}

// fromDB turns decibels into a factor.
func fromDB(db float64) float64 { return math.Pow(10, db/20) }
