package guard

import (
	"net/netip"
	"regexp"
	"strings"
)

// event is what a line of security.log says.
type event struct {
	why   string // "" where nothing was refused
	right bool   // the right password was shown
	from  netip.Addr
	// nobody tells that the password was held against no account of ours.
	nobody bool
	text   string
}

// parse reads a line of security.log. Lines that say nothing of interest are not ok.
func parse(line string) (e event, ok bool) {
	_, said, found := strings.Cut(line, "] ")
	if !found {
		return e, false
	}
	e.text = said
	switch {
	case strings.HasPrefix(said, "SECURITY["):
		return e.security()
	case strings.HasPrefix(said, "NOTICE[") && refusedLine.MatchString(said):
		e.why = Outside
		return e, true
	}
	return e, false
}

// refusedLine is what extensions.conf logs in [refused].
var refusedLine = regexp.MustCompile(`^NOTICE\[\d+\](?:\[C-[0-9a-f]+\])? Ext\. .{1,120}: refused: PJSIP/`)

// security reads an event. What a stranger sent (his Call-ID, his answer) stands in
// the line unescaped; where he wrote an address of his own into it, his own cannot
// be told.
func (e event) security() (event, bool) {
	_, kind, _ := strings.Cut(e.text, `SecurityEvent="`)
	kind, _, _ = strings.Cut(kind, `"`)
	switch kind {
	case "ChallengeResponseFailed", "InvalidPassword":
		e.why, e.nobody = Password, strings.Contains(e.text, `,AccountID="<unknown>",`)
	case "InvalidAccountID":
		e.why = Account
	case "FailedACL":
		e.why = ShutOut
	case "SuccessfulAuth":
		e.right = true
	default:
		return e, false
	}
	const mark = `,RemoteAddress="`
	if strings.Count(e.text, mark) != 1 || strings.Count(e.text, "SecurityEvent=") != 1 {
		return event{why: Forged, text: e.text}, true
	}
	_, address, _ := strings.Cut(e.text, mark)
	address, _, _ = strings.Cut(address, `"`)
	parts := strings.Split(address, "/") // IPV4/UDP/127.0.0.3/42499
	if len(parts) == 4 {
		if a, err := netip.ParseAddr(parts[2]); err == nil {
			e.from = a.Unmap()
		}
	}
	return e, true
}
