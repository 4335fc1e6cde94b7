package city

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"
)

// settingsFile is where the settings stand, below the city's folder.
const settingsFile = "hotline.yaml"

// viper's own delimiter is a dot, which our keys contain.
const delimiter = "::"

// origins tells where each setting that is not a default was written.
type origins map[string]value

// settings reads hotline.yaml and lays over it, weakest first: the table's
// defaults, what the program found (o.Found), the file, the environment, what
// the command line says (o.Set).
func (d *desk) settings(o LoadOptions) (Settings, origins) {
	var s Settings
	all := s.table(d.dir)
	written := d.written(all, &s)
	v := viper.NewWithOptions(viper.KeyDelimiter(delimiter))
	for _, x := range all {
		v.SetDefault(viperKey(x.key), x.words())
	}
	for key, word := range o.Found {
		v.SetDefault(viperKey(key), word)
	}
	d.merge(v, written)
	d.environ(v, all, o, written)
	for key, word := range o.Set {
		v.Set(viperKey(key), word)
		written[key] = d.foreign("the command line")
	}
	d.known(all, o)
	for _, x := range all {
		d.take(x, v.Get(viperKey(x.key)), written)
	}
	d.together(&s, written)
	return s, written
}

func viperKey(key string) string { return strings.ReplaceAll(key, ".", delimiter) }

// words is the default as viper holds it.
func (s setting) words() any {
	if s.list {
		return s.usual
	}
	return s.usual[0]
}

// take reads one setting.
func (d *desk) take(x setting, raw any, written origins) {
	words, fine := wordsOf(raw, x.list)
	err := fmt.Errorf("write one value, not several")
	if x.list {
		err = fmt.Errorf("write a list of words, such as [a, b]")
	}
	if fine {
		err = x.take(words)
	}
	if err == nil {
		return
	}
	v, ok := written[x.key]
	if !ok {
		v = d.foreign("what the program found")
	}
	said := secret.ReplaceAllString(fmt.Sprint(raw), "$1$3…$2")
	if len(said) > 60 {
		said = said[:60] + "…"
	}
	v.fault("the setting %s cannot be %q: %v", x.key, said, err)
}

// secret is where a password stands that has no place there; it is not repeated
// in what goes to a log.
var secret = regexp.MustCompile(`(?i)(://).*(@)|(password=)[^&\s]*`)

// wordsOf gives what viper holds as words: one, or a list (in the environment
// and on the command line separated by commas).
func wordsOf(raw any, list bool) ([]string, bool) {
	var many []any
	switch r := raw.(type) {
	case []string:
		return r, list
	case []any:
		many = r
	case string:
		if list {
			return strings.FieldsFunc(r, func(c rune) bool { return c == ',' || c == ' ' }), true
		}
		return []string{r}, true
	case map[string]any, nil:
		return nil, false
	default:
		return []string{fmt.Sprint(r)}, true
	}
	words := make([]string, 0, len(many))
	for _, one := range many {
		w, fine := wordsOf(one, false)
		if !fine {
			return nil, false
		}
		words = append(words, w...)
	}
	return words, list
}

// written finds every setting in the file with its line, and reports those that
// do not exist. Two lists of their own form are read here.
func (d *desk) written(all []setting, s *Settings) origins {
	found := origins{}
	root, ok := d.open(settingsFile)
	if !ok {
		return found
	}
	keys := map[string]bool{"profiles.schedule": false, "routing.pauses": false}
	for _, x := range all {
		keys[x.key] = false
		for section := x.key; strings.Contains(section, "."); {
			section = section[:strings.LastIndex(section, ".")]
			keys[section] = true
		}
	}
	d.walk(root, "", keys, found)
	s.Routing.Pauses = pauses(found)
	s.Profiles.Schedule = schedule(found)
	return found
}

// walk goes down the sections; keys says which names are sections.
func (d *desk) walk(v value, section string, keys map[string]bool, found origins) {
	names, values := v.pairs()
	for i, n := range names {
		if d.enough(v.file) {
			return
		}
		key := n.n.Value
		if section != "" {
			key = section + "." + key
		}
		isSection, known := keys[key]
		switch {
		case !known:
			n.fault("there is no setting %s: %s", key, orList(key, sortedKeys(keys)))
		case isSection && values[i].n.Tag == "!!null": // every line of it is taken away
		case isSection:
			d.walk(values[i], key, keys, found)
		case values[i].n.Tag == "!!null":
			n.fault("the setting %s has no value: write one, or take the line away for the default", key)
		default:
			found[key] = values[i]
		}
	}
}

