package site

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/zaf/g711"
)

// What a telephone of either law hears is the music.
func TestMusicInBothLaws(t *testing.T) {
	dir := t.TempDir()
	if err := writeMusic(dir); err != nil {
		t.Fatal(err)
	}
	music := compose()
	for file, decode := range map[string]func(byte) int16{"waiting.alaw": g711.DecodeAlawFrame, "waiting.ulaw": g711.DecodeUlawFrame} {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if len(b) != len(music) {
			t.Fatalf("%s has %d samples, the music %d", file, len(b), len(music))
		}
		for i, s := range music {
			if got := int(decode(b[i])); abs(got-int(s)) > max(16, abs(int(s))/16) {
				t.Fatalf("sample %d of %s is %d, of the music %d", i, file, got, s)
			}
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
