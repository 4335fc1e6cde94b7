package voice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// record puts a recording of text into dir.
func record(t *testing.T, dir, key, text string, a Audio) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "zh"), 0o755); err != nil {
		t.Fatal(err)
	}
	for ext, content := range map[string][]byte{".wav": encodeWave(a), ".txt": []byte(text + "\n")} {
		if err := os.WriteFile(filepath.Join(dir, "zh", key+ext), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A recording goes before the speech program; what is not recorded is spoken.
func TestARecordingGoesFirst(t *testing.T) {
	dir := t.TempDir()
	record(t, dir, "a", "请稍候。", Tone(500, 1500*time.Millisecond))
	record(t, dir, "digit.1", "一", Tone(900, 300*time.Millisecond))
	c := &counted{Speaker: ToneSpeaker{}}
	l := open(t, Options{Recorded: []string{filepath.Join(dir, "none"), dir}, Speaker: c})
	build(t, l, prompt("a", "请稍候。"), prompt("b", "请再稍候。"))
	s, err := l.Sound("zh", "a")
	if want := 1500*time.Millisecond + lead + stop; err != nil || (s.Duration-want).Abs() > 20*time.Millisecond {
		t.Errorf("the recording became %v long (%v), want about %v", s.Duration, err, want)
	}
	if _, err := l.Sound("zh", "b"); err != nil {
		t.Errorf("what is not recorded was not spoken: %v", err)
	}
	if n := c.asked.Load(); n != int64(len(spoken)+3-1) {
		t.Errorf("%d texts were spoken; the two recordings should not be", n)
	}
}

// Text and recording cannot drift, nothing passes in silence, and every fault
// is told at once with the line it stands on.
func TestFaultsNameFileAndLine(t *testing.T) {
	dir := t.TempDir()
	record(t, dir, "changed", "请等候。", Tone(500, time.Second))
	record(t, dir, "wordless", "", Tone(500, time.Second))
	record(t, dir, "noise", "噪声", Audio{})
	record(t, dir, "mistyped", "错名", Tone(500, time.Second))
	if err := os.Remove(filepath.Join(dir, "zh", "wordless.txt")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "zh", "noise.wav"), []byte("not a wave"), 0o644); err != nil {
		t.Fatal(err)
	}
	l := open(t, Options{Recorded: []string{dir}})
	err := l.Build(t.Context(), []Prompt{
		{"changed", "请稍候。", "zh", "p.yaml:1"}, {"wordless", "请。", "zh", "p.yaml:2"}, {"noise", "噪声", "zh", "p.yaml:3"},
		{"twice", "一", "zh", "p.yaml:4"}, {"twice", "二", "zh", "p.yaml:5"}, {"Bad Key", "一", "zh", "p.yaml:6"},
		{"empty", " ", "zh", "p.yaml:7"}, {"tongue", "一", "", "p.yaml:8"}, {"unrecorded", "一", "zh", "p.yaml:9"},
	})
	if hotline.KindOf(err) != hotline.Invalid {
		t.Fatalf("kind %s: %v", hotline.KindOf(err), err)
	}
	for _, want := range []string{
		`p.yaml:1: prompt "changed" says 「请稍候。」, but ` + dir, "was recorded as 「请等候。」",
		`p.yaml:2: prompt "wordless" is recorded in`, `p.yaml:3: prompt "noise"`, `p.yaml:5: prompt "twice": it is already written at p.yaml:4`,
		`p.yaml:6: prompt "Bad Key": a key has`, `p.yaml:7: prompt "empty": it has no text`, `p.yaml:8: prompt "tongue": the language is ""`,
		`p.yaml:9: prompt "unrecorded" has no recording (zh/unrecorded.wav) and there is no speech program`, `mistyped.wav: no prompt is called "mistyped"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the faults do not say: %s", want)
		}
	}
	if t.Failed() {
		t.Log(err)
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

// A speech program that is missing, too old, broken or slow is told in one
// sentence.
func TestTheSpeechProgramIsMissingOrUnfit(t *testing.T) {
	dir := t.TempDir()
	script := func(name, body string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct{ program, want string }{
		{filepath.Join(dir, "none"), "is not there; install espeak-ng 1.52 or newer, or record every prompt"},
		{"no-such-espeak-anywhere", "is not there; install espeak-ng 1.52"},
		{script("old", "echo eSpeak NG text-to-speech: 1.51\n"), "is espeak-ng 1.51, which reads Mandarin as English letters; 1.52 or newer would be right"},
		{script("other", "echo hello\n"), "does not name its version"},
		{script("ill", "echo no data >&2; exit 3\n"), "failed (exit status 3): no data"},
	} {
		_, err := NewEspeak(t.Context(), EspeakOptions{Program: c.program})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want … %s", c.program, err, c.want)
		}
	}
	dies := script("dies", "case \"$1\" in --version) echo 1.52;; *) echo boom >&2; exit 1;; esac\n")
	l := open(t, Options{Speaker: espeak(t, EspeakOptions{Program: dies})})
	err := l.Build(t.Context(), []Prompt{prompt("a", "请稍候。"), prompt("b", "请。")})
	if err == nil || strings.Count(err.Error(), "boom") != 1 {
		t.Errorf("a program that dies while speaking says %v", err)
	}
	hangs := script("hangs", "case \"$1\" in --version) echo 1.52;; *) exec sleep 20;; esac\n")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	err = open(t, Options{Speaker: espeak(t, EspeakOptions{Program: hangs})}).Build(ctx, []Prompt{prompt("a", "请。")})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
		t.Errorf("a program that hangs was left after %v: %v", time.Since(began), err)
	}
	if _, err := NewEspeak(t.Context(), EspeakOptions{Program: program, Speed: 9}); hotline.KindOf(err) != hotline.Invalid {
		t.Errorf("speed 9: %v", err)
	}
	if _, err := espeak(t, EspeakOptions{}).Speak(t.Context(), "x", "fr"); err == nil || !strings.Contains(err.Error(), "en, zh") {
		t.Errorf("French: %v", err)
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

// A city's own speech service is asked over HTTP, again when it is busy.
func TestASpeechServiceIsAsked(t *testing.T) {
	var asked atomic.Int64
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var fields map[string]any
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/text" {
			fields = map[string]any{"input": string(body)}
		} else if json.Unmarshal(body, &fields) != nil || fields["model"] != "m" || fields["voice"] != "v" || fields["response_format"] != "wav" {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		switch {
		case r.Header.Get("Authorization") != "Bearer secret":
			http.Error(w, "who are you?", http.StatusUnauthorized)
		case asked.Add(1) == 1:
			http.Error(w, "busy", http.StatusTooManyRequests)
		case fields["input"] == "坏。":
			fmt.Fprint(w, "<html>")
		case fields["input"] == "走。":
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		default:
			w.Header().Set("Content-Type", "audio/wav")
			w.Write(encodeWave(Audio{24000, make([]int16, 100)}))
			w.Write(lpcm(slices.Repeat([]int16{9000, -9000, 9000, 4000, 0}, 9600))) // the header's length is wrong, as from a stream
		}
	}))
	defer service.Close()
	remote := func(path, form, token string) *Remote {
		r, err := NewRemote(RemoteOptions{URL: service.URL + path, Form: form, Model: "m", Voice: "v", Token: token, Speed: 1.1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.Close)
		return r
	}
	ok := remote("/v1/audio/speech", "", "secret")
	if a, err := ok.Speak(t.Context(), "你好。", "zh"); err != nil || a.Rate != 24000 || asked.Load() != 2 {
		t.Errorf("%d Hz after %d tries: %v", a.Rate, asked.Load(), err)
	}
	if _, err := remote("/text", "text", "secret").Speak(t.Context(), "你好。", "zh"); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]string{"坏。": "this is no WAV file", "走。": "answered 302 Found"} {
		if _, err := ok.Speak(t.Context(), text, "zh"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want … %s", text, err, want)
		}
	}
	wrong := remote("/v1/audio/speech", "openai", "wrong-token")
	_, err := wrong.Speak(t.Context(), "你好。", "zh")
	if err == nil || !strings.Contains(err.Error(), "401") || strings.Contains(err.Error()+wrong.Identity(), "wrong-token") {
		t.Errorf("a refused token: %v; identity %s", err, wrong.Identity())
	}
	for _, o := range []RemoteOptions{{URL: "ftp://x"}, {URL: "http://u:p@x"}, {URL: "http://x", Form: "soap"}} {
		if _, err := NewRemote(o); hotline.KindOf(err) != hotline.Invalid || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// In stories every prompt is a chord of its own, told apart in 40 ms.
func TestEveryPromptHasAToneOfItsOwn(t *testing.T) {
	prompts := cityPrompts(t)
	l := open(t, Options{Speaker: ToneSpeaker{}, Yao: true})
	build(t, l, prompts...)
	chords := map[[2]float64]string{}
	for _, p := range prompts {
		low, high := Tones(Spoken(p.Text, true))
		if other, taken := chords[[2]float64{low, high}]; taken && other != p.Text {
			t.Errorf("%s and %s sound alike", p.Text, other)
		}
		chords[[2]float64{low, high}] = p.Text
		s, err := l.Sound("zh", p.Key)
		if err != nil {
			t.Fatal(err)
		}
		wave, err := os.ReadFile(s.Path + ".wav")
		if err != nil {
			t.Fatal(err)
		}
		a, err := decodeWave(wave)
		if err != nil {
			t.Fatal(err)
		}
		piece := a.Samples[800:1120]
		for _, f := range []float64{low, high} {
			if tone := power(piece, f); tone < 0.35 {
				t.Errorf("%s: only %.2f of the energy at %g Hz", p.Key, tone, f)
			}
		}
	}
}

// power is the part of x's energy at frequency f, by Goertzel's sum.
func power(x []int16, f float64) float64 {
	var re, im, all float64
	for i, s := range x {
		w := 2 * math.Pi * f * float64(i) / Rate
		re += float64(s) * math.Cos(w)
		im += float64(s) * math.Sin(w)
		all += float64(s) * float64(s)
	}
	return 2 * (re*re + im*im) / float64(len(x)) / all
}

// The waiting music is 90 s, quieter than the voice, never clipped, and its
// end flows into its beginning.
func TestTheWaitingMusicLoops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "music.wav")
	if err := Music(path); err != nil {
		t.Fatal(err)
	}
	wave, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := decodeWave(wave)
	if err != nil || a.Rate != Rate || a.Duration() != 90*time.Second {
		t.Fatalf("%v at %d Hz: %v", a.Duration(), a.Rate, err)
	}
	x := make([]float64, len(a.Samples))
	peak, step := 0.0, 0.0
	for i, s := range a.Samples {
		x[i] = float64(s) / 32768
		peak = max(peak, math.Abs(x[i]))
		if i > 0 {
			step = max(step, math.Abs(x[i]-x[i-1]))
		}
	}
	if level := 20 * math.Log10(rms(x)); math.Abs(level-musicLevel) > 0.2 || peak > 0.5 {
		t.Errorf("%.1f dBFS with a peak of %.2f", level, peak)
	}
	if seam := math.Abs(x[0] - x[len(x)-1]); seam > step {
		t.Errorf("the seam jumps by %.3f, more than any step within (%.3f)", seam, step)
	}
	for second := range 90 {
		if part := rms(x[second*Rate : (second+1)*Rate]); part < fromDB(-45) {
			t.Errorf("silence at %d s", second)
		}
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
