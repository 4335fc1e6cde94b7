package city

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"hotline/ticket"
)

// Prompt is a text callers can hear, as voice.Prompt wants it.
type Prompt struct{ Key, Text, Language, Where string }

// signals are sounds the library makes without a text.
var signals = [...]string{"beep", "pause"}

var promptForm = regexp.MustCompile(`^[a-z0-9]+(\.[a-z0-9]+)*$`)

// longestPrompt bounds one text, in characters: nobody listens longer.
const longestPrompt = 200

func (d *desk) prompts(languages []string) []Prompt {
	var all []Prompt
	for _, language := range languages {
		file := "prompts/prompts." + language + ".yaml"
		root, ok := d.open(file)
		if !ok {
			continue
		}
		t := root.table("language", "prompts")
		if !t.need("language", "prompts") {
			continue
		}
		if got := t.text("language"); got != language {
			t.fields["language"].fault("language is %s here, as in the file's name, not %q", language, got)
		}
		keys, texts := t.fields["prompts"].pairs()
		for i, k := range keys {
			p := Prompt{k.n.Value, strings.TrimSpace(texts[i].text()), language, k.where()}
			switch {
			case !promptForm.MatchString(p.Key):
				k.fault("a prompt's key is small letters and digits joined by dots, such as queue.next, not %q", p.Key)
			case p.Text == "" && texts[i].n.Tag != "!!null":
				k.fault("prompt %s has no words: write them, or take the line away", p.Key)
			case len([]rune(p.Text)) > longestPrompt:
				k.fault("prompt %s has more than %d characters: say it in fewer words", p.Key, longestPrompt)
			}
			all = append(all, p)
		}
	}
	return all
}

// words knows which prompt exists in which language.
type words map[string]map[string]string // language → key → text

func wordsIn(prompts []Prompt, languages []string) words {
	w := words{}
	for _, l := range languages {
		w[l] = map[string]string{}
	}
	for _, p := range prompts {
		w[p.Language][p.Key] = p.Text
	}
	return w
}

// need reports a prompt that some language lacks.
func (w words) need(v value, key string) {
	if slices.Contains(signals[:], key) {
		return
	}
	for _, language := range sortedKeys(w) {
		if _, ok := w[language][key]; !ok && len(w[language]) > 0 {
			v.fault("there is no prompt %q in prompts.%s.yaml: %s", key, language, nearPrompt(key, w[language]))
		}
	}
}

// nearPrompt does not list a hundred prompts.
func nearPrompt(key string, texts map[string]string) string {
	if near := orList(key, sortedKeys(texts)); strings.HasPrefix(near, "did") {
		return near
	}
	return "write its words there"
}

// calendar reads calendar/<year>.yaml, one file a year.
func (d *desk) calendar() (ticket.Calendar, []int) {
	files, _ := filepath.Glob(filepath.Join(d.dir, "calendar", "*.yaml"))
	var years []ticket.Year
	var have []int
	for _, file := range files {
		name := filepath.Base(file)
		root, ok := d.open("calendar/" + name)
		if !ok {
			continue
		}
		y, fine := year(root)
		if !fine {
			continue
		}
		if _, err := ticket.NewCalendar(y); err != nil {
			root.fault("%v", err)
			continue
		}
		years, have = append(years, y), append(have, y.Year)
	}
	c, err := ticket.NewCalendar(years...)
	if err != nil {
		d.add(filepath.Join(d.dir, "calendar"), 0, "%v", err)
	}
	return c, have
}

func year(root value) (ticket.Year, bool) {
	t := root.table("year", "source", "holidays", "workdays")
	if !t.need("year", "holidays") {
		return ticket.Year{}, false
	}
	return ticket.Year{
		Year: t.number("year", 0, 2015, 2200), Holidays: t.days("holidays"), Workdays: t.days("workdays"),
	}, true
}

func (t table) days(name string) []ticket.Holiday {
	var all []ticket.Holiday
	for _, v := range t.list(name) {
		day := v.table("date", "name")
		day.need("date", "name")
		all = append(all, ticket.Holiday{Date: day.text("date"), Name: day.text("name")})
	}
	return all
}
