package voice

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zaf/g711"
	"go.uber.org/goleak"

	"hotline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// program is the espeak-ng that tools/ unpacks (make tools).
const program = "../.tools/bin/espeak-ng"

func espeak(t *testing.T, o EspeakOptions) *Espeak {
	t.Helper()
	if o.Program == "" {
		o.Program = program
	}
	e, err := NewEspeak(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func open(t *testing.T, o Options) *Library {
	t.Helper()
	if o.Cache == "" {
		o.Cache = filepath.Join(t.TempDir(), "with space", "sounds")
	}
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func build(t *testing.T, l *Library, prompts ...Prompt) {
	t.Helper()
	if err := l.Build(t.Context(), prompts); err != nil {
		t.Fatal(err)
	}
}

func prompt(key, text string) Prompt {
	return Prompt{Key: key, Text: text, Language: "zh", Where: "prompts.zh.yaml:7"}
}

// counted speaks like its Speaker and counts how often it was asked.
type counted struct {
	Speaker
	asked atomic.Int64
}

func (c *counted) Speak(ctx context.Context, text, language string) (Audio, error) {
	c.asked.Add(1)
	return c.Speaker.Speak(ctx, text, language)
}

// The real program speaks a prompt; the sound is a telephone's, both files are
// there, and its length is that of its samples.
func TestThePromptIsSpokenForTheTelephone(t *testing.T) {
	l := open(t, Options{Speaker: espeak(t, EspeakOptions{}), Yao: true})
	build(t, l, prompt("greeting", "您好，滁州12345热线。"))
	s, err := l.Sound("zh", "greeting")
	if err != nil {
		t.Fatal(err)
	}
	if !filepath.IsAbs(s.Path) || filepath.Ext(filepath.Base(s.Path)) != "" {
		t.Errorf("path %s: want an absolute one without extension", s.Path)
	}
	wave, err := os.ReadFile(s.Path + ".wav")
	if err != nil {
		t.Fatal(err)
	}
	a, err := decodeWave(wave)
	if err != nil || a.Rate != Rate || a.Duration() != s.Duration || s.Duration < time.Second || s.Duration > 4*time.Second {
		t.Errorf("the WAV file holds %v at %d Hz (%v), told as %v", a.Duration(), a.Rate, err, s.Duration)
	}
	alaw, err := os.ReadFile(s.Path + ".alaw")
	if err != nil || len(alaw) != len(a.Samples) {
		t.Errorf("the A-law file has %d bytes (%v), want %d", len(alaw), err, len(a.Samples))
	}
	heard, err := decodeWave(append(encodeWave(Audio{Rate: Rate})[:40], append([]byte{255, 255, 255, 127}, g711.DecodeAlaw(alaw)...)...))
	if err != nil {
		t.Fatal(err)
	}
	for who, a := range map[string]Audio{"wav": a, "alaw": heard} {
		if level, peak := measure(a); math.Abs(level-speechLevel) > 1 || peak > -1 {
			t.Errorf("%s: %.1f dBFS, peaks at %.1f", who, level, peak)
		}
	}
}

// A second start finds all sounds made and starts no speech process; a new
// text or another speed makes a new sound.
func TestNothingIsSpokenTwice(t *testing.T) {
	cache := t.TempDir()
	first := &counted{Speaker: espeak(t, EspeakOptions{})}
	build(t, open(t, Options{Cache: cache, Speaker: first}), prompt("a", "请稍候。"))
	if n := first.asked.Load(); n != int64(len(spoken)+3) {
		t.Errorf("%d texts were spoken, want one, %d numbers, star and hash", n, len(spoken))
	}
	again := func(speed int, text string) int64 {
		c := &counted{Speaker: espeak(t, EspeakOptions{Speed: speed})}
		build(t, open(t, Options{Cache: cache, Speaker: c}), prompt("a", text))
		return c.asked.Load()
	}
	if n := again(210, "请稍候。"); n != 0 {
		t.Errorf("the second start spoke %d texts", n)
	}
	if n := again(210, "请您稍候。"); n != 1 {
		t.Errorf("a changed text made %d sounds", n)
	}
	if n := again(180, "请稍候。"); n != int64(len(spoken)+3) {
		t.Errorf("another speed made %d sounds anew", n)
	}
}

// A file damaged in any way is made anew, never played.
func TestADamagedSoundIsMadeAgain(t *testing.T) {
	cache := t.TempDir()
	l := open(t, Options{Cache: cache, Speaker: ToneSpeaker{}})
	build(t, l, prompt("a", "请稍候。"))
	s, _ := l.Sound("zh", "a")
	whole, err := os.ReadFile(s.Path + ".wav")
	if err != nil {
		t.Fatal(err)
	}
	for _, damage := range []struct{ file, how string }{{".wav", "cut"}, {".wav", "flipped"}, {".alaw", "cut"}, {".alaw", "gone"}, {".json", "cut"}, {".wav", "gone"}} {
		file := s.Path + damage.file
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		switch damage.how {
		case "cut":
			err = os.WriteFile(file, content[:len(content)/2], 0o644)
		case "flipped":
			content[len(content)/2] ^= 64
			err = os.WriteFile(file, content, 0o644)
		case "gone":
			err = os.Remove(file)
		}
		if err != nil {
			t.Fatal(err)
		}
		c := &counted{Speaker: ToneSpeaker{}}
		build(t, open(t, Options{Cache: cache, Speaker: c}), prompt("a", "请稍候。"))
		now, err := os.ReadFile(s.Path + ".wav")
		if _, ok := intact(s.Path); !ok || err != nil || string(now) != string(whole) || c.asked.Load() != 1 {
			t.Errorf("%s %s: spoken %d times, %v", damage.file, damage.how, c.asked.Load(), err)
		}
	}
}

// A refused build leaves the library as it was: calls go on with the old words.
func TestARefusedBuildChangesNothing(t *testing.T) {
	l := open(t, Options{Speaker: ToneSpeaker{}})
	build(t, l, prompt("a", "请稍候。"))
	before, _ := l.Sound("zh", "a")
	if err := l.Build(t.Context(), []Prompt{prompt("a", "请。"), prompt("b", "")}); err == nil {
		t.Error("an empty prompt was accepted")
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Build(cancelled, []Prompt{prompt("a", "请。")}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled build says %v", err)
	}
	if after, err := l.Sound("zh", "a"); err != nil || after != before {
		t.Errorf("the library changed to %v, %v", after, err)
	}
	if _, err := l.Sound("zh", "z"); hotline.KindOf(err) != hotline.NotFound {
		t.Errorf("an unknown prompt says %v", err)
	}
}

// Figures are spelled from a fixed set of small sounds.
func TestFiguresAreSpelled(t *testing.T) {
	l := open(t, Options{Speaker: ToneSpeaker{}, Yao: true})
	build(t, l, prompt("a", "一"))
	words := map[string]string{}
	for _, n := range l.All() {
		words[n.Path] = n.Text
	}
	at := func(clock string) time.Time {
		when, err := time.Parse("1-2 15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	say := func(sounds []Sound, err error) string {
		if err != nil {
			return err.Error()
		}
		out := ""
		for _, s := range sounds {
			out += words[s.Path]
		}
		return out
	}
	for _, c := range []struct{ got, want string }{
		{say(l.Digits("zh", "1001")), "幺零零幺"},
		{say(l.Digits("zh", "1")), "一"},
		{say(l.Digits("zh", "2025 01*#")), "二零二五(pause)零幺星号井号"},
		{say(l.Number("zh", 123)), "一百二十三"},
		{say(l.Number("zh", 2)), "两"},
		{say(l.Number("zh", 12)), "十二"},
		{say(l.Clock("zh", at("5-1 18:00"))), "十八点"},
		{say(l.Clock("zh", at("5-1 02:05"))), "两点零五分"},
		{say(l.Clock("zh", at("5-1 00:30"))), "零点三十分"},
		{say(l.Date("zh", at("5-1 00:30"))), "五月一日"},
		{say(l.Digits("zh", "12a")), `"12a" cannot be read digit by digit; digits, *, # and spaces would be right`},
		{say(l.Number("zh", -3)), "-3 cannot be read as a number; 0 to 99,999,999 would be right"},
		{say(l.Number("en", 3)), `there is no prompt "digit.3" in language "en"`},
	} {
		if c.got != c.want {
			t.Errorf("said %s, want %s", c.got, c.want)
		}
	}
}

// The cache folder cannot be made: one sentence at the start.
func TestTheCacheFolderCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Cache: filepath.Join(file, "sounds")}); hotline.KindOf(err) != hotline.Unavailable {
		t.Errorf("a file in the place of the folder: %v", err)
	}
}

// What earlier texts left behind goes after a while; what is used stays.
func TestOldSoundsArePruned(t *testing.T) {
	cache := t.TempDir()
	l := open(t, Options{Cache: cache, Speaker: ToneSpeaker{}})
	build(t, l, prompt("a", "旧词。"))
	old, _ := l.Sound("zh", "a")
	build(t, l, prompt("a", "新词。"))
	used, _ := l.Sound("zh", "a")
	if err := l.Prune(time.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, ok := intact(old.Path); !ok {
		t.Error("a sound younger than an hour is gone: a call may be playing it")
	}
	if err := l.Prune(time.Now().Add(2*time.Hour), time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, ok := intact(used.Path); !ok {
		t.Error("a sound in use is gone")
	}
	if left, _ := filepath.Glob(old.Path + "*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
