package recording

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"time"

	"hotline"
)

const (
	frame = rate / 50 * sampleSize // 20 ms
	// loud is the level from which a frame counts as sound: -45 dBFS, above the
	// noise of a line and below a low voice.
	loud = 184
	// leastSpeech is how much sound makes a message: one short word.
	leastSpeech = 300 * time.Millisecond
)

// Speech tells whether a message (the name of a mono file in Dir, with its
// extension) holds any speech; one that does not is deleted. It waits up to two
// seconds until Asterisk has closed the file.
func (k *Keeper) Speech(ctx context.Context, name string) (bool, error) {
	path, err := k.Path(name)
	if err != nil {
		return false, err
	}
	samples, err := readClosed(ctx, path, 2*time.Second)
	if err != nil {
		return false, hotline.Errorf(hotline.Unavailable, "the message %s is not there: %w", name, err)
	}
	if sounding(samples) >= leastSpeech {
		return true, nil
	}
	return false, os.Remove(path)
}

// sounding is how much of the sound is loud enough to be speech.
func sounding(samples []byte) (d time.Duration) {
	for ; len(samples) >= frame; samples = samples[frame:] {
		sum := 0.0
		for i := 0; i < frame; i += sampleSize {
			v := float64(int16(binary.LittleEndian.Uint16(samples[i:])))
			sum += v * v
		}
		if math.Sqrt(sum/(frame/sampleSize)) >= loud {
			d += 20 * time.Millisecond
		}
	}
	return d
}
