package main

import (
	"encoding/binary"

	"hotline/test/wire"
)

// mark begins the payload of the few packets that an agent "says" when he has
// answered; a citizen who hears one has been joined to him. No sound of ours
// begins so.
const mark = 0x12345A5A

// openSound opens where everybody hears – every packet is dropped by the
// kernel at once, so that nothing answers "unreachable" and nobody reads 25,000
// packets a second – and where the agents speak from.
func (w *world) openSound() error {
	var err error
	if w.ear, err = wire.Deaf("0.0.0.0", w.soundPort); err != nil {
		return err
	}
	w.mouth, err = wire.Deaf(agentIP, 0)
	return err
}

// marker is a packet of PCMA silence that begins with mark and who says it.
func marker(seq uint16, who uint32) []byte {
	b := make([]byte, 12+160)
	b[0], b[1] = 0x80, 8
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], uint32(seq)*160)
	binary.BigEndian.PutUint32(b[8:], who)
	for i := 12; i < len(b); i++ {
		b[i] = 0xD5
	}
	binary.BigEndian.PutUint32(b[12:], mark)
	binary.BigEndian.PutUint32(b[16:], who)
	return b
}

// marked reads a packet that marker made.
func marked(b []byte) (who uint32, ok bool) {
	if len(b) < 20 || b[0]>>6 != 2 || binary.BigEndian.Uint32(b[12:]) != mark {
		return 0, false
	}
	return binary.BigEndian.Uint32(b[16:]), true
}
