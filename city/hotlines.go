package city

import (
	"regexp"

	"hotline"
	"hotline/ivr"
)

// Hotline is one of the former hotlines (configs/hotlines.yaml).
type Hotline struct {
	Order         int // in the announcement of 2015
	Key           hotline.HotlineKey
	NameZH        string // its name of 2015
	NameEN        string
	Kind          string
	Successor     string // today's name
	Verified      bool   // that the successor is certain
	ShortCode     string
	Extension     string   // internal number under which calls to the old one come in
	FormerNumbers []string // as the city confirmed them
	Items         []string // what citizens report there
	Where         string
	at            value
}

// Group is one choice of the first menu and one queue (configs/groups.yaml).
type Group struct {
	Key      hotline.QueueKey
	Name     string
	Digit    string
	Word     string
	Prompt   string
	Hotlines []Member
	Where    string
	at       value
}

// Member is a hotline within a group; Digit, Word and Prompt are empty where
// the group has only one.
type Member struct {
	Hotline hotline.HotlineKey
	Digit   string
	Word    string
	Prompt  string
	at      value
}

// General is the queue of callers who are not keyed to a hotline.
const General hotline.QueueKey = "general"

var keyForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

func (d *desk) hotlines() []Hotline {
	root, ok := d.open("hotlines.yaml")
	if !ok {
		return nil
	}
	top := root.table("hotlines")
	top.need("hotlines")
	var all []Hotline
	seen, orders := map[string]string{}, map[int]string{}
	for _, v := range top.list("hotlines") {
		h := d.hotline(v)
		key := string(h.Key)
		if first, twice := seen[key]; twice {
			v.fault("hotline %s is named twice, first at %s: keep one line for each", key, first)
			continue
		}
		if first, twice := orders[h.Order]; twice {
			v.fault("order %d is given twice, first at %s: number them through", h.Order, first)
		}
		seen[key], orders[h.Order] = h.Where, h.Where
		all = append(all, h)
	}
	return all
}

func (d *desk) hotline(v value) Hotline {
	all := []string{"order", "key", "name_zh", "name_en", "kind", "successor", "verified", "short_code", "extension", "former_numbers", "items"}
	t := v.table(all...)
	if t.has("key") {
		t = t.named("hotline " + t.text("key"))
	}
	t.need(all...)
	h := Hotline{
		Order: t.number("order", 0, 1, 999), Key: hotline.HotlineKey(t.text("key")),
		NameZH: t.text("name_zh"), NameEN: t.text("name_en"),
		Kind: t.oneOf("kind", "government", "utility", "institution", "scenic", "federation",
			"enforcement", "regulator", "association", "company"),
		Successor: t.text("successor"), Verified: t.yes("verified", false),
		ShortCode: t.text("short_code"), Extension: t.text("extension"),
		FormerNumbers: t.texts("former_numbers"), Items: t.texts("items"), Where: v.where(), at: v,
	}
	if t.has("key") && !keyForm.MatchString(string(h.Key)) {
		t.fields["key"].fault("a key is a name of small letters and digits, such as zilaishui, not %q", h.Key)
	}
	return h
}

func (d *desk) groups(hotlines []Hotline) []Group {
	root, ok := d.open("groups.yaml")
	if !ok {
		return nil
	}
	missing := map[hotline.HotlineKey]Hotline{}
	known := map[string]bool{}
	for _, h := range hotlines {
		missing[h.Key], known[string(h.Key)] = h, true
	}
	top := root.table("groups")
	top.need("groups")
	var all []Group
	digits, keys, served := map[string]string{}, map[string]string{}, map[string]string{}
	for _, v := range top.list("groups") {
		g := d.group(v)
		d.once(g.at, "group "+string(g.Key), keys, string(g.Key))
		d.once(g.at, "the key "+g.Digit+" of the first menu", digits, g.Digit)
		for _, m := range g.Hotlines {
			key := string(m.Hotline)
			if !known[key] && key != "" {
				m.at.fault("there is no hotline %q in hotlines.yaml: %s", key, orList(key, sortedKeys(known)))
			}
			d.once(m.at, "hotline "+key, served, key)
			delete(missing, m.Hotline)
		}
		all = append(all, g)
	}
	for _, h := range hotlines {
		if _, ok := missing[h.Key]; ok && len(hotlines) > 0 {
			root.fault("hotline %s (%s) is in no group: its callers would reach nobody; add it to one", h.Key, h.NameZH)
		}
	}
	return all
}

// once reports what is given a second time.
func (d *desk) once(v value, what string, seen map[string]string, key string) {
	if key == "" {
		return
	}
	if first, twice := seen[key]; twice {
		v.fault("%s is given twice, first at %s: keep one", what, first)
		return
	}
	seen[key] = v.where()
}

var digitForm = regexp.MustCompile(`^[1-9]$`)

func (d *desk) group(v value) Group {
	t := v.table("key", "name", "digit", "word", "prompt", "hotlines")
	if t.has("key") {
		t = t.named("group " + t.text("key"))
	}
	t.need("key", "name", "digit", "word", "prompt", "hotlines")
	g := Group{
		Key: hotline.QueueKey(t.text("key")), Name: t.text("name"), Word: t.text("word"),
		Digit: t.digit(), Prompt: t.text("prompt"), Where: v.where(), at: v,
	}
	if t.has("key") && (!keyForm.MatchString(string(g.Key)) || g.Key == General) {
		t.fields["key"].fault("the key of a group is a name of small letters and digits, such as water, not %q (%s is the queue of callers without a hotline)", g.Key, General)
	}
	lines := t.list("hotlines")
	if t.has("hotlines") && len(lines) == 0 {
		t.fields["hotlines"].fault("a group serves one hotline at least")
	}
	digits := map[string]string{}
	for _, line := range lines {
		m := member(line.as(t.of), len(lines) > 1)
		d.once(m.at, "the key "+m.Digit, digits, m.Digit)
		g.Hotlines = append(g.Hotlines, m)
	}
	return g
}

// member reads one hotline of a group; several make a second menu.
func member(v value, several bool) Member {
	t := v.table("hotline", "digit", "word", "prompt")
	t.need("hotline")
	if several {
		t.need("digit", "word", "prompt")
	}
	m := Member{Hotline: hotline.HotlineKey(t.text("hotline")), Word: t.text("word"), Prompt: t.text("prompt"), at: v}
	if t.has("digit") {
		m.Digit = t.digit()
	}
	return m
}

func (t table) digit() string {
	d := t.text("digit")
	if t.has("digit") && !digitForm.MatchString(d) {
		t.fields["digit"].fault("digit is one key from 1 to 9 (0 is a person everywhere), not %q", d)
	}
	return d
}

// places is where each hotline's callers wait, and what their agent must be
// able to do: the matters of the group.
func places(groups []Group) map[hotline.HotlineKey]ivr.Place {
	all := map[hotline.HotlineKey]ivr.Place{"": {Queue: General}}
	for _, g := range groups {
		for _, m := range g.Hotlines {
			all[m.Hotline] = g.place()
		}
	}
	return all
}

// place is where callers of the group wait.
func (g Group) place() ivr.Place {
	return ivr.Place{Queue: g.Key, Needs: []hotline.Skill{hotline.Skill(g.Key)}}
}
