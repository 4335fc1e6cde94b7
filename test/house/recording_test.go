package house

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/site/sitetest"
	"hotline/ticket"
)

// A talk is recorded, citizen left and agent right, and the notice comes before.
func TestRecording(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"recording.days": "30"})
	h.hire("1001", "8001", h.every()...)
	old, young := filepath.Join(h.at.Recordings, "old.wav"), filepath.Join(h.at.Recordings, "young.wav")
	h.must(os.MkdirAll(h.at.Recordings, 0o750))
	for file, age := range map[string]time.Duration{old: 31 * 24 * time.Hour, young: 29 * 24 * time.Hour} {
		h.must(os.WriteFile(file, phone.EncodeWAV(make([]int16, 800)), 0o640))
		h.must(os.Chtimes(file, time.Now().Add(-age), time.Now().Add(-age)))
	}
	h.start()
	d := h.work("1001")
	d.OnInvite(meets(phone.Answer(0)))
	t.Run("older ones are deleted, younger ones stay", func(t *testing.T) {
		h := h.within(t)
		h.until("the old one is gone", func() bool { _, err := os.Stat(old); return os.IsNotExist(err) })
		_, err := os.Stat(young)
		h.must(err)
	})
	t.Run("citizen left, agent right", func(t *testing.T) {
		h := h.within(t)
		c := h.dial("00051000")
		h.press(c, "0")
		agent := h.ring(d)
		h.talk(c, agent)
		time.Sleep(4 * time.Second)
		h.goodbye(c, agent)
		k := h.ticket("00051000")
		heard := h.prompts.Identify(c.Heard().Samples)
		i := slices.IndexFunc(heard, func(m phone.Match) bool { return m.Name == "notice.recording" && m.Whole })
		if i < 0 || c.Began().Add(c.Heard().At+heard[i].At+heard[i].Length).After(k.Joined) {
			t.Errorf("he did not hear the notice to its end before the talk at %v: %v", k.Joined, heard)
		}
		h.stereo(k, 3*time.Second)
	})
	t.Run("the controller stops in the talk and another goes on: one recording", func(t *testing.T) {
		c := h.dial("00051001")
		h.press(c, "0")
		agent := h.ring(d)
		h.talk(c, agent)
		time.Sleep(2 * time.Second)
		h.stop()
		time.Sleep(time.Second)
		h.start()
		h := h.within(t)
		time.Sleep(2 * time.Second)
		h.goodbye(c, agent)
		h.stereo(h.ticket("00051001"), 4*time.Second)
	})
	t.Run("the talk ends while none serves: one recording", func(t *testing.T) {
		c := h.dial("00051002")
		h.press(c, "0")
		agent := h.ring(d)
		h.talk(c, agent)
		time.Sleep(3 * time.Second)
		h.stop()
		h.hangUp(c)
		h.start()
		h := h.within(t)
		k := h.ticket("00051002")
		if k.Recording == "" || k.End != hotline.EndAnswered {
			t.Fatalf("the ticket says %s, recording %q", k.End, k.Recording)
		}
		left, _ := h.sides(k)
		if d := phone.Toned(left, 500); d < 2*time.Second {
			t.Errorf("it holds %v of the citizen", d)
		}
	})
}

// With too little disk talks go on and are not recorded; the books, the figures
// and the log say so.
func TestNoRoomToRecord(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"recording.min_free": "100000GB"})
	h.hire("1001", "8001", h.every()...)
	h.start()
	d := h.work("1001")
	d.OnInvite(meets(phone.Answer(0)))
	c := h.dial("00052000")
	h.press(c, "0")
	agent := h.ring(d)
	h.talk(c, agent)
	h.goodbye(c, agent)
	k := h.ticket("00052000")
	if k.End != hotline.EndAnswered || k.Recording != "" || !strings.Contains(k.Note, "not recorded") {
		t.Errorf("the ticket says %s, recording %q, note %q", k.End, k.Recording, k.Note)
	}
	h.nothing(k)
	figures := h.api(h.supervisor(), "GET", "/metrics", "")
	if !strings.Contains(figures, "hotline_talks_unrecorded_total 1\n") {
		t.Error("the figures do not count the talk that was not recorded")
	}
	if !strings.Contains(h.log.String(), "ALARM") {
		t.Error("the log has no alarm")
	}
}

// stereo proves that the recording of a talk is whole: each on his side, and as
// long as the talk.
func (h *house) stereo(k ticket.Ticket, talked time.Duration) {
	h.Helper()
	left, right := h.sides(k)
	for who, side := range map[string]struct {
		samples    []int16
		own, other float64
	}{"citizen": {left, 500, 400}, "agent": {right, 400, 500}} {
		d := phone.Toned(side.samples, side.own)
		if whole := time.Duration(len(side.samples)) * time.Second / 8000; d < talked || whole-d > 400*time.Millisecond {
			h.Errorf("the %s's side holds %v of his tone in %v; he spoke all the while", who, d, whole)
		}
		if d := phone.Toned(side.samples, side.other); d > 100*time.Millisecond {
			h.Errorf("the %s's side holds %v of the other's tone", who, d)
		}
	}
	length, want := time.Duration(len(left))*time.Second/8000, k.TalkEnded.Sub(k.Joined)
	if off := (length - want).Abs(); off > 600*time.Millisecond {
		h.Errorf("it is %v long, the talk was %v", length, want)
	}
}

// sides waits for the recording and gives both sides of it.
func (h *house) sides(k ticket.Ticket) (left, right []int16) {
	h.Helper()
	return sitetest.Sides(h, filepath.Join(h.at.Recordings, k.Recording))
}
