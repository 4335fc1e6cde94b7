package site

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/zaf/g711"
)

// Our G.711 agrees with a library's on every sample there is, within the
// law's own coarseness.
func TestG711(t *testing.T) {
	for s := math.MinInt16; s <= math.MaxInt16; s++ {
		a := int(g711.DecodeAlawFrame(alaw(int16(s))))
		u := int(g711.DecodeUlawFrame(ulaw(int16(s))))
		coarse := max(16, abs(s)/16)
		if abs(a-s) > coarse {
			t.Fatalf("A-law makes %d of %d", a, s)
		}
		if abs(u-s) > max(coarse, 700) && abs(s) > 32000 || abs(u-s) > coarse && abs(s) <= 32000 {
			t.Fatalf("µ-law makes %d of %d", u, s)
		}
	}
}

// The music is soft enough to talk over, never silent, and goes round without a click.
func TestMusic(t *testing.T) {
	m := compose()
	sum, peak, jump := 0.0, 0, abs(int(m[0])-int(m[len(m)-1]))
	for _, s := range m {
		sum += float64(s) * float64(s)
		peak = max(peak, abs(int(s)))
	}
	level := 10 * math.Log10(sum/float64(len(m))/(32768*32768))
	t.Logf("%d s, %.1f dBFS, peak %d, jump at the end %d", len(m)/musicRate, level, peak, jump)
	if level < -32 || level > -18 {
		t.Errorf("it is at %.1f dBFS", level)
	}
	if peak > 20000 || jump > 2000 {
		t.Errorf("peak %d, jump %d", peak, jump)
	}
	for at := 0; at+musicRate <= len(m); at += musicRate {
		loud := 0
		for _, s := range m[at : at+musicRate] {
			loud = max(loud, abs(int(s)))
		}
		if loud < 500 {
			t.Errorf("second %d is silent", at/musicRate)
		}
	}
}

// A city's own music is left alone.
func TestOwnMusicStays(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, "ours.wav")
	if err := os.WriteFile(own, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writeMusic(dir); err != nil {
		t.Fatal(err)
	}
	if there, _ := filepath.Glob(filepath.Join(dir, "*")); len(there) != 1 {
		t.Errorf("music was added: %v", there)
	}
}

func abs(n int) int { return max(n, -n) }
