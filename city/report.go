package city

import (
	"fmt"
	"strings"
	"time"

	"hotline"
)

// Report is what hotline check prints: each flow as a tree with its seconds,
// and what the operator should know though it is no fault.
type Report struct {
	Language string
	Flows    []FlowReport
	Warnings []string
}

// FlowReport tells how a call goes in one flow, with seconds from the moment it
// is answered, computed from the sounds.
type FlowReport struct {
	Name    string
	Where   string // its file
	OnAgent bool
	First   Spoken // greeting with notice, or what is said while an agent is sought
	Old     Spoken // the first words of a call through an old number
	Menu    *Level // nil: straight to a person
	Sought  time.Duration
	// After so long a caller who presses 0 when he hears it, or nothing at all,
	// waits for a person. Without a menu both are Sought.
	Zero, Silent time.Duration
	Reached      []Reach           // every hotline, in the order of the menus
	Duty         []hotline.PhoneID // telephones on duty that ring as well
	Codes        []string          // keys that work without a word while a caller waits, a line for each group
}

// Spoken is something said in one go.
type Spoken struct {
	Words string
	Took  time.Duration
}

// Level is one menu.
type Level struct {
	Step    string
	At      time.Duration // when it begins, for a caller who heard what led here
	Took    time.Duration
	Wait    time.Duration // silence after it
	Choices []Option
}

// Option is a choice of a menu.
type Option struct {
	Keys    string        // all keys so far, e.g. "21"
	Words   string        // said for it; "" it works silently
	At      time.Duration // when its words are said to the end: the earliest a caller can choose it who does not know it
	Goal    string        // what it leads to, for people: a step, or a hotline with its queue
	Hotline hotline.HotlineKey
	Next    *Level // the menu it opens
}

// Reach is how a hotline is reached.
type Reach struct {
	Hotline hotline.HotlineKey
	Name    string
	Keys    string
	After   time.Duration
	Queue   hotline.QueueKey
}

// String prints the report for people.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Seconds from the answer until a choice has been said to the end (language %s).\n", r.Language)
	b.WriteString("Keys work at once, also ahead: whoever knows them need not wait.\n")
	for _, f := range r.Flows {
		f.print(&b)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "\nwarning: %s\n", w)
	}
	return b.String()
}

func (f FlowReport) print(b *strings.Builder) {
	answered := "answered at once"
	if f.OnAgent {
		answered = "answered when an agent is found"
	}
	fmt.Fprintf(b, "\nflow %s (%s), %s\n", f.Name, f.Where, answered)
	f.First.print(b, "first words")
	f.Old.print(b, "old number")
	if f.Menu == nil {
		fmt.Fprintf(b, "%7.1f  an agent is sought; no menu\n", f.Sought.Seconds())
		f.besides(b)
		return
	}
	f.Menu.print(b, "")
	f.last(b)
	f.besides(b)
	fmt.Fprintf(b, "a person is sought after %.1f s with 0, after %.1f s without a key\n", f.Zero.Seconds(), f.Silent.Seconds())
}

// besides is what works without a word, and who rings besides the agents.
func (f FlowReport) besides(b *strings.Builder) {
	for _, phone := range f.Duty {
		fmt.Fprintf(b, "         on duty      telephone %s rings as well\n", phone)
	}
	for _, line := range f.Codes {
		fmt.Fprintf(b, "         silently     %s\n", line)
	}
}

func (s Spoken) print(b *strings.Builder, what string) {
	if s.Words != "" {
		fmt.Fprintf(b, "%7.1f  %-11s  %s  (%.1f s)\n", 0.0, what, s.Words, s.Took.Seconds())
	}
}

func (l *Level) print(b *strings.Builder, indent string) {
	fmt.Fprintf(b, "%7.1f  %smenu %s: %.1f s, %d choices, then %.0f s of silence are a person\n",
		l.At.Seconds(), indent, l.Step, l.Took.Seconds(), len(l.Choices), l.Wait.Seconds())
	for _, o := range l.Choices {
		words := strings.TrimRight(o.Words, "，。")
		if words == "" {
			words = "(silently)"
		}
		fmt.Fprintf(b, "%7.1f  %s  %-2s  %s → %s\n", o.At.Seconds(), indent, o.Keys, words, o.Goal)
		if o.Next != nil {
			o.Next.print(b, indent+"      ")
		}
	}
}

// last sums up: how many hotlines, with how many keys, and the slowest.
func (f FlowReport) last(b *strings.Builder) {
	slowest, keys := Reach{}, 0
	for _, r := range f.Reached {
		keys = max(keys, len(r.Keys))
		if r.After >= slowest.After {
			slowest = r
		}
	}
	fmt.Fprintf(b, "%d hotlines in %d keys at most; the last can be chosen after %.1f s (%s)\n",
		len(f.Reached), keys, slowest.After.Seconds(), slowest.Hotline)
}
