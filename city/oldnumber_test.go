package city

import (
	"slices"
	"strings"
	"testing"
)

// What the network sends for a call through an old number, and what is read in
// it. 8102 is the water company's extension here.
func TestOldNumbersAreReadInHeaders(t *testing.T) {
	c := shipped(t)
	for _, row := range []struct {
		says    string
		headers []string
		want    string // hotline; "" none
	}{
		{"dialled", []string{"8102"}, "zilaishui"},
		{"dialled with area code", []string{"05508102"}, "zilaishui"},
		{"dialled from abroad", []string{"+865508102"}, "zilaishui"},
		{"the same with 0086", []string{"00865508102"}, "zilaishui"},
		{"our own number", []string{"12345"}, ""},
		{"To", []string{"12345", "", "", "<sip:8102@127.0.0.1>"}, "zilaishui"},
		{"To with a name", []string{"", `"Water, old" <sip:8102@127.0.0.1;user=phone>;tag=1`}, "zilaishui"},
		{"a name that looks like an address", []string{`"<sip:8103@a>" <sip:8102@a>`}, "zilaishui"},
		{"a name in quotes with a quote", []string{`"a \"sip:8103@a\" b" <sip:8102@a>`}, "zilaishui"},
		{"Diversion", []string{"12345", "<sip:8102@pbx.invalid>;reason=unconditional;counter=1"}, "zilaishui"},
		{"two diversions, the first unknown", []string{"<sip:000123@a>;reason=user-busy, <sip:8102@a>;reason=unconditional"}, "zilaishui"},
		{"History-Info", []string{"<sip:12345@a?Reason=SIP%3Bcause%3D302>;index=1.1,<sips:8102@a;p=\"x\">;index=1"}, "zilaishui"},
		{"tel", []string{"<tel:+86-550-8102;phone-context=x>"}, "zilaishui"},
		{"upper case", []string{"<SIP:8102@A>"}, "zilaishui"},
		{"parameters in the user", []string{"<sip:8102;phone-context=+86550@a;user=phone>"}, "zilaishui"},
		{"a password in the user", []string{"<sip:8102:secret@a>"}, "zilaishui"},
		{"per cent", []string{"<sip:%38102@a>"}, "zilaishui"},
		{"no user", []string{"<sip:8102>"}, ""},
		{"another word", []string{"gossip:8102@a"}, ""},
		{"words", []string{"anonymous", "Anonymous <sip:anonymous@anonymous.invalid>"}, ""},
		{"cut off", []string{"<sip:8102"}, ""},
		{"a quote left open", []string{`"sip:8102@a`}, ""},
		{"the strongest first", []string{"8103", "<sip:8102@a>"}, "ludeng"},
		{"line ends", []string{"8102\r\nX-Evil: 1"}, ""},
		{"nothing", nil, ""},
	} {
		t.Run(row.says, func(t *testing.T) {
			key, ok := c.OldNumber(row.headers...)
			if string(key) != row.want || ok != (row.want != "") {
				t.Errorf("%q gives %q", row.headers, key)
			}
		})
	}
}

// Each of the 26 has an extension of its own.
func TestEachHotlineHasItsExtension(t *testing.T) {
	c := shipped(t)
	for _, h := range c.Hotlines {
		if key, ok := c.OldNumber("12345", "<sip:"+h.Extension+"@127.0.0.1>"); !ok || key != h.Key {
			t.Errorf("%s of %s gives %q", h.Extension, h.Key, key)
		}
	}
	if len(c.OldNumbers) != 26 {
		t.Errorf("%d numbers", len(c.OldNumbers))
	}
}

// Whatever a network sends, reading it ends, and gives plain digits.
func FuzzOldNumber(f *testing.F) {
	for _, seed := range []string{
		`"a" <sip:8102@a>`, "<tel:+86-550-8102>", "sip:sip:sip:", `"\`, "%zz", "sips:%38102@",
		strings.Repeat("sip:1@,", 100), strings.Repeat("\"", 5000),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		numbers := numbersIn(header, "0550")
		if len(numbers) > mostNumbers {
			t.Errorf("%d numbers", len(numbers))
		}
		if slices.ContainsFunc(numbers, func(n string) bool {
			return n == "" || len(n) > longestNumber || strings.Trim(n, "0123456789") != ""
		}) {
			t.Errorf("%q gives %q", header, numbers)
		}
	})
}
