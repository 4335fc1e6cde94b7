package guard

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/fsnotify/fsnotify"
)

// tail reads a log as it grows. A log that became shorter was emptied, and is read
// from its beginning.
type tail struct {
	path string
	f    *os.File
	at   int64
	rest []byte // a line whose end was not written yet

	watcher *fsnotify.Watcher // nil: the system has none for us
}

// newTail follows the file at path. The error says why grown tells nothing; the
// tail is good all the same.
func newTail(path string) (*tail, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return &tail{path: path}, err
	}
	return &tail{path: path, watcher: w}, nil
}

// grown tells that something was written.
func (t *tail) grown() <-chan fsnotify.Event {
	if t.watcher == nil {
		return nil
	}
	return t.watcher.Events
}

// end lets everything go.
func (t *tail) end() {
	t.close()
	if t.watcher != nil {
		_ = t.watcher.Close()
	}
}

// longestLine is more than Asterisk writes in one.
const longestLine = 64 << 10

func (t *tail) open() error {
	if t.f != nil {
		return nil
	}
	f, err := os.Open(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // Asterisk has not begun it yet
	}
	t.f, t.at = f, 0
	if err == nil && t.watcher != nil {
		_ = t.watcher.Add(t.path) // where that fails the file is looked at now and then
	}
	return err
}

// skip goes to the end of what is there, for it is of another time; false: there is
// no log.
func (t *tail) skip() bool {
	if t.open() != nil || t.f == nil {
		return false
	}
	if info, err := t.f.Stat(); err == nil {
		t.at = info.Size()
	}
	return true
}

func (t *tail) close() {
	if t.f != nil {
		_ = t.f.Close()
		t.f = nil
		if t.watcher != nil {
			_ = t.watcher.Remove(t.path) // of the file that stood there
		}
	}
}

// lines gives each line that was added.
func (t *tail) lines(each func(string)) error {
	if err := t.open(); err != nil || t.f == nil {
		return err
	}
	info, err := os.Stat(t.path)
	if mine, mineErr := t.f.Stat(); err != nil || mineErr != nil || !os.SameFile(info, mine) {
		t.close() // another file stands there now
		return nil
	}
	if info.Size() < t.at {
		t.at, t.rest = 0, nil
	}
	for info.Size() > t.at {
		part := make([]byte, min(info.Size()-t.at, 1<<20))
		n, err := t.f.ReadAt(part, t.at)
		t.at += int64(n)
		t.split(part[:n], each)
		if err != nil && !errors.Is(err, io.EOF) || n == 0 {
			return err
		}
	}
	return nil
}

func (t *tail) split(part []byte, each func(string)) {
	t.rest = append(t.rest, part...)
	for {
		line, rest, ok := bytes.Cut(t.rest, []byte("\n"))
		if !ok {
			break
		}
		each(string(line))
		t.rest = rest
	}
	if len(t.rest) > longestLine {
		t.rest = nil
	}
}
