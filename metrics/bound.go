package metrics

import "sync"

// other is what a label is called when there are too many.
const other = "other"

// bound keeps a label's values few: the first most are kept, all later ones
// are "other".
type bound struct {
	most int

	mu   sync.RWMutex
	seen map[string]struct{}
}

func newBound(most int) *bound { return &bound{most: most, seen: map[string]struct{}{}} }

func (b *bound) label(value string) string {
	b.mu.RLock()
	_, ok := b.seen[value]
	full := len(b.seen) >= b.most
	b.mu.RUnlock()
	switch {
	case ok:
		return value
	case full:
		return other
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.seen) >= b.most {
		return other
	}
	b.seen[value] = struct{}{}
	return value
}
