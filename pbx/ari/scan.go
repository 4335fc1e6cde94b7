package ari

import (
	"encoding/json"
	"strings"
)

// scanner walks once over one JSON text without copying: strings are parts of
// it. It never fails: a value of a surprising kind is passed over and reported
// through odd, and a broken text ends early and sets broken. encoding/json
// into one flat struct takes eight times as long (BenchmarkDecode): at thirty
// events a call, a third of the processor time a call may cost.
type scanner struct {
	s      string
	i      int
	at     string            // the field being read, for odd
	odd    func(what string) // may be nil
	broken bool
}

// peek passes over white space and gives the next byte, 0 at the end.
func (p *scanner) peek() byte {
	for ; p.i < len(p.s); p.i++ {
		switch c := p.s[p.i]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// take passes over c if it is next.
func (p *scanner) take(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.i++
	return true
}

// fail ends the walk: every later read finds the end of the text.
func (p *scanner) fail() {
	p.broken = true
	p.i = len(p.s)
}

// surprise passes over a value that should have been something else; null is
// no surprise, it means "none".
func (p *scanner) surprise() {
	if p.peek() != 'n' && p.odd != nil && !p.broken {
		p.odd(p.at)
	}
	p.skip()
}

// fields yields the names of an object's fields. The body of the loop must
// read exactly one value each time, with str, num, skip, fields or items.
func (p *scanner) fields(yield func(name string) bool) {
	if !p.take('{') {
		p.surprise()
		return
	}
	if p.take('}') {
		return
	}
	for {
		if p.peek() != '"' {
			p.fail()
			return
		}
		name := p.str()
		if !p.take(':') {
			p.fail()
			return
		}
		p.at = name
		if !yield(name) {
			return
		}
		if p.take('}') {
			return
		}
		if !p.take(',') {
			p.fail()
			return
		}
	}
}

// items yields once for every element of an array; the body must read it.
func (p *scanner) items(yield func(n int) bool) {
	if !p.take('[') {
		p.surprise()
		return
	}
	if p.take(']') {
		return
	}
	for n := 0; ; n++ {
		if !yield(n) || p.take(']') {
			return
		}
		if !p.take(',') {
			p.fail()
			return
		}
	}
}

// str reads a string.
func (p *scanner) str() string {
	if p.peek() != '"' {
		p.surprise()
		return ""
	}
	quoted, escaped := p.quoted()
	if p.broken {
		return ""
	}
	if !escaped {
		return quoted[1 : len(quoted)-1]
	}
	return unquote(quoted)
}

// quoted passes over a string and gives it with its quotes.
func (p *scanner) quoted() (text string, escaped bool) {
	start := p.i
	p.i++
	for p.i < len(p.s) {
		n := strings.IndexByte(p.s[p.i:], '"')
		if n < 0 {
			break
		}
		n += p.i
		back := strings.IndexByte(p.s[p.i:n], '\\')
		if back < 0 {
			p.i = n + 1
			return p.s[start:p.i], escaped
		}
		escaped = true
		p.i += back + 2 // past the backslash and what it escapes
	}
	p.fail()
	return "", false
}

// unquote resolves the escapes of a quoted string.
func unquote(quoted string) (s string) {
	if json.Unmarshal([]byte(quoted), &s) != nil {
		return ""
	}
	return s
}

// num reads a whole number; a fraction is cut off.
func (p *scanner) num() (n int) {
	c := p.peek()
	if c != '-' && (c < '0' || c > '9') {
		p.surprise()
		return 0
	}
	negative := p.take('-')
	for ; p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9'; p.i++ {
		if n < 1<<53 {
			n = n*10 + int(p.s[p.i]-'0')
		}
	}
	p.scalar() // a fraction or exponent
	if negative {
		return -n
	}
	return n
}

// scalar passes over the rest of a number or word.
func (p *scanner) scalar() {
	for p.i < len(p.s) && strings.IndexByte(",}] \t\r\n\":[{", p.s[p.i]) < 0 {
		p.i++
	}
}

// skip passes over any value, however deep, without recursion, and gives its
// text.
func (p *scanner) skip() string {
	p.peek()
	start := p.i
	for depth := 0; ; {
		switch c := p.peek(); c {
		case '"':
			p.quoted()
		case '{', '[':
			p.i++
			depth++
			continue
		case '}', ']':
			p.i++
			depth--
		case ',', ':':
			p.i++
			if depth > 0 {
				continue
			}
			depth = -1
		default:
			p.scalar()
		}
		if depth < 0 || p.i == start || depth > 0 && p.peek() == 0 {
			p.fail() // a value was expected, or its end
			return ""
		}
		if depth == 0 {
			return p.s[start:p.i]
		}
	}
}
