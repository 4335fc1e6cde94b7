package phone

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"
)

// Match is a prompt found in what was heard.
type Match struct {
	// Name is the prompt's name in the library.
	Name string
	// At is where the prompt's first sample lies, from the beginning of the sound.
	At time.Duration
	// Length is how much of the prompt was heard.
	Length time.Duration
	// Whole tells that it was heard to its end, and not cut off.
	Whole bool
	// Score is the correlation over that length: 1 is the same sound, a PCMA copy
	// scores about 0.99.
	Score float64
}

const (
	// probe is how much of a prompt must be heard to name it: 0.4 s.
	probe = 2 * sampleRate / 5
	// shortest is the shortest prompt that can be named (one digit is 0.2 s).
	shortest = sampleRate * 3 / 20
	// alike is the correlation from which the probe counts as found.
	alike = 0.6
	// block is the piece in which a found prompt is followed to its end.
	block = sampleRate / 20
	// window is the size of the transform; it holds a probe and much more.
	window = 1 << 14
)

// Library is a set of prompts made ready to be recognised.
type Library struct {
	prompts []prompt
	pairs   [][]complex128 // spectra of probes, two prompts to one spectrum
	f       *fourier
}

type prompt struct {
	name    string
	samples []int16
	lead    int     // silence before its first sound
	probe   []int16 // what is searched for
	energy  float64 // of the probe
}

// NewLibrary makes prompts (8 kHz, mono) ready. Prompts with less than 0.15 s of
// sound cannot be told from noise and are left out.
func NewLibrary(samples map[string][]int16) *Library {
	l := &Library{f: newFourier(window)}
	for _, name := range slices.Sorted(maps.Keys(samples)) {
		p := prompt{name: name, samples: samples[name], lead: leadOf(samples[name])}
		p.probe = p.samples[p.lead:min(len(p.samples), p.lead+probe)]
		p.energy = energy(p.probe)
		if len(p.probe) >= shortest {
			l.prompts = append(l.prompts, p)
		}
	}
	for i := 0; i < len(l.prompts); i += 2 {
		spectrum := make([]complex128, window)
		for k, s := range l.prompts[i].probe {
			spectrum[k] = complex(float64(s), 0)
		}
		if i+1 < len(l.prompts) {
			for k, s := range l.prompts[i+1].probe {
				spectrum[k] += complex(0, float64(s))
			}
		}
		l.f.forward(spectrum)
		l.pairs = append(l.pairs, spectrum)
	}
	return l
}

// Identify names the prompts in heard; see Library.Identify. Keep a Library to
// ask more than once.
func Identify(heard []int16, library map[string][]int16) []Match {
	return NewLibrary(library).Identify(heard)
}

// Identify names the prompts in heard (8 kHz, mono) in the order in which they
// began. A prompt is found by its first 0.4 s of sound, wherever they lie, and
// then followed until it ends or is cut off. Where several begin alike, the one
// that explains most of the sound is named.
func (l *Library) Identify(heard []int16) []Match {
	var found []candidate
	sums := squares(heard)
	l.search(heard, sums, func(p *prompt, at int) {
		if c, ok := follow(p, heard, at-p.lead); ok {
			found = append(found, c)
		}
	})
	return settle(found)
}

// search calls hit for each place where a prompt's probe correlates best. It
// multiplies spectra (overlap-save): sample-exact, and 6 ms a prompt and minute.
func (l *Library) search(heard []int16, sums []float64, hit func(*prompt, int)) {
	if len(heard) < shortest {
		return
	}
	sound := make([]complex128, window)
	product := make([]complex128, window)
	peaks := make([]peak, len(l.prompts))
	const stride = window - probe
	for at := 0; at < len(heard); at += stride {
		piece := heard[at:min(len(heard), at+window)]
		if len(piece) < shortest || meanSquare(sums, at, at+len(piece)) < 1 {
			continue
		}
		clear(sound)
		for i, s := range piece {
			sound[i] = complex(float64(s), 0)
		}
		l.f.forward(sound)
		for i, spectrum := range l.pairs {
			// F⁻¹(H·(conj(A)+i·conj(B))) holds both correlations: one inverse for two
			// prompts, read from the mirrored spectrum of a+ib as both are real.
			for k := range product {
				product[k] = sound[k] * mirrored(spectrum, k)
			}
			l.f.back(product)
			l.readPeaks(2*i, product, piece, at, stride, sums, peaks, hit)
		}
	}
	for i := range peaks {
		peaks[i].flush(&l.prompts[i], hit)
	}
}

// mirrored gives X(-k) of a spectrum: for real a and b it is conj(A)+i·conj(B).
func mirrored(x []complex128, k int) complex128 { return x[(len(x)-k)%len(x)] }

func (l *Library) readPeaks(first int, product []complex128, piece []int16, at, stride int, sums []float64, peaks []peak, hit func(*prompt, int)) {
	for half := 0; half < 2 && first+half < len(l.prompts); half++ {
		p := &l.prompts[first+half]
		n := len(p.probe)
		last := min(stride, len(piece)-n+1)
		for i := 0; i < last; i++ {
			dot := real(product[i])
			if half == 1 {
				dot = imag(product[i])
			}
			there := sums[at+i+n] - sums[at+i]
			if dot <= 0 || there < float64(n)*100 || dot*dot < alike*alike*there*p.energy {
				continue
			}
			peaks[first+half].see(p, at+i, dot*dot/(there*p.energy), hit)
		}
	}
}

