package voice

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline"
)

// EspeakOptions says which program speaks and how. The zero value of every
// field but Program is a good one.
type EspeakOptions struct {
	Program string            // path or name of espeak-ng, version 1.52 or newer
	Voices  map[string]string // language → voice; default zh → cmn+f3, en → en-gb+f3
	Speed   int               // espeak's words a minute, 80 to 450; default 210: a good four Chinese syllables a second
	Respell map[string]string // words it says wrongly → words that sound right; default 琊 → 牙
}

// Espeak is a Speaker that runs espeak-ng, one short process for each text.
type Espeak struct {
	options EspeakOptions
	version string
}

// NewEspeak asks the program for its version and refuses one that cannot
// speak Mandarin: before 1.52 the voice cmn reads pinyin as English letters.
func NewEspeak(ctx context.Context, o EspeakOptions) (*Espeak, error) {
	if o.Voices == nil {
		o.Voices = map[string]string{"zh": "cmn+f3", "en": "en-gb+f3"}
	}
	if o.Respell == nil {
		o.Respell = map[string]string{"琊": "牙"}
	}
	if o.Speed == 0 {
		o.Speed = 210
	}
	if o.Speed < 80 || o.Speed > 450 {
		return nil, hotline.Errorf(hotline.Invalid, "the speech speed is %d; 80 to 450 words a minute would be right, for example 200", o.Speed)
	}
	e := &Espeak{options: o}
	out, err := e.run(ctx, "", "--version")
	if err != nil {
		return nil, err
	}
	e.version, err = mandarin(string(out))
	return e, err
}

// mandarin finds the version in what --version printed and checks it.
func mandarin(printed string) (string, error) {
	m := regexp.MustCompile(`(\d+)\.(\d+)(?:\.\d+)?`).FindStringSubmatch(printed)
	if m == nil {
		return "", hotline.Errorf(hotline.Invalid, "the speech program does not name its version; espeak-ng 1.52 or newer would be right")
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	if major < 1 || major == 1 && minor < 52 {
		return "", hotline.Errorf(hotline.Invalid, "the speech program is espeak-ng %s, which reads Mandarin as English letters; 1.52 or newer would be right", m[0])
	}
	return m[0], nil
}

// Identity names program, version, voices, speed and respellings.
func (e *Espeak) Identity() string {
	return fmt.Sprintf("espeak-ng %s %v -s %d %v", e.version, e.options.Voices, e.options.Speed, e.options.Respell)
}

// Speak runs the program once; the text goes in by standard input, so it is
// never part of an argument list.
func (e *Espeak) Speak(ctx context.Context, text, language string) (Audio, error) {
	voice, ok := e.options.Voices[language]
	if !ok {
		known := slices.Sorted(maps.Keys(e.options.Voices))
		return Audio{}, hotline.Errorf(hotline.Invalid, "the speech program has no voice for language %q; it has one for %s", language, strings.Join(known, ", "))
	}
	for _, word := range slices.Sorted(maps.Keys(e.options.Respell)) {
		text = strings.ReplaceAll(text, word, e.options.Respell[word])
	}
	out, err := e.run(ctx, text, "-v", voice, "-s", strconv.Itoa(e.options.Speed), "-b", "1", "-z", "--stdin", "--stdout")
	if err != nil {
		return Audio{}, err
	}
	a, err := decodeWave(out)
	if err != nil {
		return Audio{}, hotline.Errorf(hotline.Unavailable, "the speech program %s gave no sound: %w", e.options.Program, err)
	}
	return a, nil
}

// run runs the program and gives what it printed. It ends with ctx, and after
// 30 s in any case: a prompt takes some 20 ms.
func (e *Espeak) run(ctx context.Context, input string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, e.options.Program, args...)
	cmd.WaitDelay = time.Second
	cmd.Stdin = strings.NewReader(input)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	switch {
	case err == nil:
		return out.Bytes(), nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, exec.ErrNotFound):
		return nil, hotline.Errorf(hotline.Unavailable, "the speech program %q is not there; install espeak-ng 1.52 or newer, or record every prompt", e.options.Program)
	case context.Cause(ctx) != nil:
		return nil, fmt.Errorf("the speech program was stopped: %w", context.Cause(ctx))
	}
	first, _, _ := strings.Cut(strings.TrimSpace(complaint.String()), "\n")
	return nil, hotline.Errorf(hotline.Unavailable, "the speech program %s failed (%w): %s", e.options.Program, err, first)
}
