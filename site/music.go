package site

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"

	"github.com/zaf/g711"
)

// The waiting music is made here, so that a city may play it publicly without
// asking anybody: it is dedicated to the public domain (CC0 1.0). It is a slow
// round of plucked chords, soft enough to talk over.

const (
	musicRate    = 8000 // samples a second, what the telephone carries
	noteSeconds  = 0.4
	noteLasts    = 2.4  // seconds until a note has died away
	musicPeak    = 0.16 // of full scale: about -26 dBFS once several notes sound
	notesInChord = 8
)

// chords is the round: C, Am, F, G, each note counted in half-tones from middle C.
var chords = [...][notesInChord]int{
	{0, 7, 12, 16, 19, 16, 12, 7},
	{-3, 4, 9, 12, 16, 12, 9, 4},
	{-7, 0, 5, 9, 12, 9, 5, 0},
	{-5, 2, 7, 11, 14, 11, 7, 2},
	{0, 7, 12, 16, 24, 16, 12, 7},
	{-3, 4, 9, 16, 21, 16, 12, 9},
	{-7, 0, 5, 12, 17, 12, 9, 5},
	{-5, 2, 7, 14, 19, 14, 11, 7},
}

// compose gives the whole round, which ends as it begins and so can be repeated.
func compose() []int16 {
	step := int(noteSeconds * musicRate)
	sum := make([]float64, len(chords)*notesInChord*step)
	for i := range len(chords) * notesInChord {
		tone := chords[i/notesInChord][i%notesInChord]
		pluck(sum, i*step, 261.63*math.Pow(2, float64(tone)/12))
	}
	out := make([]int16, len(sum))
	for i, s := range sum {
		out[i] = int16(s * musicPeak * math.MaxInt16)
	}
	return out
}

// pluck adds one dying note from sample at on, around the end of the round.
func pluck(sum []float64, at int, hertz float64) {
	n := int(noteLasts * musicRate)
	for i := range n {
		t := float64(i) / musicRate
		swell := math.Min(1, t/0.02) * math.Exp(-2*t) * (1 - float64(i)/float64(n))
		wave := math.Sin(2*math.Pi*hertz*t) + 0.3*math.Sin(4*math.Pi*hertz*t)*math.Exp(-2*t)
		sum[(at+i)%len(sum)] += swell * wave
	}
}

// writeMusic puts the music into dir, once for each codec that a telephone may
// bring, so that nothing is converted while callers wait. What stands there
// already is left: a city may have put its own in.
func writeMusic(dir string) error {
	if there, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(there) > 0 {
		return err
	}
	sln := linear(compose())
	for name, sound := range map[string][]byte{
		"waiting.sln":  sln,
		"waiting.alaw": g711.EncodeAlaw(sln),
		"waiting.ulaw": g711.EncodeUlaw(sln),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), sound, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func linear(samples []int16) []byte {
	var out bytes.Buffer
	_ = binary.Write(&out, binary.LittleEndian, samples) // a buffer takes everything
	return out.Bytes()
}
