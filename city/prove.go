package city

import (
	"slices"
	"strings"

	"hotline/ivr"
)

// prove checks what must be so in every flow, whatever its sounds: every step
// is reached; a caller who presses nothing comes to a person or an end, never
// in a circle; 0 and silence are a person in every menu; caller and agent meet
// in a talk; an apology ends at a person; nothing is recorded without notice.
func (s *script) prove() {
	reached := s.reached()
	for _, name := range s.order {
		at := s.steps[name]
		if !reached[name] {
			if !s.derived(name) {
				at.fault("no step leads here: lead one here, or take it away")
			}
			continue
		}
		s.restless(name, at)
		switch step := s.Steps[name].(type) {
		case ivr.MenuStep:
			s.proveMenu(step, at)
		case ivr.QueueStep:
			if _, ok := s.Steps[step.Answered].(ivr.TalkStep); !ok {
				at.fault("answered leads to %s, which is no talk: an agent is on the line and must not wait", step.Answered)
			}
		case ivr.TalkStep:
			if _, ok := s.Steps[step.Queue].(ivr.QueueStep); !ok {
				at.fault("retry leads to %s, which is no queue: the caller must be offered to another agent", step.Queue)
			}
		}
		for _, e := range s.Steps[name].Exits() {
			s.onlyAnswered(name, e.To, at)
		}
	}
	for _, entry := range []string{s.Begin, s.Keyed, s.Sorry} {
		s.onlyAnswered("", entry, s.at)
	}
	if !s.person(s.Sorry) {
		s.at.fault("sorry: the step %s comes to no person, and a caller whose call failed must reach one: let it lead to a queue", s.Sorry)
	}
}

// derived tells whether the step was made from groups.yaml.
func (s *script) derived(name string) bool { return strings.Contains(name, ".") }

// proveMenu: 0 is a person everywhere, and so is silence (domain.md §3).
func (s *script) proveMenu(m ivr.MenuStep, at value) {
	zero, ok := m.Choices["0"]
	if !ok || !s.person(zero.Next) {
		at.fault("key 0 must lead to a person: add the choice {key: \"0\", next: <a queue>}")
	}
	if !s.person(m.Silence.Next) {
		at.fault("silence leads to %s, which comes to no person: let it lead to a queue", m.Silence.Next)
	}
	if m.Back != "" {
		if _, ok := s.Steps[m.Back].(ivr.MenuStep); !ok {
			at.fault("back leads to %s, which is no menu", m.Back)
		}
	}
}

// onlyAnswered: a talk begins with an agent on the line, so only a queue's
// answer leads there.
func (s *script) onlyAnswered(from, to string, at value) {
	if _, talk := s.Steps[to].(ivr.TalkStep); !talk {
		return
	}
	if q, ok := s.Steps[from].(ivr.QueueStep); !ok || q.Answered != to {
		at.fault("%s is a talk, and no agent is there yet: only the answered of a queue leads to a talk", to)
	}
}

// reached are the steps that some call can come to.
func (s *script) reached() map[string]bool {
	seen := map[string]bool{}
	todo := []string{s.Begin, s.Keyed, s.Sorry}
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		if seen[name] || s.Steps[name] == nil {
			continue
		}
		seen[name] = true
		for _, e := range s.Steps[name].Exits() {
			todo = append(todo, e.To)
		}
	}
	return seen
}

// onward is where a step leads without any key; ok is false for a queue, a talk
// and an end, where a person or nothing comes next.
func (s *script) onward(name string) (next string, ok bool) {
	switch step := s.Steps[name].(type) {
	case ivr.SayStep:
		return step.Next, true
	case ivr.MenuStep:
		return step.Silence.Next, true
	case ivr.MessageStep:
		return step.Next, true
	}
	return "", false
}

// way is the path of a caller who presses nothing, to its end or round to a
// step that was there before.
func (s *script) way(name string) (path []string, circle bool) {
	for ok := true; ok; name, ok = s.onward(name) {
		if slices.Contains(path, name) {
			return append(path, name), true
		}
		path = append(path, name)
	}
	return path, false
}

// restless reports a circle once, at the step of it that is written first.
func (s *script) restless(name string, at value) {
	path, circle := s.way(name)
	if !circle || path[0] != path[len(path)-1] {
		return
	}
	for _, other := range path {
		if slices.Index(s.order, other) < slices.Index(s.order, name) {
			return
		}
	}
	at.fault("without a key the call goes in a circle (%s) and reaches nobody: let one of these lead to a queue or an end", strings.Join(path, " → "))
}

// person tells whether a caller who presses nothing comes from here to a queue.
func (s *script) person(name string) bool {
	path, circle := s.way(name)
	if circle {
		return false
	}
	_, ok := s.Steps[path[len(path)-1]].(ivr.QueueStep)
	return ok
}

// unannounced reports a talk that is recorded though some call that comes there
// was not told. Words said while an agent is sought do not count: they stop the
// instant one is found. An apology may be the first words of a call.
func (s *script) unannounced(notice string) {
	type state struct {
		step string
		told bool
	}
	seen := map[state]bool{}
	todo := []state{{s.Begin, false}, {s.Keyed, false}, {s.Sorry, false}}
	for len(todo) > 0 {
		now := todo[0]
		todo = todo[1:]
		if seen[now] || s.Steps[now.step] == nil {
			continue
		}
		seen[now] = true
		switch step := s.Steps[now.step].(type) {
		case ivr.SayStep:
			now.told = now.told || slices.Contains(step.Say, notice)
		case ivr.TalkStep:
			if step.Record && !now.told && !slices.Contains(step.Prompts(), notice) && !seen[state{now.step + "!", true}] {
				seen[state{now.step + "!", true}] = true
				s.steps[now.step].fault("the talk is recorded, but a call can come here without having heard %s: say it in a step before, or in this notice", notice)
			}
			now.told = now.told || slices.Contains(step.Prompts(), notice)
		}
		for _, e := range s.Steps[now.step].Exits() {
			todo = append(todo, state{e.To, now.told})
		}
	}
}
