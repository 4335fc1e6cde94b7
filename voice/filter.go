package voice

import "math"

// The telephone carries 300 to 3,400 Hz. What lies over 4,000 Hz must be gone
// before the rate drops to 8,000, or it folds back as hiss.
const (
	passEdge  = 3400.0 // Hz, kept
	stopEdge  = 4000.0 // Hz, gone by stopDepth
	stopDepth = 70.0   // dB
	rumble    = 150.0  // Hz; below it only energy no telephone plays
)

// toTelephone brings a to Rate and the telephone's band, as samples from -1
// to 1.
func toTelephone(a Audio) []float64 {
	x := make([]float64, len(a.Samples))
	for i, s := range a.Samples {
		x[i] = float64(s) / 32768
	}
	if a.Rate != Rate {
		x = resample(x, a.Rate, Rate)
	}
	return highPass(x, rumble, Rate)
}

// resample brings x from one rate to a lower one by a polyphase low-pass
// filter: a windowed sinc (Kaiser) whose pass band ends at passEdge and whose
// stop band begins at stopEdge.
func resample(x []float64, from, to int) []float64 {
	g := gcd(from, to)
	up, down := to/g, from/g
	half := kaiserHalf(stopDepth, (stopEdge-passEdge)/float64(from))
	phases := make([][]float64, up)
	for p := range phases {
		phases[p] = phase(float64(p)/float64(up), half, (passEdge+stopEdge)/2/float64(from))
	}
	out := make([]float64, len(x)*up/down)
	for n := range out {
		at := n * down
		first := at/up - half + 1 // the input sample under the filter's first tap
		taps := phases[at%up]
		sum := 0.0
		for k := max(0, -first); k < len(taps) && first+k < len(x); k++ {
			sum += taps[k] * x[first+k]
		}
		out[n] = sum
	}
	return out
}

// kaiserHalf is half the number of taps (Kaiser's formula) for a stop band
// depth dB down after a transition of width (as a part of the rate).
func kaiserHalf(depth, width float64) int {
	return int(math.Ceil((depth-7.95)/(14.36*width)/2)) + 1
}

// phase gives the taps for an output that lies offset (0 ≤ offset < 1) after
// an input sample; cutoff is a part of the input's rate. The taps sum to 1, so
// that every phase has the same gain.
func phase(offset float64, half int, cutoff float64) []float64 {
	beta := 0.1102 * (stopDepth - 8.7) // Kaiser's, for depths over 50 dB
	taps := make([]float64, 2*half)
	sum := 0.0
	for k := range taps {
		t := float64(k-half+1) - offset
		window := bessel(beta * math.Sqrt(max(0, 1-t*t/float64(half*half))))
		taps[k] = 2 * cutoff * sinc(2*cutoff*t) * window
		sum += taps[k]
	}
	for k := range taps {
		taps[k] /= sum
	}
	return taps
}

func sinc(t float64) float64 {
	if t == 0 {
		return 1
	}
	return math.Sin(math.Pi*t) / (math.Pi * t)
}

// bessel is the modified Bessel function of the first kind, order 0, by its
// power series.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-12; k++ {
		term *= (x / 2 / k) * (x / 2 / k)
		sum += term
	}
	return sum
}

// highPass takes away what lies below cutoff Hz: a Butterworth filter of the
// second order, 12 dB an octave.
func highPass(x []float64, cutoff float64, rate int) []float64 {
	w := math.Tan(math.Pi * cutoff / float64(rate))
	norm := 1 / (1 + math.Sqrt2*w + w*w)
	a1, a2 := 2*(w*w-1)*norm, (1-math.Sqrt2*w+w*w)*norm
	out := make([]float64, len(x))
	var x1, x2, y1, y2 float64
	for i, v := range x {
		y := norm*(v-2*x1+x2) - a1*y1 - a2*y2
		x1, x2, y1, y2 = v, x1, y, y1
		out[i] = y
	}
	return out
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
