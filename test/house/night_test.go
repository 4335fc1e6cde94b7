package house

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/ticket"
)

// The night: nobody answers, a message can be left, and becomes a draft.
func TestNight(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"profiles.default": "night"})
	h.edit("flows/night.yaml", "after: 60s", "after: 5s")
	h.hire("1001", "8001", h.every()...)
	h.start()
	d := h.work("1001")
	d.OnInvite(meets(phone.Answer(0)))
	t.Run("somebody on duty answers", func(t *testing.T) {
		h := h.within(t)
		c := h.dial("00041000")
		agent := h.ring(d)
		h.talk(c, agent)
		h.goodbye(c, agent)
		if k := h.ticket("00041000"); k.Flow != "night" || k.End != hotline.EndAnswered || stepsOf(k) != "greeting queue talk goodbye end" {
			t.Errorf("the ticket says flow %s, %s, path %s", k.Flow, k.End, stepsOf(k))
		}
	})
	h.code(d, "*1", "desk.paused")
	asked := func(h *house, number string) *phone.Call {
		h.Helper()
		c := h.dial(number)
		began := time.Now()
		h.hears(c, "night.message", 0)
		if waited := time.Since(began); waited < 5*time.Second {
			h.Errorf("he was asked for a message after %v", waited)
		}
		h.hears(c, "beep", 0)
		time.Sleep(500 * time.Millisecond)
		return c
	}
	t.Run("he leaves a message and ends it with a key", func(t *testing.T) {
		h := h.within(t)
		c := asked(h, "00041001")
		c.Tone(500)
		time.Sleep(3 * time.Second)
		h.press(c, "#")
		h.finished(c)
		if heard := h.heard(c, 0); !inOrder(heard, "greeting.night", "notice.recording", "night.duty", "night.message", "beep", "message.thanks") || count(heard, "beep") != 1 {
			t.Errorf("he heard %v", heard)
		}
		h.left("00041001", hotline.SideSystem)
	})
	t.Run("he hangs up when he has said it", func(t *testing.T) {
		h := h.within(t)
		c := asked(h, "00041002")
		c.Tone(500)
		time.Sleep(2 * time.Second)
		h.hangUp(c)
		h.left("00041002", hotline.SideCaller)
	})
	t.Run("he stops speaking", func(t *testing.T) {
		h := h.within(t)
		c := asked(h, "00041003")
		c.Tone(500)
		time.Sleep(time.Second)
		c.Tone(0)
		h.finished(c)
		h.left("00041003", hotline.SideSystem)
	})
	t.Run("he hangs up without a word: no message", func(t *testing.T) {
		h := h.within(t)
		c := asked(h, "00041004")
		time.Sleep(time.Second)
		h.hangUp(c)
		k := h.ticket("00041004")
		if k.End != hotline.EndAbandonedMessage || k.State != ticket.Archived || k.Message != "" {
			t.Errorf("the ticket says %s, state %s, message %q", k.End, k.State, k.Message)
		}
		h.nothing(k)
	})
	t.Run("he says nothing: he is told so", func(t *testing.T) {
		h := h.within(t)
		c := asked(h, "00041005")
		h.finished(c)
		if heard := h.heard(c, 0); !slices.Contains(heard, "message.empty") || slices.Contains(heard, "message.thanks") {
			t.Errorf("he heard %v", heard)
		}
		k := h.ticket("00041005")
		if k.Message != "" || k.State != ticket.Archived {
			t.Errorf("the ticket says %s, state %s, message %q", k.End, k.State, k.Message)
		}
		h.nothing(k)
	})
}

// left proves that the citizen's message is there, and his tone in it.
func (h *house) left(number string, by hotline.Side) {
	h.Helper()
	k := h.ticket(number)
	if k.End != hotline.EndMessage || k.EndedBy != by || k.State != ticket.Draft || k.Message == "" || k.Queue == "" {
		h.Fatalf("the ticket says %s by %s, state %s, message %q", k.End, k.EndedBy, k.State, k.Message)
	}
	b, err := os.ReadFile(filepath.Join(h.at.Recordings, k.Message))
	h.must(err)
	samples, err := phone.DecodeWAV(b)
	h.must(err)
	if d := phone.Toned(samples, 500); d < 800*time.Millisecond {
		h.Errorf("the message of %v holds %v of his tone", time.Duration(len(samples))*time.Second/8000, d)
	}
}

// nothing proves that no sound of the call is kept.
func (h *house) nothing(k ticket.Ticket) {
	h.Helper()
	files, err := filepath.Glob(filepath.Join(h.at.Recordings, string(k.Number)+"*"))
	h.must(err)
	if len(files) > 0 {
		h.Errorf("kept: %v", files)
	}
}
