package phone

import (
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Identity is who a call says it comes from.
type Identity struct {
	// Number in the From header; empty sends a From without a user part.
	Number string
	// Name is the display name; empty sends none.
	Name string
	// Anonymous sends <sip:anonymous@anonymous.invalid> (RFC 3323) and ignores
	// the rest.
	Anonymous bool
	// Raw sends Number and Name byte for byte, line ends included: a test's way
	// to try header injection. Otherwise nothing leaves unescaped.
	Raw bool
}

// Header is one more header of an INVITE, for example Diversion.
type Header struct{ Name, Value string }

func (id Identity) from(host string) *sip.FromHeader {
	switch {
	case id.Anonymous:
		return fromHeader("Anonymous", "anonymous", "anonymous.invalid")
	case id.Raw:
		return fromHeader(id.Name, id.Number, host)
	}
	return fromHeader(quoteName(id.Name), escapeUser(id.Number), host)
}

func fromHeader(name, user, host string) *sip.FromHeader {
	return &sip.FromHeader{
		DisplayName: name,
		Address:     sip.Uri{Scheme: "sip", User: user, Host: host},
		Params:      sip.NewParams(),
	}
}

// header makes the SIP header; a line end in it is a mistake of the caller, who
// is told so unless raw is asked for.
func (h Header) header(raw bool) (sip.Header, error) {
	if !raw && (h.Name == "" || strings.ContainsAny(h.Name, " :\r\n") || strings.ContainsAny(h.Value, "\r\n")) {
		return nil, fmt.Errorf("header %q: a name has no space, colon or line end, a value no line end", h.Name)
	}
	return sip.NewHeader(h.Name, h.Value), nil
}

// escapeUser writes the user part of a SIP address: what RFC 3261 does not
// allow there bare is percent-encoded, '#' (as %23), ';' and '@' among it.
func escapeUser(user string) string {
	var b strings.Builder
	for i := range len(user) {
		c := user[i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("-_.!~*'()+", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

func unescapeUser(user string) string {
	var b strings.Builder
	for i := 0; i < len(user); i++ {
		var c byte
		if user[i] == '%' && i+2 < len(user) {
			if _, err := fmt.Sscanf(user[i+1:i+3], "%02x", &c); err == nil {
				b.WriteByte(c)
				i += 2
				continue
			}
		}
		b.WriteByte(user[i])
	}
	return b.String()
}

// quoteName escapes a display name for its quotes and drops control characters.
func quoteName(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r < ' ' || r == 0x7f {
			continue
		}
		if r == '"' || r == '\\' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
