package voice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/zaf/g711"

	"hotline"
)

// card stands beside every sound in the cache as <name>.json: what the sound
// says and where it came from, for people, and the sums of both files, so that
// a damaged one is made again.
type card struct {
	Key      string  `json:"key"`
	Language string  `json:"language"`
	Text     string  `json:"text"`
	From     string  `json:"from"`
	Seconds  float64 `json:"seconds"`
	Wave     string  `json:"wav_sha256"`
	Alaw     string  `json:"alaw_sha256"`
}

// cached gives the sound of s from the cache, making it when it is missing or
// damaged.
func (l *Library) cached(ctx context.Context, s source) (Sound, error) {
	path := filepath.Join(l.options.Cache, fileName(s))
	if d, ok := intact(path); ok {
		return Sound{path, d}, nil
	}
	a, err := s.make(ctx)
	if err == nil && !s.plain {
		a, err = finish(a, s.Text)
		if err != nil {
			err = hotline.Errorf(hotline.Invalid, "%s: the sound of prompt %q cannot be used: %w", s.Where, s.Key, err)
		}
	}
	if err != nil {
		return Sound{}, err
	}
	if err := keep(path, s, a); err != nil {
		return Sound{}, hotline.Errorf(hotline.Unavailable, "the sound of prompt %q cannot be written: %w", s.Key, err)
	}
	return Sound{path, a.Duration()}, nil
}

// fileName names a sound after all that made it. The key leads, so that
// Asterisk's log can be read; its dots go, since Asterisk finds the format by
// what follows a dot.
func fileName(s source) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{treatment, s.Language, s.Text, s.From}, "\x00")))
	return s.Language + "_" + strings.ReplaceAll(s.Key, ".", "-") + "_" + hex.EncodeToString(sum[:8])
}

// intact says whether both files at path are what their card says, and how
// long the sound is by its own samples.
func intact(path string) (time.Duration, bool) {
	var c card
	text, err := os.ReadFile(path + ".json")
	if err != nil || json.Unmarshal(text, &c) != nil {
		return 0, false
	}
	wave, err := os.ReadFile(path + ".wav")
	if err != nil || sumOf(wave) != c.Wave {
		return 0, false
	}
	alaw, err := os.ReadFile(path + ".alaw")
	if err != nil || sumOf(alaw) != c.Alaw {
		return 0, false
	}
	a, err := decodeWave(wave)
	return a.Duration(), err == nil && a.Rate == Rate
}

// keep writes both files and, last, their card.
func keep(path string, s source, a Audio) error {
	wave, alaw := encodeWave(a), g711.EncodeAlaw(lpcm(a.Samples))
	text, err := json.MarshalIndent(card{s.Key, s.Language, s.Text, s.From, a.Duration().Seconds(), sumOf(wave), sumOf(alaw)}, "", "  ")
	if err != nil {
		return err
	}
	for _, file := range []struct {
		extension string
		content   []byte
	}{{".wav", wave}, {".alaw", alaw}, {".json", append(text, '\n')}} {
		if err := writeWhole(path+file.extension, file.content); err != nil {
			return err
		}
	}
	return nil
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// writeWhole puts content at path in one step, so that no reader, and no
// second controller making the same sound, meets half a file.
func writeWhole(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails when the file has its place
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(0o644) // Asterisk may run as another user
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}

// makeFolder makes dir and proves that files can be written there.
func makeFolder(dir string) error {
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		proof := filepath.Join(dir, ".writable")
		err = errors.Join(writeWhole(proof, nil), os.Remove(proof))
	}
	if err != nil {
		return hotline.Errorf(hotline.Unavailable, "the folder for sounds %s cannot be written: %w", dir, err)
	}
	return nil
}

// Prune removes sounds that the library does not use and that are older than
// age: what earlier texts left behind. Calls begun before a change still play
// the old files, so age should be a day at least.
func (l *Library) Prune(now time.Time, age time.Duration) error {
	used := map[string]bool{}
	for _, n := range l.All() {
		used[filepath.Base(n.Path)] = true
	}
	files, err := os.ReadDir(l.options.Cache)
	if err != nil {
		return fmt.Errorf("look through the sounds: %w", err)
	}
	for _, f := range files {
		stem := strings.TrimSuffix(f.Name(), filepath.Ext(f.Name()))
		info, err := f.Info()
		if err != nil || used[stem] || info.IsDir() || now.Sub(info.ModTime()) < age || !strings.Contains(stem, "_") {
			continue
		}
		if err := os.Remove(filepath.Join(l.options.Cache, f.Name())); err != nil {
			return fmt.Errorf("remove an old sound: %w", err)
		}
	}
	return nil
}
