package ari

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	lib "github.com/CyCoreSystems/ari/v5"
)

// recorded are events as a real Asterisk 22.10.1 sent them, and a few of kinds
// that are hard to bring about, written after its API description.
func recorded(t testing.TB) []string {
	b, err := os.ReadFile("testdata/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

// oracle reads the same events with the library's types and encoding/json.
type oracle struct {
	lib.EventData
	Channel        lib.ChannelData
	Peer           json.RawMessage
	ReplaceChannel lib.ChannelData `json:"replace_channel"`
	Bridge         lib.BridgeData
	Playback       lib.PlaybackData
	Recording      lib.LiveRecordingData
	Endpoint       lib.EndpointData
	Args           []string
	Digit          string
	DurationMs     int `json:"duration_ms"`
	Duration       int
	Cause          int
	CauseTxt       string `json:"cause_txt"`
	Soft           bool
	Dialstatus     string
	Variable       string
	Value          string
}

func TestScannerReadsWhatTheLibraryReads(t *testing.T) {
	for _, raw := range recorded(t) {
		var o oracle
		if err := json.Unmarshal([]byte(raw), &o); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
		kind := typeOf(raw)
		e := decode(raw, kind, func(what string) { t.Errorf("odd: %s in %s", what, raw) })
		if kind == Dial {
			if err := json.Unmarshal(o.Peer, &o.Channel); err != nil {
				t.Fatal(err)
			}
		}
		same(t, raw, "type", string(e.Type), o.Type)
		same(t, raw, "known", kind.known(), true)
		same(t, raw, "time", e.Time, time.Time(o.Timestamp).UTC())
		sameChannel(t, raw, e.Channel, o.Channel)
		same(t, raw, "replaces", e.Replaces, o.ReplaceChannel.ID)
		same(t, raw, "bridge", e.Bridge, o.Bridge.ID)
		same(t, raw, "playback", e.Playback, PlaybackState{o.Playback.ID, o.Playback.State, o.Playback.MediaURI, after(o.Playback.TargetURI)})
		same(t, raw, "recording", e.Recording, LiveRecording{o.Recording.Name, o.Recording.Format, o.Recording.State,
			after(o.Recording.TargetURI), time.Duration(o.Recording.Duration), o.Recording.Cause})
		same(t, raw, "endpoint", e.Endpoint.ID(), strings.Trim(o.Endpoint.Technology+"/"+o.Endpoint.Resource, "/"))
		same(t, raw, "args", fmt.Sprint(e.Args), fmt.Sprint(o.Args))
		same(t, raw, "digit", e.Digit, o.Digit)
		same(t, raw, "duration", e.Duration, time.Duration(o.DurationMs+o.Duration)*time.Millisecond)
		same(t, raw, "cause", e.Cause, o.Cause)
		same(t, raw, "cause text", e.CauseText, o.CauseTxt)
		same(t, raw, "soft", e.Soft, o.Soft)
		same(t, raw, "dial status", e.DialStatus, o.Dialstatus)
		same(t, raw, "name", e.Name, o.Variable)
		same(t, raw, "value", e.Value, o.Value)
		if whole, err := e.Decode(); err != nil || whole.GetType() != o.Type {
			t.Errorf("the library reads the whole event: %v %v", whole, err)
		}
	}
}

func sameChannel(t *testing.T, raw string, c Channel, o lib.ChannelData) {
	t.Helper()
	if o.ID == "" {
		same(t, raw, "channel", c, Channel{})
		return
	}
	same(t, raw, "channel id", c.ID, o.ID)
	same(t, raw, "channel name", c.Name, o.Name)
	same(t, raw, "state", c.State, o.State)
	same(t, raw, "account", c.Account, o.Accountcode)
	same(t, raw, "caller", c.Caller, Party{o.Caller.Name, o.Caller.Number})
	same(t, raw, "connected", c.Connected, Party{o.Connected.Name, o.Connected.Number})
	same(t, raw, "created", c.Created.Unix(), o.Creationtime.Seconds)
	d := c.Dialplan
	same(t, raw, "dialplan", fmt.Sprint(d.Context, d.Exten, d.Priority), fmt.Sprint(o.Dialplan.Context, o.Dialplan.Exten, o.Dialplan.Priority))
}

func same[T comparable](t *testing.T, raw, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, the library reads %v in %s", what, got, want, raw)
	}
}

func after(uri string) string {
	_, id, _ := strings.Cut(uri, ":")
	return id
}

func TestTypesAreTheLibrarys(t *testing.T) {
	theirs := map[string]bool{}
	all := reflect.ValueOf(lib.Events)
	for i := range all.NumField() {
		theirs[all.Field(i).String()] = true
	}
	// Not handed over: what a hotline has no use for, and what Conn reads itself.
	for _, name := range []string{"all", "ApplicationReplaced", "ApplicationMoveFailed", "BridgeVideoSourceChanged",
		"ContactInfo", "DeviceStateChanged", "MissingParams", "Peer", "TextMessageReceived"} {
		delete(theirs, name)
	}
	for _, name := range slices.Sorted(maps.Keys(theirs)) {
		if !Type(name).known() {
			t.Errorf("the library knows %s, we do not", name)
		}
	}
}

func TestSurprisesAreCountedAndSkipped(t *testing.T) {
	for name, c := range map[string]struct {
		raw  string
		odd  []string
		then func(*Event) bool
	}{
		"numbers for strings":    {`{"type":"StasisStart","channel":{"id":7,"name":"n"},"args":["a"]}`, []string{"StasisStart.id"}, func(e *Event) bool { return e.Channel.ID == "" && e.Channel.Name == "n" && e.Args[0] == "a" }},
		"a string for an object": {`{"channel":"c","cause":16}`, []string{"T.channel"}, func(e *Event) bool { return e.Cause == 16 }},
		"an object for a number": {`{"cause":{"a":[1,{"b":2}]},"digit":"5"}`, []string{"T.cause"}, func(e *Event) bool { return e.Digit == "5" }},
		"an object for a list":   {`{"args":{"a":1},"digit":"5"}`, []string{"T.args"}, func(e *Event) bool { return e.Digit == "5" }},
		"null is none":           {`{"channel":null,"args":null,"cause":null,"timestamp":null,"digit":"5"}`, nil, func(e *Event) bool { return e.Digit == "5" }},
		"a time that is none":    {`{"timestamp":"yesterday","digit":"5"}`, []string{"T.timestamp"}, func(e *Event) bool { return e.Digit == "5" && e.Time.IsZero() }},
		"fields of tomorrow":     {`{"new":{"deep":[[[{"x":"]}"}]]]},"digit":"5"}`, nil, func(e *Event) bool { return e.Digit == "5" }},
		"a fraction":             {`{"duration_ms":12.7e1,"digit":"5"}`, nil, func(e *Event) bool { return e.Duration == 12*time.Millisecond && e.Digit == "5" }},
		"cut off":                {`{"digit":"5","channel":{"id":"c","na`, []string{"T."}, func(e *Event) bool { return e.Digit == "5" && e.Channel.ID == "c" }},
		"not JSON":               {`<html>`, []string{"T."}, func(e *Event) bool { return true }},
	} {
		t.Run(name, func(t *testing.T) {
			kind := typeOf(c.raw)
			if kind == "" {
				kind = "T"
			}
			var odd []string
			e := decode(c.raw, kind, func(what string) { odd = append(odd, what) })
			if name == "not JSON" && len(odd) > 0 {
				odd = odd[len(odd)-1:]
			}
			if !slices.Equal(odd, c.odd) || !c.then(e) {
				t.Errorf("odd %v, want %v; event %+v", odd, c.odd, e)
			}
		})
	}
}

// skips is a Meter that keeps what was skipped.
type skips struct {
	silent
	what []string
}

func (s *skips) Skipped(what string) { s.what = append(s.what, what) }

func TestUnknownEventsAreCountedAndSkipped(t *testing.T) {
	seen := &skips{}
	c := &Conn{cfg: Config{Meter: seen}, owners: map[string]*Mailbox{}, handle: func(_ *Conn, e *Event) {
		t.Errorf("handed over: %+v", e)
	}}
	for _, raw := range []string{`{"type":"ChannelTransfer","channel":{"id":"c"}}`, `{"late":{"type":"Dial"},"type":"Tomorrow"}`,
		`{"type":7}`, `[]`, ``, `{"type":"ApplicationRegistered"}`, `{"type":"RESTResponse","request_id":"none"}`} {
		if err := c.accept(raw); err != nil {
			t.Errorf("%s ended the connection: %v", raw, err)
		}
	}
	if want := []string{"ChannelTransfer", "Tomorrow", "", "", ""}; !slices.Equal(seen.what, want) {
		t.Errorf("skipped %q, want %q", seen.what, want)
	}
}

// FuzzDecode holds the scanner against encoding/json: it never panics, and of a
// valid object it reads every field.
func FuzzDecode(f *testing.F) {
	for _, raw := range recorded(f) {
		f.Add(raw)
	}
	f.Add(`{"type":"RESTResponse","request_id":"7","status_code":200,"message_body":"{\"a\":1}"}`)
	f.Add(`{"a":[1,2,{"b":null}],"c":"é\n","c":-0.5e3}`)
	f.Fuzz(func(t *testing.T, raw string) {
		kind := typeOf(raw)
		_ = decode(raw, kind, func(string) {})
		_ = decodeAnswer(raw)
		_, _ = decodeChannels(raw)
		var whole map[string]json.RawMessage
		if json.Unmarshal([]byte(raw), &whole) != nil || whole == nil || !utf8.ValidString(raw) {
			return // of what is no UTF-8 the two may make different names
		}
		p := scanner{s: raw}
		seen := map[string]string{}
		for name := range p.fields {
			seen[name] = p.skip()
		}
		if p.broken || len(seen) != len(whole) {
			t.Fatalf("read %d fields of %d, broken %v", len(seen), len(whole), p.broken)
		}
		for name, value := range whole {
			if seen[name] != strings.TrimSpace(string(value)) {
				t.Fatalf("%q is %q, want %q", name, seen[name], value)
			}
			var text string
			if json.Unmarshal(value, &text) == nil && string(value) != "null" {
				s := scanner{s: string(value)}
				if got := s.str(); strings.ToValidUTF8(got, "\ufffd") != strings.ToValidUTF8(text, "\ufffd") {
					t.Fatalf("string %q, want %q", got, text)
				}
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	events := recorded(b)
	each := func(b *testing.B, read func(raw string)) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			read(events[n%len(events)])
		}
	}
	b.Run("scanner", func(b *testing.B) {
		each(b, func(raw string) { _ = decode(raw, typeOf(raw), func(string) {}) })
	})
	b.Run("library", func(b *testing.B) {
		each(b, func(raw string) { _, _ = lib.DecodeEvent([]byte(raw)) })
	})
	b.Run("flat-struct", func(b *testing.B) {
		each(b, func(raw string) {
			var o oracle
			_ = json.Unmarshal([]byte(raw), &o)
		})
	})
}

// BenchmarkDispatch is all that an event costs on the reader's goroutine after
// it has been read, with two thousand calls watching six ids each.
func BenchmarkDispatch(b *testing.B) {
	events := recorded(b)
	c := &Conn{cfg: Config{Meter: silent{}}, owners: map[string]*Mailbox{}, handle: func(*Conn, *Event) {}}
	for call := range 2000 {
		m := NewMailbox(64)
		for id := range 6 {
			c.Watch(m, fmt.Sprintf("%d.%d", call, id))
		}
	}
	mine := NewMailbox(64)
	for _, raw := range events {
		e := decode(raw, typeOf(raw), func(string) {})
		if e.Channel.ID != "" {
			c.Watch(mine, e.Channel.ID)
		}
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		_ = c.accept(events[n%len(events)])
		select {
		case <-mine.Events():
		default:
		}
	}
}
