package phone

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// String tells in plain English how the call ended.
func (e Ending) String() string {
	code := strings.TrimSpace(fmt.Sprintf("%d %s", e.Code, e.Reason))
	switch {
	case e.Err != nil && e.By == Nobody:
		return "failed: " + e.Err.Error()
	case e.Answered:
		who := map[Side]string{Us: "we hung up", Them: "they hung up"}[e.By]
		text := fmt.Sprintf("%s after %.1f s", who, e.Talked.Seconds())
		if e.Reason != "" {
			text += " (" + causeInWords(e.Reason) + ")"
		}
		return text
	case e.By == Us && e.Code == 302:
		return "we sent the caller elsewhere (302)"
	case e.By == Us && e.Code != 0 && e.Code != 487:
		return "we declined: " + code
	case e.By == Us:
		return "we gave up before the answer"
	case e.By == Them && e.Code == 487:
		return "the caller gave up before the answer"
	case e.By == Them:
		return "they declined: " + code
	}
	return "not yet"
}

// causeInWords says a Reason header's Q.850 cause (RFC 3326) in plain English;
// anything else stays as it came.
func causeInWords(reason string) string {
	rest, found := strings.CutPrefix(reason, "Q.850;cause=")
	if !found {
		return reason
	}
	cause, _, _ := strings.Cut(rest, ";")
	words := map[string]string{
		"16": "normal clearing", "17": "busy", "18": "no response", "19": "no answer", "20": "away",
		"21": "rejected", "26": "answered elsewhere", "27": "out of order", "34": "no circuit", "38": "network out of order",
		"41": "temporary failure", "42": "congestion", "44": "circuit gone", "58": "codec not available", "127": "failure",
	}
	if text := words[cause]; text != "" {
		return text
	}
	return "cause " + cause
}

// Narrate writes what happens in the call, a line an event, until it is over:
//
//   - 412 ms  answered
//
// With a library it also names the prompts heard, each time silence falls.
func Narrate(ctx context.Context, w io.Writer, c *Call, prompts *Library) error {
	heard := 0 * time.Second
	for e := range c.Events(ctx) {
		if prompts != nil && (e.Kind == Silence || e.Kind == Ended) {
			for _, line := range namePrompts(c, prompts, &heard, e.Kind == Ended) {
				if _, err := io.WriteString(w, line); err != nil {
					return err
				}
			}
		}
		text := e.Kind.String()
		switch e.Kind {
		case Dialled:
			text = "dialling " + withoutPIN(e.Number)
		case Offered:
			text = "call from " + orUnknown(e.Number)
		case KeySent:
			text = fmt.Sprintf("key %c sent", e.Key)
		case KeyHeard:
			text = fmt.Sprintf("key %c heard", e.Key)
		case Ended:
			text = "ended: " + c.Ending().String()
		}
		if _, err := io.WriteString(w, line(e.At, text)); err != nil {
			return err
		}
	}
	return nil
}

func line(at time.Duration, text string) string {
	return fmt.Sprintf("+%6d ms  %s\n", at.Milliseconds(), text)
}

// withoutPIN hides what follows the staff number in a sign-in code, *1001#PIN.
func withoutPIN(number string) string {
	if code, pin, found := strings.Cut(number, "#"); found && pin != "" && strings.HasPrefix(code, "*") {
		return code + "#****"
	}
	return number
}

func orUnknown(number string) string {
	if number == "" {
		return "an unknown number"
	}
	return number
}

// namePrompts names what was heard since the last time, and moves that time on. A
// prompt that may only be drawing breath is left for the next time, unless the
// call is over.
func namePrompts(c *Call, prompts *Library, since *time.Duration, over bool) []string {
	h := c.HeardSince(*since)
	next := h.Time(len(h.Samples))
	var lines []string
	for _, m := range prompts.Identify(h.Samples) {
		if rest := duration(len(h.Samples)) - m.At - m.Length; !over && !m.Whole && rest < time.Second {
			next = h.At + m.At
			break
		}
		text := fmt.Sprintf("heard %q", m.Name)
		if !m.Whole {
			text += fmt.Sprintf(", the first %.1f s of it", m.Length.Seconds())
		}
		lines = append(lines, line(h.At+m.At, text))
	}
	*since = next
	return lines
}
