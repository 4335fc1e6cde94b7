package recording

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Asterisk writes the head, much later the sound, and at last the length.
type written struct {
	t    *testing.T
	file string
}

func keeper(t *testing.T) (*Keeper, string) {
	t.Helper()
	dir := t.TempDir()
	k, err := Open(Options{Dir: dir, Citizen: "-citizen", Agent: "-agent"})
	if err != nil {
		t.Fatal(err)
	}
	return k, dir
}

func begin(t *testing.T, file string) written {
	t.Helper()
	w := written{t, file}
	w.put(header(0), 0)
	return w
}

func (w written) put(b []byte, at int64) {
	f, err := os.OpenFile(w.file, os.O_CREATE|os.O_WRONLY, 0o640)
	if err == nil {
		_, err = f.WriteAt(b, at)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		w.t.Error(err)
	}
}

// end writes a second of sound of that level, and the length a moment later.
func (w written) end(level int16) {
	var sound []byte
	for range rate {
		sound = binary.LittleEndian.AppendUint16(sound, uint16(level))
	}
	w.put(sound, headerSize)
	time.Sleep(100 * time.Millisecond)
	w.put(binary.LittleEndian.AppendUint32(nil, uint32(len(sound))), headerSize-4)
}

// A message whose file has only its head is not one without speech, nor one that
// cannot be read: Asterisk is about to write it.
func TestSpeechOfAMessageBeingWritten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		level int16
		said  bool
	}{"speech": {8000, true}, "silence": {3, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, dir := keeper(t)
			w := begin(t, filepath.Join(dir, "m.wav"))
			time.AfterFunc(150*time.Millisecond, func() { w.end(c.level) })
			said, err := k.Speech(t.Context(), "m.wav")
			if err != nil || said != c.said {
				t.Fatalf("said %v, %v", said, err)
			}
			if _, err := os.Stat(w.file); os.IsNotExist(err) == said {
				t.Errorf("kept: %v", err)
			}
		})
	}
	t.Run("no sound ever came", func(t *testing.T) {
		t.Parallel()
		k, dir := keeper(t)
		w := begin(t, filepath.Join(dir, "m.wav"))
		if said, err := k.Speech(t.Context(), "m.wav"); err != nil || said {
			t.Fatalf("said %v, %v", said, err)
		}
		if _, err := os.Stat(w.file); !os.IsNotExist(err) {
			t.Errorf("kept: %v", err)
		}
	})
	t.Run("never closed: kept, and said so", func(t *testing.T) {
		t.Parallel()
		k, dir := keeper(t)
		w := begin(t, filepath.Join(dir, "m.wav"))
		w.put(make([]byte, rate), headerSize)
		if _, err := k.Speech(t.Context(), "m.wav"); err == nil {
			t.Fatal("taken for closed")
		}
		if _, err := os.Stat(w.file); err != nil {
			t.Error(err)
		}
	})
}

// A side that is only begun is waited for; without that the talk was lost.
func TestJoinOfSidesBeingWritten(t *testing.T) {
	t.Parallel()
	k, dir := keeper(t)
	citizen, agent := begin(t, filepath.Join(dir, "talk-citizen.wav")), begin(t, filepath.Join(dir, "talk-agent.wav"))
	time.AfterFunc(150*time.Millisecond, func() { agent.end(500); citizen.end(8000) })
	if err := k.Join(t.Context(), "talk"); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "talk.wav"))
	if err != nil || len(b) != headerSize+rate*2*sampleSize {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	if l, r := int16(binary.LittleEndian.Uint16(b[headerSize:])), int16(binary.LittleEndian.Uint16(b[headerSize+2:])); l != 8000 || r != 500 {
		t.Errorf("left %d, right %d", l, r)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "talk-*")); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
