package voice

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// encodeWave gives a as a WAV file: PCM, 16 bits, mono.
func encodeWave(a Audio) []byte {
	size := 2 * len(a.Samples)
	out := make([]byte, 44, 44+size)
	copy(out, "RIFF")
	binary.LittleEndian.PutUint32(out[4:], uint32(36+size))
	copy(out[8:], "WAVEfmt ")
	binary.LittleEndian.PutUint32(out[16:], 16)
	binary.LittleEndian.PutUint16(out[20:], 1) // PCM
	binary.LittleEndian.PutUint16(out[22:], 1) // mono
	binary.LittleEndian.PutUint32(out[24:], uint32(a.Rate))
	binary.LittleEndian.PutUint32(out[28:], uint32(2*a.Rate))
	binary.LittleEndian.PutUint16(out[32:], 2)
	binary.LittleEndian.PutUint16(out[34:], 16)
	copy(out[36:], "data")
	binary.LittleEndian.PutUint32(out[40:], uint32(size))
	return append(out, lpcm(a.Samples)...)
}

// lpcm gives samples as little-endian bytes.
func lpcm(samples []int16) []byte {
	out := make([]byte, 0, 2*len(samples))
	for _, s := range samples {
		out = binary.LittleEndian.AppendUint16(out, uint16(s))
	}
	return out
}

// waveFormat is the part of a WAV file's fmt chunk that matters here.
type waveFormat struct {
	tag, channels, bits uint16
	rate                uint32
}

// decodeWave reads a WAV file of 16-bit PCM; several channels are mixed into
// one. A data chunk that claims more than there is ends where the bytes end:
// programs that write to a pipe cannot know the length beforehand.
func decodeWave(b []byte) (Audio, error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return Audio{}, errors.New("this is no WAV file; 16-bit PCM in a WAV file would be right")
	}
	var format waveFormat
	for at := 12; at+8 <= len(b); {
		id := string(b[at : at+4])
		size := int64(binary.LittleEndian.Uint32(b[at+4:]))
		body := b[at+8:]
		if size < int64(len(body)) {
			body = body[:size]
		}
		switch id {
		case "fmt ":
			if len(body) < 16 {
				return Audio{}, errors.New("the WAV file's fmt chunk is cut short")
			}
			format = readFormat(body)
		case "data":
			return format.decode(body)
		}
		at += 8 + int(min(size+size%2, int64(len(b))))
	}
	return Audio{}, errors.New("the WAV file holds no sound (no data chunk)")
}

func readFormat(body []byte) waveFormat {
	f := waveFormat{
		tag:      binary.LittleEndian.Uint16(body),
		channels: binary.LittleEndian.Uint16(body[2:]),
		rate:     binary.LittleEndian.Uint32(body[4:]),
		bits:     binary.LittleEndian.Uint16(body[14:]),
	}
	const extensible = 0xFFFE // the real tag then begins the sub-format
	if f.tag == extensible && len(body) >= 26 {
		f.tag = binary.LittleEndian.Uint16(body[24:])
	}
	return f
}

// decode mixes the channels of body into one.
func (f waveFormat) decode(body []byte) (Audio, error) {
	if f.tag != 1 || f.bits != 16 {
		return Audio{}, fmt.Errorf("the WAV file has format %d with %d bits; PCM (format 1) with 16 bits would be right", f.tag, f.bits)
	}
	if f.rate < 8000 || f.rate > 96000 || f.channels < 1 || f.channels > 8 {
		return Audio{}, fmt.Errorf("the WAV file has %d channels at %d Hz; 1 to 8 channels at 8,000 to 96,000 Hz would be right", f.channels, f.rate)
	}
	width := 2 * int(f.channels)
	out := make([]int16, 0, len(body)/width)
	for ; len(body) >= width; body = body[width:] {
		sum := 0
		for c := 0; c < width; c += 2 {
			sum += int(int16(binary.LittleEndian.Uint16(body[c:])))
		}
		out = append(out, int16(sum/int(f.channels)))
	}
	return Audio{Rate: int(f.rate), Samples: out}, nil
}
