package hotline_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"hotline"
)

// What the network sends as who calls, and the number that it is.
func TestParsePhone(t *testing.T) {
	for raw, want := range map[string]string{
		"+86 550 1234-5678": "+8655012345678", "00865501234567": "+865501234567", "05501234567": "+865501234567",
		"8001": "8001", "00012345678": "00012345678", "0044123456": "+44123456", "(0550)1234567": "+865501234567",
		"anonymous": "", "": "", "12345;DROP": "", "８００１": "", strings.Repeat("1", 19): "",
	} {
		if got := hotline.ParsePhone(raw).Number; got != want {
			t.Errorf("%q is %q, want %q", raw, got, want)
		}
	}
}

// Whatever a network sends as who calls, it becomes digits or no number, and what
// is kept of it can be printed.
func FuzzParsePhone(f *testing.F) {
	for _, seed := range []string{"+86 550 1234-5678", "0086550", "8001", "anonymous", "\x00\r\n", "\xff+1", "＋86", "+", "00", "000", "()- ", strings.Repeat("长", 100)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		p := hotline.ParsePhone(raw)
		if strings.Trim(strings.TrimPrefix(p.Number, "+"), "0123456789") != "" || len(p.Number) > 22 || p.Number == "+" {
			t.Errorf("%q gives the number %q", raw, p.Number)
		}
		if !utf8.ValidString(p.Raw) || utf8.RuneCountInString(p.Raw) > 64 || strings.ContainsFunc(p.Raw, unicode.IsControl) {
			t.Errorf("%q is kept as %q", raw, p.Raw)
		}
	})
}
