package phone

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/zaf/g711"
)

// tone writes a sine of hz at -12 dBFS, beginning n samples into it.
func tone(frame []int16, hz float64, n int) {
	for i := range frame {
		frame[i] = int16(8192 * math.Sin(2*math.Pi*hz*float64(n+i)/sampleRate))
	}
}

// Tone gives n samples of a sine of hz at -12 dBFS.
func Tone(hz float64, n int) []int16 {
	samples := make([]int16, n)
	tone(samples, hz, 0)
	return samples
}

// HasTone tells whether a tone of hz makes up at least half of the sound's power
// (Goertzel) and is loud enough to be heard; of two tones each a third, and so on.
// The samples should be 50 ms or more.
func HasTone(samples []int16, hz ...float64) bool {
	power := energy(samples)
	if n := float64(len(samples)); n == 0 || power/n <= loud*loud {
		return false
	}
	return !slices.ContainsFunc(hz, func(f float64) bool { return inTone(samples, f) < power/float64(len(hz)+1) })
}

// Toned is how much of the sound is a tone of hz (HasTone), in pieces of 50 ms.
func Toned(samples []int16, hz float64) (d time.Duration) {
	const piece = sampleRate / 20
	for i := 0; i+piece <= len(samples); i += piece {
		if HasTone(samples[i:i+piece], hz) {
			d += piece * time.Second / sampleRate
		}
	}
	return d
}

// inTone is the energy of one frequency, in units of a sample squared.
func inTone(samples []int16, hz float64) float64 {
	coefficient := 2 * math.Cos(2*math.Pi*hz/sampleRate)
	var s1, s2 float64
	for _, x := range samples {
		s1, s2 = float64(x)+coefficient*s1-s2, s1
	}
	return 2 * (s1*s1 + s2*s2 - coefficient*s1*s2) / float64(len(samples))
}

// LoadPrompts reads every WAV file (8 kHz, mono, 16 bit or A-law) of a folder and
// those below it; the name of a prompt is its path without .wav.
func LoadPrompts(files fs.FS) (map[string][]int16, error) {
	prompts := map[string][]int16{}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.EqualFold(path.Ext(name), ".wav") {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		samples, err := DecodeWAV(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		prompts[strings.TrimSuffix(name, path.Ext(name))] = samples
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load prompts: %w", err)
	}
	return prompts, nil
}

var errNotWAV = errors.New("not a WAV file")

// DecodeWAV reads a WAV file of 8 kHz, mono, 16 bit or A-law.
func DecodeWAV(data []byte) ([]int16, error) {
	if len(data) < 12 || string(data[:4]) != "RIFF" || string(data[8:12]) != "WAVE" {
		return nil, errNotWAV
	}
	var format uint16
	for rest := data[12:]; len(rest) >= 8; {
		name, size := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:]))
		body := rest[8:min(len(rest), 8+max(size, 0))]
		switch name {
		case "fmt ":
			if len(body) < 16 {
				return nil, errNotWAV
			}
			format = binary.LittleEndian.Uint16(body)
			channels, rate := binary.LittleEndian.Uint16(body[2:]), binary.LittleEndian.Uint32(body[4:])
			bits := binary.LittleEndian.Uint16(body[14:])
			if channels != 1 || rate != sampleRate || !(format == 1 && bits == 16 || format == 6 && bits == 8) {
				return nil, fmt.Errorf("sound format %d with %d channels of %d Hz and %d bits; write 8000 Hz, mono, 16 bit or A-law", format, channels, rate, bits)
			}
		case "data":
			return decodePCM(format, body)
		}
		rest = rest[min(len(rest), 8+len(body)+size&1):]
	}
	return nil, errNotWAV
}

func decodePCM(format uint16, body []byte) ([]int16, error) {
	switch format {
	case 1:
		samples := make([]int16, len(body)/2)
		_, err := binary.Decode(body[:2*len(samples)], binary.LittleEndian, samples)
		return samples, err
	case 6:
		samples := make([]int16, len(body))
		for i, b := range body {
			samples[i] = g711.DecodeAlawFrame(b)
		}
		return samples, nil
	}
	return nil, errNotWAV
}

// EncodeWAV writes samples as a WAV file of 8 kHz, mono, 16 bit.
func EncodeWAV(samples []int16) []byte {
	var b bytes.Buffer
	size := uint32(2 * len(samples))
	for _, part := range []any{
		[]byte("RIFF"), 36 + size, []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1),
		uint32(sampleRate), uint32(2 * sampleRate), uint16(2), uint16(16), []byte("data"), size, samples,
	} {
		_ = binary.Write(&b, binary.LittleEndian, part) // a bytes.Buffer does not fail
	}
	return b.Bytes()
}
