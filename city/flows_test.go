package city

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"hotline"
	"hotline/ivr"
)

func strip(s Settings) string { return fmt.Sprintf("%+v", s) }

// Pressing a hotline's keys in the menus leads to the queue of its group, keyed
// to it: walked through the steps as a caller would.
func TestEachHotlinesKeysLeadToItsQueue(t *testing.T) {
	c := shipped(t)
	report, err := c.Check(steady(c), november)
	if err != nil {
		t.Fatal(err)
	}
	var menu FlowReport
	for _, f := range report.Flows {
		if f.Name == "menu" {
			menu = f
		}
	}
	if len(menu.Reached) != 26 {
		t.Fatalf("%d hotlines are reached", len(menu.Reached))
	}
	f, _ := c.Flow("menu")
	for _, r := range menu.Reached {
		at, keyed := "main", hotline.HotlineKey("")
		for _, key := range strings.Split(r.Keys, "") {
			choice := f.Steps[at].(ivr.MenuStep).Choices[key]
			at, keyed = choice.Next, choice.Hotline
		}
		place := f.Places[keyed]
		if keyed != r.Hotline || at != "queue" || place.Queue != r.Queue || len(place.Needs) != 1 || string(place.Needs[0]) != string(place.Queue) {
			t.Errorf("keys %s of %s lead to %s, keyed %s, place %+v", r.Keys, r.Hotline, at, keyed, place)
		}
	}
	if p := f.Places[""]; p.Queue != General || len(p.Needs) != 0 {
		t.Errorf("a call that is not keyed waits at %+v", p)
	}
}

// In the second menus # goes back, silence and 0 are a person.
func TestSecondMenusGoBackAndToAPerson(t *testing.T) {
	c := shipped(t)
	f, _ := c.Flow("menu")
	second := 0
	for name, step := range f.Steps {
		m, ok := step.(ivr.MenuStep)
		if !ok || name == "main" {
			continue
		}
		second++
		if m.Back != "main" || m.Silence.Next != "queue" || m.Choices["0"].Next != "queue" || m.Say[0] != "menu.person" {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if second != 5 {
		t.Errorf("%d second menus", second)
	}
}

// A record finds its flow by hash, as long as nothing that decides the way of a
// call was changed; other words do not matter.
func TestAFlowIsFoundByItsHash(t *testing.T) {
	copyCity(t)
	load := func() *City {
		c, err := Load("configs", LoadOptions{Environ: []string{}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	before := load()
	menu, direct := before.Flows["menu"], before.Flows["direct"]
	if f, ok := before.Flow(menu.Hash); !ok || f != menu {
		t.Errorf("%s gives %v", menu.Hash, f)
	}
	if _, ok := before.Flow(""); ok {
		t.Error("a call that has no flow yet found one")
	}
	change(t, "configs/prompts/prompts.zh.yaml", "  menu.invalid: 没有这个选项。\n=>\n  menu.invalid: 没有。\n")
	if _, ok := load().Flow(menu.Hash); !ok {
		t.Error("the flow is not found after a prompt's words were changed")
	}
	change(t, "configs/flows/menu.yaml", "    every: 20s\n=>\n    every: 30s\n")
	if _, ok := load().Flow(menu.Hash); ok {
		t.Error("the flow is found though it was changed")
	}
	if _, ok := load().Flow(direct.Hash); !ok {
		t.Error("another flow was lost")
	}
}

// A program may say prompts of its own; one that is missing is found at the
// start, not by a caller.
func TestPromptsOfTheProgramAreNeeded(t *testing.T) {
	copyCity(t)
	if _, err := Load("configs", LoadOptions{Environ: []string{}, Prompts: []string{"desk.in", "beep"}}); err != nil {
		t.Error(err)
	}
	_, err := Load("configs", LoadOptions{Environ: []string{}, Prompts: []string{"desk.inn"}})
	if err == nil || !strings.Contains(err.Error(), "did you mean desk.in?") {
		t.Errorf("told %v", err)
	}
}

// Whatever stands in a flow, reading it ends with a sentence or a flow that
// leads every caller somewhere.
func FuzzFlow(f *testing.F) {
	c, err := Load("../configs", LoadOptions{Environ: []string{}})
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"menu", "direct", "night"} {
		f.Add(mustRead(f, "../configs/flows/"+name+".yaml"))
	}
	f.Add([]byte("steps: {a: {do: menu, choices: [{key: 1}], silence: a}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		d := &desk{dir: "configs", faults: &faults{}}
		root, ok := d.parse("configs/flows/fuzz.yaml", text)
		if !ok {
			if len(d.all) == 0 {
				t.Error("refused without a word")
			}
			return
		}
		s := (&reader{d: d, c: c, words: wordsIn(c.Prompts, []string{"zh"})}).read("fuzz", root)
		if len(d.all) > 0 {
			return
		}
		s.prove()
		s.unannounced("notice.recording")
		if len(d.all) > 0 {
			return
		}
		p := proof{c: c, lengths: steady(c), language: "zh", budgets: c.Settings.Budgets, faults: &faults{}, missed: map[string]bool{}}
		p.flow(s)
	})
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
