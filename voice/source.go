package voice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hotline"
)

// source is a prompt and where its sound comes from. From says it in full and
// becomes part of the cache's name: another text, recording, voice, setting or
// program version is another sound.
type source struct {
	Prompt
	From  string
	make  func(context.Context) (Audio, error)
	plain bool // finished as it is: made by ourselves
}

// source finds the recording of p, else the speaker.
func (l *Library) source(p Prompt) (source, error) {
	if a, ok := signal(p.Key); ok {
		return source{Prompt: p, From: "signal", plain: true, make: func(context.Context) (Audio, error) { return a, nil }}, nil
	}
	for _, dir := range l.options.Recorded {
		file := filepath.Join(dir, p.Language, p.Key+".wav")
		sound, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return source{}, hotline.Errorf(hotline.Invalid, "%s: the recording of prompt %q cannot be read: %w", p.Where, p.Key, err)
		}
		return recorded(p, file, sound)
	}
	if l.options.Speaker == nil {
		file := filepath.Join(p.Language, p.Key+".wav")
		return source{}, hotline.Errorf(hotline.Invalid, "%s: prompt %q has no recording (%s) and there is no speech program to speak it", p.Where, p.Key, file)
	}
	text := Spoken(p.Text, l.options.Yao)
	return source{Prompt: p, From: "spoken by " + l.options.Speaker.Identity() + ": " + text,
		make: func(ctx context.Context) (Audio, error) {
			a, err := l.options.Speaker.Speak(ctx, text, p.Language)
			if err != nil {
				return Audio{}, fmt.Errorf("%s: prompt %q: %w", p.Where, p.Key, err)
			}
			return a, nil
		}}, nil
}

// recorded ties a recording to the text it was read from: the file <key>.txt
// beside it holds the words as they were read, and must equal the prompt's.
func recorded(p Prompt, file string, sound []byte) (source, error) {
	beside := strings.TrimSuffix(file, ".wav") + ".txt"
	words, err := os.ReadFile(beside)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return source{}, hotline.Errorf(hotline.Invalid, "%s: prompt %q is recorded in %s, but nothing says which words were read; write them into %s", p.Where, p.Key, file, beside)
	case err != nil:
		return source{}, hotline.Errorf(hotline.Invalid, "%s: the words of recording %s cannot be read: %w", p.Where, file, err)
	case strings.TrimSpace(string(words)) != strings.TrimSpace(p.Text):
		return source{}, hotline.Errorf(hotline.Invalid, "%s: prompt %q says 「%s」, but %s was recorded as 「%s」; record it again and put the new words into %s, or remove the recording to have it spoken",
			p.Where, p.Key, p.Text, file, strings.TrimSpace(string(words)), beside)
	}
	a, err := decodeWave(sound)
	if err != nil {
		return source{}, hotline.Errorf(hotline.Invalid, "%s: prompt %q: %s: %w", p.Where, p.Key, file, err)
	}
	sum := sha256.Sum256(sound)
	return source{Prompt: p, From: "recorded " + hex.EncodeToString(sum[:]),
		make: func(context.Context) (Audio, error) { return a, nil }}, nil
}

// strays finds recordings that belong to no prompt: a mistyped file name would
// otherwise be passed over in silence.
func (l *Library) strays(prompts []Prompt) []error {
	var faults []error
	for _, dir := range l.options.Recorded {
		files, _ := filepath.Glob(filepath.Join(escape(dir), "*", "*.wav"))
		for _, file := range files {
			language, key := filepath.Base(filepath.Dir(file)), strings.TrimSuffix(filepath.Base(file), ".wav")
			known := slices.ContainsFunc(prompts, func(p Prompt) bool { return p.Language == language && p.Key == key })
			if !known {
				faults = append(faults, hotline.Errorf(hotline.Invalid, "%s: no prompt is called %q in language %q; name the file after the prompt it speaks", file, key, language))
			}
		}
	}
	return faults
}

// escape makes dir safe inside a glob pattern.
func escape(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}
