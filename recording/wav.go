package recording

import (
	"bufio"
	"encoding/binary"
	"os"

	"hotline"
)

const (
	rate       = 8000 // samples a second of the telephone
	headerSize = 44
	sampleSize = 2
)

// readMono reads the samples of a file Asterisk wrote. With headOnly it only
// checks that the file is closed.
func readMono(file string, headOnly bool) ([]byte, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if len(b) < headerSize || string(b[:4]) != "RIFF" || string(b[36:40]) != "data" {
		return nil, hotline.Errorf(hotline.Invalid, "%s is not a WAV file", file)
	}
	length := int(binary.LittleEndian.Uint32(b[40:44]))
	if length == 0 && len(b) > headerSize || length > len(b)-headerSize {
		return nil, hotline.Errorf(hotline.Unavailable, "%s is still being written", file)
	}
	if headOnly {
		return nil, nil
	}
	return b[headerSize : headerSize+length], nil
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
