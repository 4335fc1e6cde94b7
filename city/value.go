package city

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// value is a piece of a file that remembers where it stands. The readers below
// report what is wrong and give a zero value to go on with, so that all faults
// are told at once.
type value struct {
	n    *yaml.Node
	file string
	of   string // what it belongs to, put before the sentence: "step main"
	*faults
}

func (v value) at(n *yaml.Node) value { v.n = n; return v }

func (v value) as(of string) value { v.of = of; return v }

func (v value) where() string { return place(v.file, v.n.Line) }

func (v value) fault(format string, args ...any) {
	if v.of != "" {
		format, args = "%s: "+format, append([]any{v.of}, args...)
	}
	v.add(v.file, v.n.Line, format, args...)
}

// text is any plain value as it is written: 12 stays "12", yes stays "yes".
func (v value) text() string {
	if v.n.Kind != yaml.ScalarNode || v.n.Tag == "!!null" {
		v.fault("a word or text belongs here, not %s", kindOf(v.n))
		return ""
	}
	return v.n.Value
}

// list gives the elements; a single plain value is a list of one.
func (v value) list() []value {
	switch v.n.Kind {
	case yaml.SequenceNode:
		all := make([]value, len(v.n.Content))
		for i, c := range v.n.Content {
			all[i] = v.at(c)
		}
		return all
	case yaml.ScalarNode:
		if v.n.Tag != "!!null" {
			return []value{v}
		}
	}
	v.fault("a list belongs here, such as [a, b], not %s", kindOf(v.n))
	return nil
}

// pairs gives keys and values in the order they are written; a table was
// checked for keys given twice when it was read.
func (v value) pairs() (keys, values []value) {
	if v.n.Kind != yaml.MappingNode {
		v.fault("fields such as \"name: value\" belong here, not %s", kindOf(v.n))
		return nil, nil
	}
	for i := 0; i+1 < len(v.n.Content); i += 2 {
		keys = append(keys, v.at(v.n.Content[i]))
		values = append(values, v.at(v.n.Content[i+1]))
	}
	return keys, values
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "fields"
	case yaml.SequenceNode:
		return "a list"
	}
	if n.Tag == "!!null" {
		return "an empty place"
	}
	return strconv.Quote(n.Value)
}

// table is a value with named fields.
type table struct {
	value
	fields map[string]value
}

// table reads named fields; a name that is not known is a fault.
func (v value) table(known ...string) table {
	t := table{v, map[string]value{}}
	keys, values := v.pairs()
	for i, k := range keys {
		if v.enough(v.file) {
			break
		}
		if !slices.Contains(known, k.n.Value) {
			k.fault("there is no field %q: %s", k.n.Value, orList(k.n.Value, known))
			continue
		}
		t.fields[k.n.Value] = values[i]
	}
	return t
}

// named puts of before every sentence about the table and its fields.
func (t table) named(of string) table {
	t.value = t.as(of)
	for name, v := range t.fields {
		t.fields[name] = v.as(of)
	}
	return t
}

func (t table) has(name string) bool { _, ok := t.fields[name]; return ok }

// need reports a field that is missing.
func (t table) need(names ...string) bool {
	fine := len(t.fields) > 0
	for _, name := range names {
		if !t.has(name) && t.n.Kind == yaml.MappingNode {
			t.fault("the field %s is missing", name)
			fine = false
		}
	}
	return fine
}

func (t table) text(name string) string {
	if !t.has(name) {
		return ""
	}
	return t.fields[name].text()
}

func (t table) list(name string) []value {
	if !t.has(name) {
		return nil
	}
	return t.fields[name].list()
}

func (t table) texts(name string) []string {
	var all []string
	for _, v := range t.list(name) {
		all = append(all, v.text())
	}
	return all
}

// yes reads true or false; usual is for a field that is not there.
func (t table) yes(name string, usual bool) bool {
	if !t.has(name) {
		return usual
	}
	v := t.fields[name]
	var b bool
	if v.n.Kind != yaml.ScalarNode || v.n.Decode(&b) != nil {
		v.fault("%s is true or false, not %s", name, kindOf(v.n))
	}
	return b
}

func (t table) number(name string, usual, least, most int) int {
	if !t.has(name) {
		return usual
	}
	v := t.fields[name]
	n, err := strconv.Atoi(v.n.Value)
	if v.n.Kind != yaml.ScalarNode || err != nil || n < least || n > most {
		v.fault("%s is a whole number from %d to %d, not %s", name, least, most, kindOf(v.n))
		return usual
	}
	return n
}

func (t table) duration(name string, usual, least, most time.Duration) time.Duration {
	if !t.has(name) {
		return usual
	}
	v := t.fields[name]
	d, err := time.ParseDuration(v.n.Value)
	if v.n.Kind != yaml.ScalarNode || err != nil || d < least || d > most {
		v.fault("%s is a time with its unit from %v to %v, such as 4s, not %s", name, short(least), short(most), kindOf(v.n))
		return usual
	}
	return d
}

// oneOf reads a word of a few; the first is for a field that is not there.
func (t table) oneOf(name string, words ...string) string {
	if !t.has(name) {
		return words[0]
	}
	v := t.fields[name]
	w := v.text()
	if w != "" && !slices.Contains(words, w) {
		v.fault("%s is not %q: %s", name, w, orList(w, words))
	}
	return w
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
