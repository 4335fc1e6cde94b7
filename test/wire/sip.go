package wire

import (
	"bytes"
	"strconv"
)

// Message is as much of a SIP message as is looked at.
type Message struct {
	Method string // of a request; "" of an answer
	Status int    // of an answer
	User   string // of a request's URI
	CallID string
	CSeq   string // the method in CSeq
	Again  bool   // To has a tag: within a dialog
	Media  string // the address in the SDP
	Port   int    // the port in the SDP
}

// ParseSIP reads a SIP message; false when it is none.
func ParseSIP(b []byte) (m Message, ok bool) {
	first, rest, _ := bytes.Cut(b, []byte("\r\n"))
	words := bytes.Fields(first)
	if len(words) < 3 {
		return m, false
	}
	if bytes.HasPrefix(first, []byte("SIP/2.0")) {
		m.Status, _ = strconv.Atoi(string(words[1]))
	} else {
		m.Method = string(words[0])
		m.User = userOf(words[1])
	}
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		m.line(line)
	}
	return m, m.CallID != ""
}

func (m *Message) line(line []byte) {
	if len(line) > 2 && line[1] == '=' {
		words := bytes.Fields(line[2:])
		switch {
		case line[0] == 'c' && len(words) == 3:
			m.Media = string(words[2])
		case line[0] == 'm' && len(words) > 1:
			m.Port, _ = strconv.Atoi(string(words[1]))
		}
		return
	}
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimSpace(value)
	switch string(bytes.ToLower(name)) {
	case "call-id", "i":
		m.CallID = string(value)
	case "cseq":
		if _, method, found := bytes.Cut(value, []byte(" ")); found {
			m.CSeq = string(bytes.TrimSpace(method))
		}
	case "to", "t":
		m.Again = bytes.Contains(value, []byte(";tag="))
	}
}

func userOf(uri []byte) string {
	_, rest, _ := bytes.Cut(uri, []byte(":"))
	user, _, found := bytes.Cut(rest, []byte("@"))
	if !found {
		return ""
	}
	return string(user)
}
