package city

import (
	"fmt"
	"strings"

	"hotline/ivr"
)

// codes are the keys of groups.yaml as they work while a caller waits: one key or
// two lead to a hotline, a group's key and 0 to its people.
func codes(groups []Group) map[string]ivr.Choice {
	all := map[string]ivr.Choice{}
	for _, g := range groups {
		for _, m := range g.Hotlines {
			all[g.code(m)] = ivr.Choice{Hotline: m.Hotline}
		}
		if len(g.Hotlines) > 1 {
			all[g.Digit+"0"] = ivr.Choice{Place: g.place()}
		}
	}
	return all
}

// code is what is pressed for a hotline of the group, in the menus and without.
func (g Group) code(m Member) string {
	if len(g.Hotlines) == 1 {
		return g.Digit
	}
	return g.Digit + m.Digit
}

// silent lists, a line for each group, the codes that work in a flow without a
// word; nil where none do.
func (p *proof) silent(s *script) []string {
	for _, step := range s.Steps {
		if q, ok := step.(ivr.QueueStep); !ok || len(q.Keys) == 0 {
			continue
		}
		var lines []string
		for _, g := range p.c.Groups {
			var words []string
			if len(g.Hotlines) > 1 {
				words = append(words, g.Digit+"0 a person")
			}
			for _, m := range g.Hotlines {
				words = append(words, fmt.Sprintf("%s %s", g.code(m), m.Hotline))
			}
			lines = append(lines, fmt.Sprintf("%s (queue %s)", strings.Join(words, ", "), g.Key))
		}
		return lines
	}
	return nil
}
