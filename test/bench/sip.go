package main

import (
	"bytes"
	"strconv"
)

// message is as much of a SIP message as the bench looks at.
type message struct {
	method string // of a request; "" of an answer
	status int    // of an answer
	user   string // of a request's URI
	callID string
	cseq   string // the method in CSeq
	again  bool   // To has a tag: within a dialog
	media  string // the address in the SDP
	port   int    // the port in the SDP
}

// parseSIP reads a SIP message; false when it is none.
func parseSIP(b []byte) (m message, ok bool) {
	first, rest, _ := bytes.Cut(b, []byte("\r\n"))
	words := bytes.Fields(first)
	if len(words) < 3 {
		return m, false
	}
	if bytes.HasPrefix(first, []byte("SIP/2.0")) {
		m.status, _ = strconv.Atoi(string(words[1]))
	} else {
		m.method = string(words[0])
		m.user = userOf(words[1])
	}
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		m.line(line)
	}
	return m, m.callID != ""
}

func (m *message) line(line []byte) {
	if len(line) > 2 && line[1] == '=' {
		words := bytes.Fields(line[2:])
		switch {
		case line[0] == 'c' && len(words) == 3:
			m.media = string(words[2])
		case line[0] == 'm' && len(words) > 1:
			m.port, _ = strconv.Atoi(string(words[1]))
		}
		return
	}
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimSpace(value)
	switch string(bytes.ToLower(name)) {
	case "call-id", "i":
		m.callID = string(value)
	case "cseq":
		if _, method, found := bytes.Cut(value, []byte(" ")); found {
			m.cseq = string(bytes.TrimSpace(method))
		}
	case "to", "t":
		m.again = bytes.Contains(value, []byte(";tag="))
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
