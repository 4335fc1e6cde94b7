package rig

import (
	"bytes"
	"encoding/binary"
	"net"
	"sync"
)

// tap stands between a controller and Redis or Asterisk. It lets everything
// through, until a message comes that was waited for: then a story does what it
// wants to at exactly that moment, and the controller knows nothing of it.
type tap struct {
	addr, to string
	ln       net.Listener
	sockets  bool // may carry a websocket, whose client masks what it sends

	mu    sync.Mutex
	aim   *aim
	back  [][]byte // what came back since it was asked to be kept
	keeps bool
}

// keep keeps what comes back from now on; kept gives it.
func (t *tap) keep() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keeps = true
}

func (t *tap) kept() (messages []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, b := range t.back {
		messages = append(messages, string(b))
	}
	return messages
}

// aim is a message waited for.
type aim struct {
	Moment
	met    chan struct{} // closed when it came, or is waited for no more
	missed bool          // the latter; after met
	on     chan bool     // the message goes on, else the connection ends
}

func newAim(m Moment) *aim {
	return &aim{Moment: m, met: make(chan struct{}), on: make(chan bool, 1)}
}

func newTap(to string, sockets bool) (*tap, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &tap{addr: ln.Addr().String(), to: to, ln: ln, sockets: sockets}
	go t.accept()
	return t, nil
}

func (t *tap) accept() {
	for {
		client, err := t.ln.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", t.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		p := &pair{tap: t}
		go p.pump(server, client, p.sent)
		go p.pump(client, server, p.received)
	}
}

// set waits for a message, in place of what was waited for; nil: for none.
func (t *tap) set(a *aim) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.aim != nil {
		t.aim.missed = true
		close(t.aim.met)
	}
	t.aim = a
}

// meets gives the aim that the message meets, which is then no more.
func (t *tap) meets(back bool, message []byte) *aim {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.aim
	if a == nil || a.Back != back {
		return nil
	}
	for _, w := range a.Words {
		if !bytes.Contains(message, []byte(w)) {
			return nil
		}
	}
	t.aim = nil
	return a
}

// pair is one connection and its other half.
type pair struct {
	tap    *tap
	socket bool // a websocket by now
	rest   []byte
	mu     sync.Mutex
	due    *aim // he dies with the next answer
}

// pump copies what check lets through.
func (p *pair) pump(to, from net.Conn, check func([]byte) ([]byte, bool)) {
	defer func() {
		_ = to.Close()
		_ = from.Close()
	}()
	buf := make([]byte, 256<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			out, ok := check(buf[:n])
			if !ok {
				return
			}
			if _, err := to.Write(out); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *pair) sent(b []byte) ([]byte, bool) {
	if p.tap.sockets && !p.socket && bytes.Contains(b, []byte("Upgrade: websocket")) {
		p.socket = true
		return b, true
	}
	text := b
	if p.socket {
		p.rest = append(p.rest, b...)
		b, text, p.rest = frames(p.rest)
	}
	a := p.tap.meets(false, text)
	switch {
	case a == nil:
	case a.Done:
		p.mu.Lock()
		p.due = a
		p.mu.Unlock()
	default:
		return b, a.strike()
	}
	return b, true
}

func (p *pair) received(b []byte) ([]byte, bool) {
	p.mu.Lock()
	a := p.due
	p.due = nil
	p.mu.Unlock()
	p.tap.mu.Lock()
	if p.tap.keeps {
		p.tap.back = append(p.tap.back, bytes.Clone(b))
	}
	p.tap.mu.Unlock()
	if a == nil {
		a = p.tap.meets(true, b)
	}
	return b, a == nil || a.strike()
}

// strike has the message wait until it is told what becomes of it.
func (a *aim) strike() (on bool) {
	close(a.met)
	return <-a.on
}

// frames gives the whole websocket frames in b, what they say unmasked, and the
// rest.
func frames(b []byte) (whole, text, rest []byte) {
	at := 0
	for {
		h := b[at:]
		if len(h) < 2 {
			break
		}
		n, head := int(h[1]&0x7f), 2
		switch {
		case n == 126 && len(h) >= 4:
			n, head = int(binary.BigEndian.Uint16(h[2:])), 4
		case n == 127 && len(h) >= 10:
			n, head = int(binary.BigEndian.Uint64(h[2:])), 10
		case n >= 126:
			return bytes.Clone(b[:at]), text, b[at:]
		}
		if len(h) < head+4+n {
			break
		}
		mask := h[head : head+4]
		for i, c := range h[head+4 : head+4+n] {
			text = append(text, c^mask[i%4])
		}
		at += head + 4 + n
	}
	return bytes.Clone(b[:at]), text, bytes.Clone(b[at:])
}
