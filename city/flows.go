package city

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"hotline"
	"hotline/ivr"
)

// script is a flow with all that its proof and its report need besides.
type script struct {
	*ivr.Flow
	at     value
	steps  map[string]value   // where each step stands
	order  []string           // steps as they are written
	spoken map[string][]heard // of menus: the choices in the order they are said
}

// heard is a choice of a menu with the words said for it.
type heard struct {
	key    string
	prompt string // "" when the key works silently
	at     value
}

// reader reads one flow.
type reader struct {
	*script
	d     *desk
	c     *City
	words words
	goals []goal
}

// goal is a step that is named somewhere.
type goal struct {
	name string
	at   value
}

// flows reads flows/*.yaml; a flow's name is its file's.
func (d *desk) flows(c *City) {
	sound := len(d.all) == 0 // else a proof would repeat the faults of groups and prompts
	c.Flows, c.scripts = map[string]*ivr.Flow{}, map[string]*script{}
	files, _ := filepath.Glob(filepath.Join(d.dir, "flows", "*.yaml"))
	if len(files) == 0 {
		d.add(filepath.Join(d.dir, "flows"), 0, "there is no flow: at least one file such as menu.yaml belongs here")
	}
	w := wordsIn(c.Prompts, c.Settings.Languages)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		c.Flows[name] = nil // the name is known even if the flow is faulty
		root, ok := d.open("flows/" + filepath.Base(file))
		if !ok {
			continue
		}
		before := len(d.all)
		s := (&reader{d: d, c: c, words: w}).read(name, root)
		if sound && len(d.all) == before {
			s.prove()
			s.unannounced(c.Settings.Recording.Notice)
		}
		c.Flows[name], c.scripts[name] = s.Flow, s
	}
}

func (r *reader) read(name string, root value) *script {
	r.script = &script{
		Flow: &ivr.Flow{Name: name, Steps: map[string]ivr.Step{}, Places: places(r.c.Groups)},
		at:   root, steps: map[string]value{}, spoken: map[string][]heard{},
	}
	t := root.table("answer", "duty", "begin", "old_number", "sorry", "steps")
	if !t.need("answer", "begin", "old_number", "sorry", "steps") {
		return r.script
	}
	r.OnAgent = t.oneOf("answer", "at_once", "on_agent") == "on_agent"
	r.Duty = t.yes("duty", false)
	keys, values := t.fields["steps"].pairs()
	for i, k := range keys {
		step := k.n.Value
		if !keyForm.MatchString(step) {
			k.fault("a step's name is small letters and digits, such as greeting, not %q", step)
		}
		r.order = append(r.order, step)
		r.steps[step] = k.as("step " + step)
		r.step(step, values[i].as("step "+step))
	}
	r.Begin, r.Keyed, r.Sorry = r.to(t, "begin"), r.to(t, "old_number"), r.to(t, "sorry")
	r.exist()
	r.Hash = hash(r.Flow)
	return r.script
}

// to reads the name of a step; whether it exists is seen when all are read.
func (r *reader) to(t table, field string) string {
	name := t.text(field)
	if t.has(field) && name != "" {
		r.goals = append(r.goals, goal{name, t.fields[field]})
	}
	return name
}

// exist checks that every step named is there.
func (r *reader) exist() {
	for _, g := range r.goals {
		if _, ok := r.Steps[g.name]; !ok {
			g.at.fault("there is no step %q: %s", g.name, orList(g.name, r.order))
		}
	}
}

func (r *reader) step(name string, v value) {
	kinds := map[string]func(string, value) ivr.Step{
		"say": r.say, "menu": r.menu, "groups": r.groupMenu, "queue": r.queue,
		"talk": r.talk, "message": r.message, "end": r.end,
	}
	do := ""
	keys, values := v.pairs()
	for i, k := range keys {
		if k.n.Value == "do" {
			do = values[i].text()
		}
	}
	read, ok := kinds[do]
	if !ok {
		if v.n.Kind != 0 && len(keys) > 0 {
			v.fault("do is missing or wrong (%q): %s", do, orList(do, sortedKeys(kinds)))
		}
		r.Steps[name] = ivr.EndStep{}
		return
	}
	r.Steps[name] = read(name, v)
}

