package ivr

// Keys that mean something everywhere (domain.md §4).
const (
	KeyAgain = '*' // in a menu: say it again; in a number: start over
	KeyBack  = '#' // in a menu: go back; in a number: that is all
)

// Press adds a key to what was entered and tells whether the entry is complete.
func (e Entry) Press(have string, key byte) (string, bool) {
	if e.Number {
		switch key {
		case KeyBack:
			return have, true
		case KeyAgain:
			return "", false
		}
	}
	have += string(key)
	return have, len(have) >= e.Length
}
