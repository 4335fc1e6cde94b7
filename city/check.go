package city

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/ticket"
)

// Lengths gives how long a prompt takes, from its sound; package voice's
// library has them.
type Lengths interface {
	Length(language, key string) (time.Duration, bool)
}

// Check holds the flows against the budgets, with the seconds of the sounds, in
// every language, and the calendar against today (the zero time: not). What Load proves is so
// already. The report is of the first language and complete even when there
// are faults; the error is Invalid and holds Faults.
func (c *City) Check(lengths Lengths, today time.Time) (Report, error) {
	var all faults
	report := Report{Language: c.Settings.Languages[0]}
	for _, language := range c.Settings.Languages {
		p := proof{c: c, lengths: lengths, language: language, budgets: c.Settings.Budgets, faults: &all, missed: map[string]bool{}}
		p.sounds()
		for _, name := range sortedKeys(c.scripts) {
			f := p.flow(c.scripts[name])
			if language == report.Language {
				report.Flows = append(report.Flows, f)
			}
		}
	}
	c.unattended(&report)
	if !today.IsZero() {
		c.years(today, &report, &all)
	}
	return report, all.err()
}

// years: deadlines of working days need the calendar of this year, and soon of
// the next; its holidays are announced in November.
func (c *City) years(today time.Time, r *Report, all *faults) {
	here := today.In(ticket.Zone())
	const want = "enter the State Council's holiday notice"
	file := c.file("calendar", here.Format("2006")+".yaml")
	if !c.HasYear(here) {
		all.add(file, 0, "the calendar has no year %d: %s", here.Year(), want)
	}
	if next := here.AddDate(0, 2, 0); next.Year() != here.Year() && !c.HasYear(next) {
		r.Warnings = append(r.Warnings, c.file("calendar", next.Format("2006")+".yaml")+": the calendar has no next year yet: "+want+" as soon as it is out")
	}
}

// proof is the check of one language.
type proof struct {
	c        *City
	lengths  Lengths
	language string
	budgets  Budgets
	missed   map[string]bool // prompts without sound, told once
	*faults
}

// sounds: every prompt there is has a sound, and the notice a short one.
func (p *proof) sounds() {
	for _, prompt := range p.c.Prompts {
		if prompt.Language != p.language {
			continue
		}
		file, line := splitWhere(prompt.Where)
		took, ok := p.lengths.Length(p.language, prompt.Key)
		if !ok {
			p.add(file, line, "prompt %s has no sound: record it, or see why the speech program makes none", prompt.Key)
			p.missed[prompt.Key] = true
		}
		if prompt.Key == p.c.Settings.Recording.Notice && took > p.budgets.Notice {
			p.add(file, line, "the notice takes %s, at most %s are fit: use fewer words", tenths(took), tenths(p.budgets.Notice))
		}
	}
}

// took is how long prompts take one after the other.
func (p *proof) took(keys []string) time.Duration {
	sum := time.Duration(0)
	for _, key := range keys {
		d, ok := p.lengths.Length(p.language, key)
		if !ok && !p.missed[key] {
			p.missed[key] = true
			p.add(p.c.file("prompts", "prompts."+p.language+".yaml"), 0, "prompt %s has no sound", key)
		}
		sum += d
	}
	return sum
}

func (p *proof) say(keys []string) Spoken {
	words := ""
	for _, key := range keys {
		for _, prompt := range p.c.Prompts {
			if prompt.Key == key && prompt.Language == p.language {
				words += prompt.Text
			}
		}
	}
	return Spoken{words, p.took(keys)}
}

// flow checks one flow and tells how a call goes in it.
func (p *proof) flow(s *script) FlowReport {
	f := FlowReport{Name: s.Name, Where: s.at.file, OnAgent: s.OnAgent}
	at := ""
	f.First, at = p.opening(s, s.Begin)
	f.Old, _ = p.opening(s, s.Keyed)
	p.greeting(s, s.Begin, f.First)
	p.greeting(s, s.Keyed, f.Old)
	f.Codes = p.silent(s)
	if s.Duty {
		f.Duty = p.c.onDuty()
	}
	m, ok := s.Steps[at].(ivr.MenuStep)
	if !ok {
		if at != s.Begin {
			f.Sought = f.First.Took
		}
		return f
	}
	f.Menu = p.level(s, at, m, &f, f.First.Took, "")
	f.Zero, f.Silent = p.persons(f.Menu)
	f.Sought = f.Zero
	p.everyHotline(s, f)
	return f
}

// opening is what a call hears first: all that is said up to the first menu or
// queue; words said while an agent is sought count only where nothing is said
// before.
func (p *proof) opening(s *script, name string) (Spoken, string) {
	var keys []string
	for {
		step, ok := s.Steps[name].(ivr.SayStep)
		if !ok {
			break
		}
		keys, name = append(keys, step.Say...), step.Next
	}
	if q, ok := s.Steps[name].(ivr.QueueStep); ok && len(keys) == 0 {
		keys = q.Say
	}
	return p.say(keys), name
}

