package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"

	"hotline"
)

// A controller that is killed again and again must not use up the numbers of a day: a
// day has 99,999, and each start reserves some hundred. So it notes what it has in hand
// in a file, some numbers ahead of what it gives, and whoever has the file next goes on
// behind that. The file is written without fsync: what a killed process wrote is there,
// what a machine lost is not asked for, for then the file is of another boot.
const (
	handStep = 100 // so many numbers may be given after each note
	handLow  = 50  // so few may be left, and the next note is due

	// handSize is one page, so that a note is whole or was not made.
	handSize = 4096
	// handMost is how many blocks fit; a controller has three or four.
	handMost = 32
)

// hand is the file.
type hand struct {
	mu   sync.Mutex // of notes
	file *os.File
	boot string
}

// note is what stands in it.
type note struct {
	Boot   string      `json:"boot"` // of the machine that wrote it
	Blocks []noteBlock `json:"blocks"`
}

// noteBlock is what may still be given of a block.
type noteBlock struct {
	Day    string `json:"day"`
	Serves string `json:"serves"`
	Next   int    `json:"next"`
	Last   int    `json:"last"`
}

// openHand opens the file and takes up what stands in it and in those that others
// left, which are emptied. nil and an error: nothing is noted, and nothing taken up.
func openHand(path string, left []string) (*hand, []block, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, hotline.Errorf(hotline.Unavailable, "the ticket numbers in hand are not noted; if this controller is killed they stay unused: %w", err)
	}
	h := &hand{file: f, boot: boot()}
	var blocks []block
	for _, p := range append([]string{path}, left...) {
		blocks = unite(blocks, readHand(p))
	}
	if err := h.write(blocks); err != nil {
		return nil, nil, errors.Join(err, h.close())
	}
	for _, p := range left { // now that they are ours
		if err := os.Truncate(p, 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, errors.Join(err, h.write(nil), h.close())
		}
	}
	return h, blocks, nil
}

// unite adds blocks; of one that stands in both, the numbers neither has given.
func unite(blocks, more []block) []block {
	for _, b := range more {
		i := slices.IndexFunc(blocks, func(x block) bool { return x.day == b.day && x.last == b.last })
		if i < 0 {
			blocks = append(blocks, b)
			continue
		}
		blocks[i].next = max(blocks[i].next, b.next)
		blocks[i].noted = blocks[i].next
	}
	return blocks
}

// readHand reads a file. One of another boot, or that cannot be read, has nothing.
func readHand(path string) (blocks []block) {
	raw, err := os.ReadFile(path)
	var n note
	if err != nil || json.Unmarshal(raw, &n) != nil || n.Boot == "" || n.Boot != boot() {
		return nil
	}
	for _, b := range n.Blocks {
		if b.Next > b.Last {
			continue
		}
		blocks = append(blocks, block{day: b.Day, serves: b.Serves, next: b.Next, last: b.Last, noted: b.Next})
	}
	return blocks
}

// boot names this start of the machine.
func boot() string {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return string(bytes.TrimSpace(id))
}

// write notes what may be given from now on, by others.
func (h *hand) write(blocks []block) error {
	n := note{Boot: h.boot, Blocks: []noteBlock{}}
	for _, b := range blocks[:min(len(blocks), handMost)] {
		n.Blocks = append(n.Blocks, noteBlock{Day: b.day, Serves: b.serves, Next: b.noted, Last: b.last})
	}
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	page := append(text, bytes.Repeat([]byte{' '}, max(handSize-1-len(text), 0))...)
	if _, err := h.file.WriteAt(append(page, '\n'), 0); err != nil {
		return fmt.Errorf("note the ticket numbers in hand: %w", err)
	}
	return nil
}

func (h *hand) close() error { return h.file.Close() }

// keepNoted notes more numbers whenever few are left that may be given: beside the
// reserving, which may wait long for SQL, and beside the giving, which waits for no disk.
func (n *Numbers) keepNoted(ctx context.Context) {
	defer close(n.noted)
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.due:
		}
		n.note()
	}
}

// note allows some more numbers to be given, once the hand knows of them. What it
// cannot note is not given: those calls get a number when they are written.
func (n *Numbers) note() {
	if n.hand == nil {
		return
	}
	n.hand.mu.Lock()
	defer n.hand.mu.Unlock()
	n.mu.Lock()
	blocks, ahead := slices.Clone(n.blocks), map[string]int{}
	n.mu.Unlock()
	for _, b := range blocks {
		ahead[b.serves] += b.noted - b.next
	}
	for i, b := range blocks {
		if ahead[b.serves] > handLow {
			continue
		}
		more := min(max(handStep-ahead[b.serves], 0), b.last+1-b.noted)
		blocks[i].noted += more
		ahead[b.serves] += more
	}
	if err := n.hand.write(blocks); err != nil {
		n.failed(err)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, b := range n.blocks {
		at := slices.IndexFunc(blocks, func(x block) bool { return x.day == b.day && x.last == b.last })
		if at >= 0 {
			n.blocks[i].noted = max(b.noted, blocks[at].noted)
		}
	}
}
