package sitetest

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Sides waits until the two sides of a recording are joined in its file, and only there,
// and gives them: the citizen left, the agent right, 8 kHz. Anything but 16-bit stereo
// fails the test.
func Sides(t testing.TB, file string) (left, right []int16) {
	t.Helper()
	const soon = 15 * time.Second
	for end := time.Now().Add(soon); ; time.Sleep(10 * time.Millisecond) {
		files, err := filepath.Glob(strings.TrimSuffix(file, filepath.Ext(file)) + "*")
		if err == nil && len(files) == 1 && files[0] == file {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("not within %v: the two sides are joined in %s; there are %q", soon, file, files)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) < 44 || binary.LittleEndian.Uint16(b[22:]) != 2 || binary.LittleEndian.Uint32(b[24:]) != 8000 || binary.LittleEndian.Uint16(b[34:]) != 16 {
		t.Fatalf("it is not 8 kHz stereo of 16 bit: % x", b[:min(len(b), 44)])
	}
	for b = b[44:]; len(b) >= 4; b = b[4:] {
		left = append(left, int16(binary.LittleEndian.Uint16(b)))
		right = append(right, int16(binary.LittleEndian.Uint16(b[2:])))
	}
	return left, right
}
