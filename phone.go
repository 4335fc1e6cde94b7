package hotline

import (
	"strings"
	"unicode"
)

// Phone is a telephone number as far as it is known: E.164 with a plus, an
// extension (up to six digits), or none. The raw header is kept beside it.
type Phone struct {
	Number string `json:"number"` // "+8655012345678", "8001", or "" when withheld or unusable
	Raw    string `json:"raw"`    // what the network sent, at most 64 characters, made printable
}

const longestRaw = 64

// ParsePhone makes a Phone from what the network sent in a caller id. It knows
// +86, 0086, trunk prefixes and Chinese area codes as digits; anything that is
// not a number (anonymous, empty, injected text) gives a Phone without Number.
func ParsePhone(raw string) Phone {
	p := Phone{Raw: printable(raw)}
	s := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "").Replace(p.Raw)
	plus := strings.HasPrefix(s, "+")
	s = strings.TrimPrefix(s, "+")
	if s == "" || len(s) > 18 || strings.Trim(s, "0123456789") != "" {
		return p
	}
	switch {
	case plus:
		p.Number = "+" + s
	case strings.HasPrefix(s, "0086"):
		p.Number = "+" + s[2:]
	case len(s) <= 6:
		p.Number = s
	case strings.HasPrefix(s, "000"):
		// 000 is nobody's prefix: demo and test numbers, kept as they are.
		p.Number = s
	case strings.HasPrefix(s, "00"):
		p.Number = "+" + s[2:]
	case strings.HasPrefix(s, "0"):
		p.Number = "+86" + s[1:]
	default:
		p.Number = "+86" + s
	}
	return p
}

func printable(raw string) string {
	s := strings.Map(func(r rune) rune {
		if r == 0xfffd || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, raw)
	if rs := []rune(s); len(rs) > longestRaw {
		return string(rs[:longestRaw])
	}
	return s
}
