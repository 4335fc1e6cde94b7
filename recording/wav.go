package recording

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"time"

	"hotline"
)

const (
	rate       = 8000 // samples a second of the telephone
	headerSize = 44
	sampleSize = 2
)

// errBegun says of a file that it has its head and no sound yet. Whether sound
// will come, or none ever came, only time tells.
var errBegun = errors.New("there is no sound in it")

// readMono reads the samples of a file Asterisk wrote and closed: it names the
// length in the head only when it closes it.
func readMono(file string) ([]byte, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if len(b) < headerSize || string(b[:4]) != "RIFF" || string(b[36:40]) != "data" {
		return nil, hotline.Errorf(hotline.Invalid, "%s is not a WAV file", file)
	}
	length := int(binary.LittleEndian.Uint32(b[40:44]))
	switch b = b[headerSize:]; {
	case len(b) == 0:
		return nil, errBegun
	case length == 0 || length > len(b):
		return nil, hotline.Errorf(hotline.Unavailable, "%s is still being written", file)
	}
	return b[:length], nil
}

const closedPoll = 50 * time.Millisecond

// readClosed reads the samples of a file as soon as Asterisk has closed it. One
// that still holds no sound after the wait is a silent one.
func readClosed(ctx context.Context, file string, wait time.Duration) ([]byte, error) {
	for late := time.Now().Add(wait); ; {
		samples, err := readMono(file)
		switch {
		case err == nil:
			return samples, nil
		case time.Now().Before(late):
		case errors.Is(err, errBegun):
			return nil, nil
		default:
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(closedPoll):
		}
	}
}

// writeStereo writes left and right side by side; the shorter is silent at its
// end.
func writeStereo(file string, left, right []byte) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	frames := max(len(left), len(right)) / sampleSize
	w.Write(header(frames))
	for i := 0; i < frames*sampleSize; i += sampleSize {
		w.Write(sample(left, i))
		w.Write(sample(right, i))
	}
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

var silence = [sampleSize]byte{}

func sample(side []byte, i int) []byte {
	if i+sampleSize > len(side) {
		return silence[:]
	}
	return side[i : i+sampleSize]
}

// header is that of 16-bit PCM in two channels.
func header(frames int) []byte {
	const channels = 2
	size := frames * channels * sampleSize
	h := make([]byte, 0, headerSize)
	h = append(h, "RIFF"...)
	h = binary.LittleEndian.AppendUint32(h, uint32(size+headerSize-8))
	h = append(h, "WAVEfmt "...)
	h = binary.LittleEndian.AppendUint32(h, 16)
	h = binary.LittleEndian.AppendUint16(h, 1)
	h = binary.LittleEndian.AppendUint16(h, channels)
	h = binary.LittleEndian.AppendUint32(h, rate)
	h = binary.LittleEndian.AppendUint32(h, rate*channels*sampleSize)
	h = binary.LittleEndian.AppendUint16(h, channels*sampleSize)
	h = binary.LittleEndian.AppendUint16(h, 8*sampleSize)
	h = append(h, "data"...)
	return binary.LittleEndian.AppendUint32(h, uint32(size))
}
