package voice

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// cityPrompts reads the city's own texts with the lines they stand on.
func cityPrompts(t *testing.T) []Prompt {
	t.Helper()
	const file = "../configs/prompts/prompts.zh.yaml"
	var root struct {
		Language string
		Prompts  yaml.Node
	}
	decode(t, file, &root)
	var prompts []Prompt
	for i := 0; i+1 < len(root.Prompts.Content); i += 2 {
		key, text := root.Prompts.Content[i], root.Prompts.Content[i+1]
		prompts = append(prompts, Prompt{key.Value, text.Value, root.Language, fmt.Sprintf("%s:%d", file, key.Line)})
	}
	if len(prompts) < 50 {
		t.Fatalf("%s has %d prompts", file, len(prompts))
	}
	return prompts
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := yaml.NewDecoder(f)
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// A choice of the menu, at either level.
type choice struct {
	Key, Hotline, Name, Digit, Word, Prompt string
	Hotlines                                []choice
}

func groups(t *testing.T) []choice {
	t.Helper()
	var file struct{ Groups []choice }
	decode(t, "../configs/groups.yaml", &file)
	return file.Groups
}

// Each of the 26 stands in exactly one group, no key is given twice, no level
// says more than seven choices, and the words said are those of the key.
func TestTheMenuReachesEachOfThe26(t *testing.T) {
	var file struct{ Hotlines []map[string]any }
	decode(t, "../configs/hotlines.yaml", &file)
	missing := map[string]bool{}
	for _, h := range file.Hotlines {
		missing[h["key"].(string)] = true
	}
	if len(missing) != 26 {
		t.Fatalf("%d hotlines, want 26", len(missing))
	}
	texts := map[string]string{}
	for _, p := range cityPrompts(t) {
		texts[p.Key] = p.Text
	}
	level := func(choices []choice) {
		digits := map[string]bool{}
		for _, c := range choices {
			if digits[c.Digit] || len(c.Digit) != 1 || c.Digit < "1" || c.Digit > "9" {
				t.Errorf("%s%s: key %q is given twice or is none", c.Key, c.Hotline, c.Digit)
			}
			digits[c.Digit] = true
			if want := c.Word + "请按" + Spoken(c.Digit, false) + "，"; texts[c.Prompt] != want {
				t.Errorf("prompt %s says %q, the menu wants %q", c.Prompt, texts[c.Prompt], want)
			}
		}
		if len(choices) > 6 {
			t.Errorf("a level says %d choices and the person: more than seven", len(choices)+1)
		}
	}
	all := groups(t)
	level(all)
	for _, g := range all {
		if len(g.Hotlines) > 1 {
			level(g.Hotlines)
		}
		for _, h := range g.Hotlines {
			if !missing[h.Hotline] {
				t.Errorf("%s: hotline %q is unknown or in two groups", g.Key, h.Hotline)
			}
			delete(missing, h.Hotline)
		}
	}
	if len(missing) > 0 {
		t.Errorf("in no group: %v", missing)
	}
}

// The budgets of the service goals hold in the sounds themselves, spoken by
// the real program as shipped. -v prints every prompt's seconds.
func TestTheBudgetsHoldInSound(t *testing.T) {
	l := open(t, Options{Speaker: espeak(t, EspeakOptions{}), Yao: true})
	began := time.Now()
	build(t, l, cityPrompts(t)...)
	t.Logf("built in %v", time.Since(began).Round(time.Millisecond))
	seconds := map[string]time.Duration{}
	for _, n := range l.All() {
		seconds[n.Key] = n.Duration
		t.Logf("%5.2f s  %-26s %s", n.Duration.Seconds(), n.Key, n.Text)
		if n.Duration > 6*time.Second {
			t.Errorf("%s takes %v: too long for one breath", n.Key, n.Duration)
		}
		checkSound(t, n)
	}
	within := func(what string, limit time.Duration, keys ...string) {
		sum := time.Duration(0)
		for _, k := range keys {
			if seconds[k] == 0 {
				t.Errorf("there is no prompt %s", k)
			}
			sum += seconds[k]
		}
		t.Logf("%5.2f s  of %4.1f  %s", sum.Seconds(), limit.Seconds(), what)
		if sum > limit {
			t.Errorf("%s takes %v, more than %v", what, sum, limit)
		}
	}
	within("notice", 1500*time.Millisecond, "notice.recording")
	for _, greeting := range []string{"greeting", "greeting.night", "greeting.oldnumber"} {
		within(greeting+" with notice", 4*time.Second, greeting, "notice.recording")
	}
	within("a person is offered", 6*time.Second, "menu.person")
	first := []string{"menu.person"}
	for _, g := range groups(t) {
		first = append(first, g.Prompt)
		second := []string{"menu.person"}
		for _, h := range g.Hotlines {
			second = append(second, h.Prompt)
		}
		if len(g.Hotlines) > 1 {
			within("menu "+g.Key, 12*time.Second, second...)
		}
	}
	within("first menu", 12*time.Second, first...)
}

// checkSound looks at the finished file: level, peaks, silence at the ends.
func checkSound(t *testing.T, n Named) {
	t.Helper()
	if n.Key == Pause || n.Key == Beep {
		return
	}
	wave, err := os.ReadFile(n.Path + ".wav")
	if err != nil {
		t.Fatal(err)
	}
	a, err := decodeWave(wave)
	if err != nil {
		t.Fatal(err)
	}
	if level, peak := measure(a); level < speechLevel-1.5 || level > speechLevel+1 || peak > ceiling+0.1 {
		t.Errorf("%s: %.1f dBFS, peaks at %.1f", n.Key, level, peak)
	}
	before, after := silence(a)
	if before < 20*time.Millisecond || before > 90*time.Millisecond {
		t.Errorf("%s begins with %v of silence", n.Key, before)
	}
	if extra := after - pauseAfter(n.Text); extra < 0 || extra > 130*time.Millisecond {
		t.Errorf("%s ends with %v of silence", n.Key, after)
	}
	if strings.ContainsAny(n.Path, ".") && strings.Contains(n.Path[strings.LastIndex(n.Path, "/"):], ".") {
		t.Errorf("%s has a dot in its file name", n.Path)
	}
}

// silence measures what lies under −50 dBFS at both ends.
func silence(a Audio) (before, after time.Duration) {
	heard := func(s int16) bool { return s > 104 || s < -104 }
	first, last := 0, len(a.Samples)
	for first < last && !heard(a.Samples[first]) {
		first++
	}
	for last > first && !heard(a.Samples[last-1]) {
		last--
	}
	return time.Duration(first) * time.Second / Rate, time.Duration(len(a.Samples)-last) * time.Second / Rate
}
