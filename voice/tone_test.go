package voice

import (
	"math"
	"os"
	"testing"
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