// peak is the best place within the last 10 ms; a steady tone correlates anew at
// each of its periods, and its earliest good place is the one that counts.
type peak struct {
	at    int
	score float64
}

const peakWidth = sampleRate / 100

func (k *peak) see(p *prompt, at int, score float64, hit func(*prompt, int)) {
	if k.score > 0 && at-k.at > peakWidth {
		k.flush(p, hit)
	}
	if score > k.score {
		k.at, k.score = at, score
	}
}

func (k *peak) flush(p *prompt, hit func(*prompt, int)) {
	if k.score > 0 {
		hit(p, k.at)
	}
	k.at, k.score = 0, 0
}

// candidate is a prompt found, before it is settled which ones overlap.
type candidate struct {
	prompt *prompt
	at, n  int
	score  float64
	whole  bool
}

// follow goes along the prompt from where its probe was found, and tells how
// much of it was heard.
func follow(p *prompt, heard []int16, at int) (candidate, bool) {
	c := candidate{prompt: p, at: at}
	end := p.lead + len(p.probe)
	bad := 0
	for from := end; from < len(p.samples) && bad < 3; from += block {
		to := min(len(p.samples), from+block)
		if at+from >= len(heard) {
			break
		}
		if sameBlock(p.samples[from:to], heard[at+from:min(len(heard), at+to)]) {
			end, bad = to, 0
		} else {
			bad++
		}
	}
	c.n = min(end, len(heard)-at)
	c.whole = soundEnd(p.samples) <= c.n+block
	from := max(0, -at)
	c.score = correlation(p.samples[from:c.n], heard[at+from:at+c.n])
	return c, c.score >= alike
}

func sameBlock(want, got []int16) bool {
	if len(got) < len(want) {
		want = want[:len(got)]
	}
	quietWant, quietGot := energy(want) < float64(len(want))*100*100, energy(got) < float64(len(got))*100*100
	if quietWant || quietGot {
		return quietWant && quietGot
	}
	return correlation(want, got) >= alike
}

// settle keeps, of prompts found in the same sound, the one that explains most.
func settle(found []candidate) []Match {
	slices.SortStableFunc(found, func(a, b candidate) int {
		if d := cmp.Compare(b.weight(), a.weight()); d != 0 {
			return d
		}
		return cmp.Compare(a.at, b.at)
	})
	var kept []candidate
	for _, c := range found {
		if !slices.ContainsFunc(kept, c.overlaps) {
			kept = append(kept, c)
		}
	}
	slices.SortFunc(kept, func(a, b candidate) int { return cmp.Compare(a.at, b.at) })
	matches := make([]Match, len(kept))
	for i, c := range kept {
		matches[i] = Match{Name: c.prompt.name, At: duration(c.at), Length: duration(c.n), Whole: c.whole, Score: c.score}
	}
	return matches
}

// weight is how much sound a candidate explains, and how well; of two that
// explain the same the one heard to its end is meant.
func (c candidate) weight() float64 {
	w := c.score * float64(c.n-c.prompt.lead)
	if c.whole {
		w *= 1.1
	}
	return w
}

func (c candidate) overlaps(other candidate) bool {
	from := max(c.at+c.prompt.lead, other.at+other.prompt.lead)
	shared := min(c.at+c.n, other.at+other.n) - from
	return shared > min(c.n-c.prompt.lead, other.n-other.prompt.lead)/4
}

func duration(samples int) time.Duration {
	return time.Duration(samples) * time.Second / sampleRate
}

// leadOf is how many samples of silence a prompt begins with.
func leadOf(samples []int16) int {
	for i := 0; i+80 <= len(samples); i += 80 {
		if energy(samples[i:i+80]) > 80*loud*loud {
			return i
		}
	}
	return len(samples)
}

// soundEnd is where a prompt's last sound ends.
func soundEnd(samples []int16) int {
	for i := len(samples); i >= 80; i -= 80 {
		if energy(samples[i-80:i]) > 80*loud*loud {
			return i
		}
	}
	return 0
}

func energy(samples []int16) float64 {
	var sum float64
	for _, s := range samples {
		sum += float64(s) * float64(s)
	}
	return sum
}

// squares are running sums: the energy of a piece is the difference of two.
func squares(samples []int16) []float64 {
	sums := make([]float64, len(samples)+1)
	for i, s := range samples {
		sums[i+1] = sums[i] + float64(s)*float64(s)
	}
	return sums
}

func meanSquare(sums []float64, from, to int) float64 {
	return (sums[to] - sums[from]) / float64(max(1, to-from))
}

// correlation is 1 for the same sound at any loudness, 0 for unlike ones.
func correlation(a, b []int16) float64 {
	var ab, aa, bb float64
	for i, s := range a {
		x, y := float64(s), float64(b[i])
		ab += x * y
		aa += x * x
		bb += y * y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}
