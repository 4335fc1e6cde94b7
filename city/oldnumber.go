package city

import (
	"net/url"
	"slices"
	"strings"

	"hotline"
)

// never are numbers that no hotline can have had: our own, and emergencies.
var never = [...]string{"12345", "110", "119", "120", "122"}

// oldNumbers is the table of former numbers and of the internal extensions
// that their calls come in under.
func (d *desk) oldNumbers(hotlines []Hotline, area string) map[string]hotline.HotlineKey {
	all := map[string]hotline.HotlineKey{}

	for _, h := range hotlines {
		for i, written := range append([]string{h.Extension}, h.FormerNumbers...) {
			if i == 0 && written == "" {
				continue
			}
			number, ok := plainNumber(written, area)
			switch {
			case !ok || len(number) < 3:
				h.at.fault("hotline %s: %q is no number: write it as it is dialled, such as 8102", h.Key, written)
			case slices.Contains(never[:], number):
				h.at.fault("hotline %s: %s is no former number: it would catch other calls", h.Key, written)
			case all[number] != "":
				h.at.fault("hotline %s: the number %s belongs to hotline %s already: keep one", h.Key, written, all[number])
			default:
				all[number] = h.Key
			}
		}
	}
	return all
}

// OldNumber finds the former hotline that a call came through. Each candidate
// is what the network sent: the number dialled, or the text of a To, Diversion
// or History-Info header; earlier ones win, and within a header the first that
// is known.
func (c *City) OldNumber(candidates ...string) (hotline.HotlineKey, bool) {
	for _, text := range candidates {
		for _, number := range numbersIn(text, c.Settings.AreaCode) {
			if key, ok := c.OldNumbers[number]; ok {
				return key, true
			}
		}
	}
	return "", false
}

// Bounds of what is read in a header; the dialplan sends 400 bytes at most.
const (
	longestHeader = 4096
	mostNumbers   = 32
	longestNumber = 18
)

// numbersIn finds the numbers of a header: the user of every sip:, sips: and
// tel: address outside quotes (RFC 3261 §19, 3966, 5806, 7044), or the text
// itself where it holds no address.
func numbersIn(text, area string) []string {
	text = unquoted(text[:min(len(text), longestHeader)])
	var all []string
	lower := lowered(text)
	found := false
	for at := 0; at < len(text) && len(all) < mostNumbers; {
		scheme, next := nextAddress(lower, at)
		if next < 0 {
			break
		}
		found, at = true, next
		if number, ok := plainNumber(userOf(text[next:], scheme), area); ok {
			all = append(all, number)
		}
	}
	if !found {
		if number, ok := plainNumber(text, area); ok {
			all = append(all, number)
		}
	}
	return all
}

// lowered keeps every byte where it is, which strings.ToLower does not.
func lowered(text string) string {
	b := []byte(text)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// nextAddress finds where the next address begins, after its scheme; -1: none.
func nextAddress(lower string, at int) (scheme string, next int) {
	next = -1
	for _, s := range [...]string{"sip:", "sips:", "tel:"} {
		i := strings.Index(lower[at:], s)
		if i < 0 || next >= 0 && at+i+len(s) >= next {
			continue
		}
		if before := at + i - 1; before >= 0 && isWord(lower[before]) {
			continue // the end of another word
		}
		scheme, next = s, at+i+len(s)
	}
	return scheme, next
}

func isWord(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' }

// userOf is the number part of an address: up to the host, without password
// and parameters. A sip address without a user has none.
func userOf(rest, scheme string) string {
	end := strings.IndexAny(rest, "> ,\t\r\n\"<?")
	if end >= 0 {
		rest = rest[:end]
	}
	if scheme != "tel:" {
		user, _, ok := strings.Cut(rest, "@")
		if !ok {
			return ""
		}
		rest = user
	}
	rest, _, _ = strings.Cut(rest, ";")
	rest, _, _ = strings.Cut(rest, ":")
	if plain, err := url.PathUnescape(rest); err == nil {
		return plain
	}
	return rest
}

// unquoted takes display names in quotes away, so that no name is taken for an
// address; a quote that is not closed hides the rest.
func unquoted(text string) string {
	var b strings.Builder
	quoted, escaped := false, false
	for i := range len(text) {
		c := text[i]
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
			b.WriteByte(' ')
		case !quoted:
			b.WriteByte(c)
		}
	}
	return b.String()
}

var separators = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "")

// plainNumber gives a number in the form in which two are compared: digits
// alone, without +86, 0086 and the city's own area code.
func plainNumber(text, area string) (string, bool) {
	s := separators.Replace(strings.TrimSpace(text))
	country := false
	for _, prefix := range [...]string{"+86", "0086"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			s, country = rest, true
			break
		}
	}
	s = strings.TrimPrefix(s, "+")
	if s == "" || len(s) > longestNumber || strings.Trim(s, "0123456789") != "" {
		return "", false
	}
	if area == "" {
		return s, true
	}
	if rest, ok := strings.CutPrefix(s, area); ok && len(rest) >= 3 {
		return rest, true
	}
	if rest, ok := strings.CutPrefix(s, area[1:]); ok && country && len(rest) >= 3 {
		return rest, true
	}
	return s, true
}
