package voice

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline"
)

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
