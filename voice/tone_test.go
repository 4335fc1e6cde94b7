package voice

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// In stories every prompt is a chord of its own, told apart in 40 ms.
func TestEveryPromptHasAToneOfItsOwn(t *testing.T) {
	prompts := cityPrompts(t)
	l := open(t, Options{Speaker: ToneSpeaker{}, Yao: true})
	build(t, l, prompts...)
	chords := map[[2]float64]string{}
	for _, p := range prompts {
		low, high := Tones(Spoken(p.Text, true))
		if other, taken := chords[[2]float64{low, high}]; taken && other != p.Text {
			t.Errorf("%s and %s sound alike", p.Text, other)
		}
		chords[[2]float64{low, high}] = p.Text
		s, err := l.Sound("zh", p.Key)
		if err != nil {
			t.Fatal(err)
		}
		wave, err := os.ReadFile(s.Path + ".wav")
		if err != nil {
			t.Fatal(err)
		}
		a, err := decodeWave(wave)
		if err != nil {
			t.Fatal(err)
		}
		piece := a.Samples[800:1120]
		for _, f := range []float64{low, high} {
			if tone := power(piece, f); tone < 0.35 {
				t.Errorf("%s: only %.2f of the energy at %g Hz", p.Key, tone, f)
			}
		}
	}
}

// power is the part of x's energy at frequency f, by Goertzel's sum.
func power(x []int16, f float64) float64 {
	var re, im, all float64
	for i, s := range x {
		w := 2 * math.Pi * f * float64(i) / Rate
		re += float64(s) * math.Cos(w)
		im += float64(s) * math.Sin(w)
		all += float64(s) * float64(s)
	}
	return 2 * (re*re + im*im) / float64(len(x)) / all
}

// The waiting music is 90 s, quieter than the voice, never clipped, and its
// end flows into its beginning.
func TestTheWaitingMusicLoops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "music.wav")
	if err := Music(path); err != nil {
		t.Fatal(err)
	}
	wave, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := decodeWave(wave)
	if err != nil || a.Rate != Rate || a.Duration() != 90*time.Second {
		t.Fatalf("%v at %d Hz: %v", a.Duration(), a.Rate, err)
	}
	x := make([]float64, len(a.Samples))
	peak, step := 0.0, 0.0
	for i, s := range a.Samples {
		x[i] = float64(s) / 32768
		peak = max(peak, math.Abs(x[i]))
		if i > 0 {
			step = max(step, math.Abs(x[i]-x[i-1]))
		}
	}
	if level := 20 * math.Log10(rms(x)); math.Abs(level-musicLevel) > 0.2 || peak > 0.5 {
		t.Errorf("%.1f dBFS with a peak of %.2f", level, peak)
	}
	if seam := math.Abs(x[0] - x[len(x)-1]); seam > step {
		t.Errorf("the seam jumps by %.3f, more than any step within (%.3f)", seam, step)
	}
	for second := range 90 {
		if part := rms(x[second*Rate : (second+1)*Rate]); part < fromDB(-45) {
			t.Errorf("silence at %d s", second)
		}
	}
}