func (r *reader) say(_ string, v value) ivr.Step {
	t := v.table("do", "say", "next", "last")
	t.need("say", "next")
	return ivr.SayStep{Say: r.prompts(t, "say"), Next: r.to(t, "next"), Farewell: t.yes("last", false)}
}

// prompts reads keys of prompts and checks that they have words.
func (r *reader) prompts(t table, field string) []string {
	set := r.c.Settings.Recording
	var all []string
	for _, v := range t.list(field) {
		if key := r.prompt(v); key != set.Notice || set.On {
			all = append(all, key) // where nothing is recorded, nobody is told that it is
		}
	}
	return all
}

func (r *reader) prompt(v value) string {
	key := v.text()
	if key != "" {
		r.words.need(v, key)
	}
	return key
}

func (r *reader) onePrompt(t table, field string) string {
	if !t.has(field) {
		return ""
	}
	return r.prompt(t.fields[field])
}

func (r *reader) queue(_ string, v value) ivr.Step {
	t := v.table("do", "say", "keys", "position", "unit", "every", "answered", "after", "else")
	t.need("answered")
	q := ivr.QueueStep{
		Say: r.prompts(t, "say"), Position: r.onePrompt(t, "position"), Unit: r.onePrompt(t, "unit"),
		Every:    t.duration("every", 0, 5*time.Second, 10*time.Minute),
		Answered: r.to(t, "answered"),
		After:    t.duration("after", 0, 5*time.Second, time.Hour), Else: r.to(t, "else"),
	}
	if t.oneOf("keys", "none", "groups") == "groups" {
		q.Keys = codes(r.c.Groups)
	}
	if t.has("position") != t.has("unit") || t.has("position") != t.has("every") {
		t.fault("position, unit and every belong together: the words before and after the number, and how often")
	}
	if t.has("after") != t.has("else") {
		t.fault("after and else belong together: how long to wait at most, and the step then")
	}
	return q
}

func (r *reader) talk(_ string, v value) ivr.Step {
	t := v.table("do", "notice", "number", "once", "next", "retry")
	t.need("next", "retry")
	s := ivr.TalkStep{
		Notice: r.prompts(t, "notice"), Number: t.yes("number", false), Once: r.prompts(t, "once"), Record: r.c.Settings.Recording.On,
		Next: r.to(t, "next"), Queue: r.to(t, "retry"),
	}
	if s.Number && len(s.Notice) == 0 {
		t.fields["number"].fault("number needs a notice: the agent's number is read after its first prompt")
	}
	return s
}

func (r *reader) message(_ string, v value) ivr.Step {
	t := v.table("do", "say", "longest", "next", "empty")
	t.need("say", "next")
	return ivr.MessageStep{
		Say: r.prompts(t, "say"), Next: r.to(t, "next"), Empty: r.to(t, "empty"),
		Longest: t.duration("longest", 2*time.Minute, 5*time.Second, 10*time.Minute),
	}
}

func (r *reader) end(_ string, v value) ivr.Step {
	v.table("do")
	return ivr.EndStep{}
}

// hash is a short fingerprint of all that decides how a call goes on.
func hash(f *ivr.Flow) string {
	h := sha256.New()
	whole := func(v any) {
		b, err := json.Marshal(v)
		fmt.Fprintf(h, "%T %s %v\n", v, b, err)
	}
	whole([]string{f.Name, f.Begin, f.Keyed, f.Sorry})
	whole(f.OnAgent)
	for _, name := range sortedKeys(f.Steps) {
		whole(name)
		whole(f.Steps[name])
	}
	whole(map[hotline.HotlineKey]ivr.Place(f.Places))
	return hex.EncodeToString(h.Sum(nil)[:8])
}
