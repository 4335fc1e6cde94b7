package ari

import (
	"errors"
	"strings"
	"time"

	lib "github.com/CyCoreSystems/ari/v5"
)

// typeOf finds an event's type without reading the rest; Asterisk sends it
// first.
func typeOf(raw string) Type {
	p := scanner{s: raw}
	for name := range p.fields {
		if name == "type" {
			return Type(p.str())
		}
		p.skip()
	}
	return ""
}

// decode reads an event. Fields it does not know are passed over, fields of a
// surprising kind are reported as "Type.field" and passed over.
func decode(raw string, t Type, odd func(what string)) *Event {
	e := &Event{Type: t, raw: raw}
	p := scanner{s: raw, odd: func(field string) { odd(string(t) + "." + field) }}
	for name := range p.fields {
		switch name {
		case "timestamp":
			e.Time = p.time()
		case "channel", "peer":
			e.subject(&p, name)
		case "replace_channel":
			e.Replaces = p.id()
		case "bridge":
			e.Bridge = p.id()
		case "playback":
			p.playback(&e.Playback)
		case "recording":
			p.recording(&e.Recording)
		case "endpoint":
			p.endpoint(&e.Endpoint)
		case "contact_info":
			e.Endpoint.Contact = p.member("contact_status")
		case "args":
			e.Args = p.strs()
		case "digit":
			e.Digit = p.str()
		case "duration_ms", "duration":
			e.Duration = time.Duration(p.num()) * time.Millisecond
		case "cause":
			e.Cause = p.num()
		case "cause_txt":
			e.CauseText = p.str()
		case "soft":
			e.Soft = p.skip() == "true"
		case "dialstatus":
			e.DialStatus = p.str()
		case "variable", "eventname":
			e.Name = p.str()
		case "value":
			e.Value = p.str()
		default:
			p.skip()
		}
	}
	if p.broken {
		odd(string(t) + ".")
	}
	return e
}

// subject reads the channel an event is about. "peer" is the called channel in
// a Dial, and a SIP peer in a PeerStatusChange.
func (e *Event) subject(p *scanner, name string) {
	if name == "peer" && e.Type == PeerStatusChange {
		e.Endpoint.Contact = p.member("peer_status")
		return
	}
	p.channel(&e.Channel)
}

// decodeChannels reads the list of GET /channels.
func decodeChannels(raw string) (list []Channel, err error) {
	p := scanner{s: raw}
	for range p.items {
		var c Channel
		p.channel(&c)
		list = append(list, c)
	}
	if p.broken {
		return nil, errors.New("ari: channel.list: Asterisk's answer is cut off")
	}
	return list, nil
}

func (p *scanner) channel(c *Channel) {
	for name := range p.fields {
		switch name {
		case "id":
			c.ID = p.str()
		case "name":
			c.Name = p.str()
		case "state":
			c.State = p.str()
		case "caller":
			p.party(&c.Caller)
		case "connected":
			p.party(&c.Connected)
		case "accountcode":
			c.Account = p.str()
		case "language":
			c.Language = p.str()
		case "creationtime":
			c.Created = p.time()
		case "dialplan":
			p.position(&c.Dialplan)
		default:
			p.skip()
		}
	}
}

func (p *scanner) party(v *Party) {
	for name := range p.fields {
		switch name {
		case "name":
			v.Name = p.str()
		case "number":
			v.Number = p.str()
		default:
			p.skip()
		}
	}
}

func (p *scanner) position(d *Position) {
	for name := range p.fields {
		switch name {
		case "context":
			d.Context = p.str()
		case "exten":
			d.Exten = p.str()
		case "priority":
			d.Priority = p.num()
		case "app_name":
			d.App = p.str()
		case "app_data":
			d.AppData = p.str()
		default:
			p.skip()
		}
	}
}

func (p *scanner) playback(v *PlaybackState) {
	for name := range p.fields {
		switch name {
		case "id":
			v.ID = p.str()
		case "state":
			v.State = p.str()
		case "media_uri":
			v.Media = p.str()
		case "target_uri":
			v.Target = p.target()
		default:
			p.skip()
		}
	}
}

func (p *scanner) recording(v *LiveRecording) {
	for name := range p.fields {
		switch name {
		case "name":
			v.Name = p.str()
		case "format":
			v.Format = p.str()
		case "state":
			v.State = p.str()
		case "target_uri":
			v.Target = p.target()
		case "duration":
			v.Length = time.Duration(p.num()) * time.Second
		case "cause":
			v.Cause = p.str()
		default:
			p.skip()
		}
	}
}

func (p *scanner) endpoint(v *EndpointState) {
	for name := range p.fields {
		switch name {
		case "technology":
			v.Technology = p.str()
		case "resource":
			v.Resource = p.str()
		case "state":
			v.State = p.str()
		default:
			p.skip()
		}
	}
}

// id reads an object of which only the id matters.
func (p *scanner) id() string { return p.member("id") }

// member reads an object of which only one field matters.
func (p *scanner) member(wanted string) (s string) {
	for name := range p.fields {
		if name == wanted {
			s = p.str()
		} else {
			p.skip()
		}
	}
	return s
}

// target reads "channel:id" or "bridge:id" and gives the id.
func (p *scanner) target() string {
	_, id, _ := strings.Cut(p.str(), ":")
	return id
}

func (p *scanner) strs() (list []string) {
	for range p.items {
		list = append(list, p.str())
	}
	return list
}

// time reads a moment in ARI's notation.
func (p *scanner) time() time.Time {
	s := p.str()
	t, err := time.Parse(lib.DateFormat, s)
	if err != nil {
		if s != "" && p.odd != nil {
			p.odd(p.at)
		}
		return time.Time{}
	}
	return t.UTC()
}
