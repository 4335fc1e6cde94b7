package city

import (
	"regexp"
	"slices"
	"time"

	"hotline"
	"hotline/ivr"
)

// Defaults of menus; budgets bound them in hotline check.
const (
	usualSilence = 4 * time.Second
	usualTries   = 2
)

// menu reads a menu whose choices are written out.
func (r *reader) menu(name string, v value) ivr.Step {
	t := v.table("do", "say", "choices", "wait", "silence", "back", "wrong", "tries")
	t.need("choices", "silence")
	m := r.manners(t)
	m.Say, m.Back = r.prompts(t, "say"), r.to(t, "back")
	m.Silence = ivr.Choice{Next: r.to(t, "silence")}
	m.Choices = map[string]ivr.Choice{}
	for _, line := range t.list("choices") {
		key, prompt, choice := r.choice(line)
		if _, twice := m.Choices[key]; twice {
			line.fault("key %s is given twice: keep one", key)
		}
		m.Choices[key] = choice
		if prompt != "" {
			m.Say = append(m.Say, prompt)
		}
		r.spoken[name] = append(r.spoken[name], heard{key, prompt, line})
	}
	return m
}

// manners are how a menu waits and corrects.
func (r *reader) manners(t table) ivr.MenuStep {
	return ivr.MenuStep{
		Wait:  t.duration("wait", usualSilence, time.Second, 30*time.Second),
		Wrong: r.prompts(t, "wrong"),
		Tries: t.number("tries", usualTries, 1, 5),
	}
}

var keyPressed = regexp.MustCompile(`^[0-9]$`)

func (r *reader) choice(v value) (key, prompt string, c ivr.Choice) {
	t := v.table("key", "say", "next", "hotline", "needs", "priority")
	t.need("key", "next")
	key = t.text("key")
	if t.has("key") && !keyPressed.MatchString(key) {
		t.fields["key"].fault("a key is 0 to 9 (* and # mean again and back everywhere), not %q", key)
	}
	c.Next, c.Hotline = r.to(t, "next"), hotline.HotlineKey(t.text("hotline"))
	if _, ok := r.c.Hotline(c.Hotline); t.has("hotline") && !ok {
		t.fields["hotline"].fault("there is no hotline %q in hotlines.yaml: %s", c.Hotline, orList(string(c.Hotline), r.hotlineKeys()))
	}
	skills := r.c.Skills()
	for _, n := range t.list("needs") {
		skill := hotline.Skill(n.text())
		if !slices.Contains(skills, skill) {
			n.fault("there is no group %q in groups.yaml that an agent could serve", skill)
		}
		c.Needs = append(c.Needs, skill)
	}
	c.Priority = t.number("priority", 0, 0, 100)
	return key, r.onePrompt(t, "say"), c
}

func (r *reader) hotlineKeys() []string {
	var keys []string
	for _, h := range r.c.Hotlines {
		keys = append(keys, string(h.Key))
	}
	return keys
}

// groupMenu makes the menus of groups.yaml: the step itself is the first menu,
// and a group of several hotlines gets one named <step>.<group>. On both, 0 and
// silence are a person, on the second one of the group's; there # goes back.
func (r *reader) groupMenu(name string, v value) ivr.Step {
	t := v.table("do", "offer", "person", "chosen", "wait", "wrong", "tries")
	t.need("offer", "person", "chosen")
	manners := r.manners(t)
	offer, person, chosen := r.onePrompt(t, "offer"), r.to(t, "person"), r.to(t, "chosen")
	first := r.level(name, manners, heard{"0", offer, v}, ivr.Choice{Next: person})
	for _, g := range r.c.Groups {
		next := ivr.Choice{Next: chosen}
		if len(g.Hotlines) == 1 {
			next.Hotline = g.Hotlines[0].Hotline
		} else {
			next.Next = r.secondMenu(name, g, manners, heard{"0", offer, v}, person, chosen)
		}
		r.add(name, &first, heard{g.Digit, g.Prompt, g.at}, next)
	}
	return first
}

func (r *reader) secondMenu(first string, g Group, manners ivr.MenuStep, offer heard, person, chosen string) string {
	name := first + "." + string(g.Key)
	m := r.level(name, manners, offer, ivr.Choice{Next: person, Place: g.place()})
	m.Back = first
	for _, h := range g.Hotlines {
		r.add(name, &m, heard{h.Digit, h.Prompt, h.at}, ivr.Choice{Next: chosen, Hotline: h.Hotline})
	}
	r.Steps[name] = m
	r.order = append(r.order, name)
	r.steps[name] = offer.at.as("step " + name)
	return name
}

// level begins a menu with the offer of a person.
func (r *reader) level(name string, m ivr.MenuStep, offer heard, person ivr.Choice) ivr.MenuStep {
	m.Choices = map[string]ivr.Choice{}
	m.Silence = person
	r.add(name, &m, offer, person)
	return m
}

func (r *reader) add(name string, m *ivr.MenuStep, h heard, c ivr.Choice) {
	if h.prompt != "" {
		r.words.need(h.at, h.prompt)
		m.Say = append(m.Say, h.prompt)
	}
	m.Choices[h.key] = c
	r.spoken[name] = append(r.spoken[name], h)
}
