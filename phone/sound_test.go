package phone

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/zaf/g711"
)

// alaw sends samples through PCMA and back.
func alaw(samples []int16) []int16 {
	out := make([]int16, len(samples))
	for i, s := range samples {
		out[i] = g711.DecodeAlawFrame(g711.EncodeAlawFrame(s))
	}
	return out
}

// speech makes something speech-like: syllables of band-limited noise over a
// wandering pitch, with pauses; the same seed says the same.
func speech(seed uint64, length time.Duration) []int16 {
	r := rand.New(rand.NewPCG(seed, 1))
	n := int(length * sampleRate / time.Second)
	out := make([]int16, 0, n)
	for len(out) < n {
		syllable := 800 + r.IntN(1200)
		pitch, formant := 100+100*r.Float64(), 400+1800*r.Float64()
		loudness := 0.5 + 0.5*r.Float64()
		var low float64
		for i := range syllable {
			t := float64(i) / sampleRate
			envelope := math.Sin(math.Pi * float64(i) / float64(syllable))
			low += 0.3 * (r.NormFloat64() - low)
			v := math.Sin(2*math.Pi*pitch*t) + 0.6*math.Sin(2*math.Pi*formant*t) + 0.4*low
			out = append(out, int16(3000*loudness*envelope*v))
		}
		out = append(out, make([]int16, r.IntN(500))...)
	}
	return out[:n]
}

func silence(d time.Duration) []int16 { return make([]int16, d*sampleRate/time.Second) }

func library() map[string][]int16 {
	l := map[string][]int16{}
	for i := range 40 {
		l[string(rune('a'+i%26))+string(rune('0'+i/26))] = speech(uint64(i), time.Duration(1500+100*i)*time.Millisecond)
	}
	common := speech(99, 700*time.Millisecond)
	l["same-start-1"] = slices.Concat(common, speech(100, time.Second))
	l["same-start-2"] = slices.Concat(common, speech(101, time.Second))
	l["digit"] = speech(102, 250*time.Millisecond)
	l["late"] = slices.Concat(silence(300*time.Millisecond), speech(103, time.Second))
	l["tone-500"] = Tone(500, 2*sampleRate)
	l["tone-520"] = Tone(520, 2*sampleRate)
	return l
}

func TestPromptsAreNamed(t *testing.T) {
	l := library()
	heard := silence(137 * time.Millisecond)
	type want struct {
		name  string
		at    int
		whole bool
	}
	var wants []want
	say := func(name string, upTo time.Duration, then time.Duration) {
		s := l[name]
		n := len(s)
		if upTo > 0 {
			n = int(upTo * sampleRate / time.Second)
		}
		wants = append(wants, want{name, len(heard), upTo == 0})
		heard = slices.Concat(heard, s[:n], silence(then))
	}
	say("a0", 0, 613*time.Millisecond)
	say("same-start-2", 0, 0)
	say("digit", 0, 0)
	say("digit", 0, 40*time.Millisecond)
	say("b0", 600*time.Millisecond, 0) // cut off by the next
	say("same-start-1", 1200*time.Millisecond, 200*time.Millisecond)
	say("late", 0, 0)
	say("tone-520", 0, 0)
	say("tone-500", 700*time.Millisecond, time.Second)
	say("c1", 0, 0)
	heard = slices.Concat(heard, speech(7777, 2*time.Second)) // unknown to the library

	got := Identify(alaw(heard), l)
	if len(got) != len(wants) {
		t.Errorf("%d matches, want %d", len(got), len(wants))
	}
	for i := range min(len(got), len(wants)) {
		g, w := got[i], wants[i]
		if off := g.At - duration(w.at); g.Name != w.name || off.Abs() > 10*time.Millisecond || g.Whole != w.whole || g.Score < 0.9 {
			t.Errorf("match %d is %+v, want %+v at %v", i, g, w, duration(w.at))
		}
	}
	if t.Failed() {
		t.Logf("%+v", got)
	}
}

func TestNothingIsNamedInSilenceNoiseOrOtherSpeech(t *testing.T) {
	l := NewLibrary(library())
	for name, heard := range map[string][]int16{
		"nothing": nil, "a click": {1, 20000, 1}, "silence": silence(5 * time.Second),
		"other speech": speech(5555, 5*time.Second), "a tone": Tone(700, 5*sampleRate),
	} {
		if got := l.Identify(alaw(heard)); len(got) != 0 {
			t.Errorf("%s: named %+v", name, got)
		}
	}
}

func BenchmarkIdentify(b *testing.B) {
	l := NewLibrary(library())
	heard := alaw(speech(4242, 60*time.Second))
	for b.Loop() {
		l.Identify(heard)
	}
}

func TestTonesAreToldApart(t *testing.T) {
	heard := alaw(Tone(440, 800))
	if !HasTone(heard, 440) || HasTone(heard, 480) || HasTone(silence(time.Second), 440) || HasTone(nil, 440) {
		t.Error("440 Hz is not told from 480 Hz or silence")
	}
}

func TestWAVFilesAreReadBack(t *testing.T) {
	samples := speech(1, time.Second)
	got, err := LoadPrompts(fstest.MapFS{"menu/hello.wav": {Data: EncodeWAV(samples)}, "readme.txt": {}})
	if err != nil || !slices.Equal(got["menu/hello"], samples) {
		t.Errorf("read %d prompts, %v", len(got), err)
	}
	stereo := EncodeWAV(samples)
	stereo[22] = 2
	for name, data := range map[string][]byte{"empty": nil, "stereo": stereo, "short": stereo[:30], "headless": []byte("RIFF....WAVE")} {
		if _, err := DecodeWAV(data); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzDecodeWAV(f *testing.F) {
	f.Add(EncodeWAV([]int16{1, 2, 3}))
	f.Fuzz(func(t *testing.T, data []byte) { _, _ = DecodeWAV(data) })
}
