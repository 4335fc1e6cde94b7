package chaos

// Marked sound is how it is told from outside who hears whom: each leg of a call
// says its number, over and over, a frame for each packet. A bit is a sample's
// sign, which any law of the telephone keeps.
const (
	frameLength = 160 // samples, one packet
	markWord    = 0xB2D63A95
	loudness    = 6000
)

// marks is n packets of the sound that says id.
func marks(id uint32, n int) []int16 {
	sound := make([]int16, 0, n*frameLength)
	for range n {
		for i := range frameLength {
			word := uint32(markWord)
			if i/32%2 == 1 {
				word = id
			}
			if i >= 64 { // one frame says it once
				word = 0x0F0F0F0F
			}
			if word<<(i%32)>>31 == 1 {
				sound = append(sound, loudness)
			} else {
				sound = append(sound, -loudness)
			}
		}
	}
	return sound
}

// reader reads marked sound sample by sample.
type reader struct{ bits uint64 }

// sample takes the next sample; said: with it a number was said to its end.
func (r *reader) sample(positive bool) (id uint32, said bool) {
	r.bits <<= 1
	if positive {
		r.bits |= 1
	}
	return uint32(r.bits), r.bits>>32 == markWord
}

// markOf reads the number from a packet of sound, A-law or µ-law alike: the first
// bit of a code is its sign.
func markOf(payload []byte) (uint32, bool) {
	if len(payload) < 64 {
		return 0, false
	}
	var r reader
	for _, code := range payload[:64] {
		r.sample(code>>7 == 1)
	}
	return uint32(r.bits), r.bits>>32 == markWord
}