func (p *proof) greeting(s *script, entry string, said Spoken) {
	if said.Took > p.budgets.Greeting {
		p.at(s, entry).fault("greeting and notice take %s, at most %s are fit: use fewer words", tenths(said.Took), tenths(p.budgets.Greeting))
	}
}

// at is where a step stands, for faults found now.
func (p *proof) at(s *script, step string) value {
	v, ok := s.steps[step]
	if !ok {
		v = s.at
	}
	v.faults = p.faults
	return v
}

// level checks a menu and those below it. start is when it begins for a caller
// who listened to the words of each choice on his way.
func (p *proof) level(s *script, name string, m ivr.MenuStep, f *FlowReport, start time.Duration, keys string) *Level {
	l := &Level{Step: name, At: start, Took: p.took(m.Say), Wait: m.Wait}
	at := p.at(s, name)
	p.menu(l, m, at)
	if len(keys) == p.budgets.Levels {
		at.fault("this menu is on level %d (after the keys %s), and there are %d at most: callers get lost below", len(keys)+1, keys, p.budgets.Levels)
	}
	if len(keys) > p.budgets.Levels {
		return l
	}
	lead := m.Say[:len(m.Say)-len(saidOf(s.spoken[name]))]
	clock := start + p.took(lead)
	for _, h := range s.spoken[name] {
		words := p.say(saidOf([]heard{h}))
		clock += words.Took
		choice := m.Choices[h.key]
		o := Option{Keys: keys + h.key, Words: words.Words, At: clock, Goal: choice.Next, Hotline: choice.Hotline}
		if next, ok := s.Steps[choice.Next].(ivr.MenuStep); ok {
			o.Next = p.level(s, choice.Next, next, f, clock, o.Keys)
		}
		if o.Hotline != "" {
			h, _ := p.c.Hotline(o.Hotline)
			queue := s.Places[o.Hotline].Queue
			o.Goal = fmt.Sprintf("%s %s (queue %s)", h.Key, h.NameZH, queue)
			f.Reached = append(f.Reached, Reach{o.Hotline, h.NameZH, o.Keys, clock, queue})
		}
		if _, ok := s.Steps[choice.Next].(ivr.QueueStep); ok && o.Hotline == "" {
			o.Goal = fmt.Sprintf("a person (queue %s)", cmp.Or(choice.Place.Queue, s.Places[""].Queue))
		}
		if h.key == "0" {
			p.offered(at, words.Words != "", clock-start)
		}
		l.Choices = append(l.Choices, o)
	}
	return l
}

func saidOf(choices []heard) []string {
	var keys []string
	for _, h := range choices {
		if h.prompt != "" {
			keys = append(keys, h.prompt)
		}
	}
	return keys
}

// menu holds one level against its budgets.
func (p *proof) menu(l *Level, m ivr.MenuStep, at value) {
	if l.Took > p.budgets.Level {
		at.fault("the menu takes %s, at most %s are fit: use fewer words or choices", tenths(l.Took), tenths(p.budgets.Level))
	}
	if len(m.Choices) > p.budgets.Choices {
		at.fault("the menu has %d choices, at most %d can be kept in mind: make groups of them", len(m.Choices), p.budgets.Choices)
	}
	if m.Wait > p.budgets.Silence {
		at.fault("silence of %s is waited for, at most %s are fit: shorten wait", tenths(m.Wait), tenths(p.budgets.Silence))
	}
}

// persons is after how long a person is sought: with 0 once it was said, and
// without a key.
func (p *proof) persons(l *Level) (zero, silent time.Duration) {
	for _, o := range l.Choices {
		if strings.HasSuffix(o.Keys, "0") {
			zero = o.At
		}
	}
	return zero, l.At + l.Took + l.Wait
}

// offered: a person is offered within the first seconds of every menu.
func (p *proof) offered(at value, said bool, after time.Duration) {
	switch {
	case !said:
		at.fault("0 for a person is not said: give that choice its words, and let it be the first")
	case after > p.budgets.Person:
		at.fault("0 for a person is said %s after the menu began, at most %s are fit: offer it first", tenths(after), tenths(p.budgets.Person))
	}
}

// everyHotline: a flow with menus reaches each hotline, in few keys.
func (p *proof) everyHotline(s *script, f FlowReport) {
	best := map[hotline.HotlineKey]int{}
	for _, r := range f.Reached {
		best[r.Hotline] = min(cmp.Or(best[r.Hotline], len(r.Keys)), len(r.Keys))
	}
	var none, far []string
	for _, h := range p.c.Hotlines {
		switch n := best[h.Key]; {
		case n == 0:
			none = append(none, string(h.Key))
		case n > p.budgets.Keys:
			far = append(far, string(h.Key))
		}
	}
	if len(none) > 0 {
		p.at(s, "").fault("no key leads to %s: add a choice for each", strings.Join(none, ", "))
	}
	if len(far) > 0 {
		p.at(s, "").fault("more than %d keys lead to %s: take a level away", p.budgets.Keys, strings.Join(far, ", "))
	}
}