// merge gives viper what the file says; scalars as they are written, since YAML
// would make numbers of 0550.
func (d *desk) merge(v *viper.Viper, written origins) {
	for key, value := range written {
		if key == "profiles.schedule" || key == "routing.pauses" {
			continue
		}
		raw := plainOf(value.n)
		if err := v.MergeConfigMap(nest(strings.Split(key, "."), raw)); err != nil {
			value.fault("the setting %s cannot be read: %v", key, err)
		}
	}
}

func nest(path []string, raw any) map[string]any {
	if len(path) == 1 {
		return map[string]any{path[0]: raw}
	}
	return map[string]any{path[0]: nest(path[1:], raw)}
}

func plainOf(n *yaml.Node) any {
	switch n.Kind {
	case yaml.ScalarNode:
		return n.Value
	case yaml.SequenceNode:
		all := make([]any, len(n.Content))
		for i, c := range n.Content {
			all[i] = plainOf(c)
		}
		return all
	}
	return map[string]any{}
}

// environ lays the environment over the file. A variable that names a section of
// ours but no setting is a slip of the pen and reported.
func (d *desk) environ(v *viper.Viper, all []setting, o LoadOptions, written origins) {
	environ := o.Environ
	if environ == nil {
		environ = os.Environ()
	}
	given := map[string]string{}
	for _, pair := range environ {
		name, word, _ := strings.Cut(pair, "=")
		given[name] = word
	}
	known, sections := map[string]bool{}, map[string]bool{}
	for _, x := range all {
		for _, name := range x.env() {
			known[name] = true
			if given[name] != "" {
				v.Set(viperKey(x.key), given[name])
				written[x.key] = d.foreign("the environment's " + name)
			}
		}
		first, _, _ := strings.Cut(x.key, ".")
		sections[envPrefix+strings.ToUpper(first)+"_"] = true
	}
	for _, name := range sortedKeys(given) {
		for section := range sections {
			if !known[name] && strings.HasPrefix(name, section) {
				d.foreign("the environment's "+name).fault("there is no such setting: %s", orList(name, sortedKeys(known)))
			}
		}
	}
}

// known refuses settings that a caller of Load names wrongly.
func (d *desk) known(all []setting, o LoadOptions) {
	keys := map[string]bool{}
	for _, x := range all {
		keys[x.key] = true
	}
	for _, given := range []map[string]string{o.Found, o.Set} {
		for _, key := range sortedKeys(given) {
			if !keys[key] {
				d.foreign("the command line").fault("there is no setting %s: %s", key, orList(key, sortedKeys(keys)))
			}
		}
	}
}

// foreign is a value that stands in no file.
func (d *desk) foreign(where string) value {
	return value{n: &yaml.Node{Kind: yaml.ScalarNode}, file: where, faults: d.faults}
}

// together checks what only several settings together show.
func (d *desk) together(s *Settings, written origins) {
	at := func(key string) value {
		if v, ok := written[key]; ok {
			return v
		}
		return value{n: &yaml.Node{}, file: filepath.Join(d.dir, settingsFile), faults: d.faults}
	}
	if (s.SIP.RTPFirst == 0) != (s.SIP.RTPLast == 0) || s.SIP.RTPLast < s.SIP.RTPFirst {
		at("sip.rtp_first").fault("sip.rtp_first %d and sip.rtp_last %d are no range: give the first and the last port, or 0 and 0", s.SIP.RTPFirst, s.SIP.RTPLast)
	}
	d.tls(s, at)
	if s.Voice.Speaker == "http" && s.Voice.HTTP.URL == "" {
		at("voice.speaker").fault("voice.speaker is http, but voice.http.url is empty: write where the speech service is, such as http://127.0.0.1:8880/v1/audio/speech")
	}
	d.sentinels(s, at, written)
}

// sentinels checks that there is one way to the Redis, and that it is whole.
func (d *desk) sentinels(s *Settings, at func(string) value, written origins) {
	_, address := written["redis.address"]
	switch {
	case len(s.Redis.Sentinels) > 0 && s.Redis.Master == "":
		at("redis.sentinels").fault("redis.sentinels are named, but redis.master is empty: write the name that they watch the master under, such as hotline")
	case len(s.Redis.Sentinels) == 0 && s.Redis.Master != "" && len(at("redis.sentinels").n.Content) == 0:
		at("redis.master").fault("redis.master is %s, but redis.sentinels names nobody who would know it: write their hosts and ports, or leave redis.master empty", s.Redis.Master)
	case len(s.Redis.Sentinels) > 0 && address:
		at("redis.address").fault("redis.address and redis.sentinels are both written: leave redis.address out, the Sentinels say where the master is")
	}
}
