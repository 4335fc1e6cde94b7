package house

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hotline"
	"hotline/city"
	"hotline/phone"
)

// Straight to a person: no menu is spoken, and who knows its keys presses them.
func TestDirect(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"profiles.default": "direct"})
	h.hire("1001", "8001", "travel")
	h.start()
	d := h.work("1001")
	d.OnInvite(meets(phone.Answer(0)))
	paused := func(h *house, story func()) {
		h.code(d, "*1", "desk.paused")
		story()
		h.code(d, "*2", "desk.free")
	}
	for _, story := range []struct {
		name, number, to, keys string
		hotline                hotline.HotlineKey
		keyed                  hotline.Keyed
		queue                  hotline.QueueKey
	}{
		{"two keys in the greeting", "00043001", "12345", "31", "gongjiao", hotline.KeyedKey, "travel"},
		{"a group's people", "00043002", "12345", "30", "", hotline.KeyedNone, "travel"},
		{"no key", "00043003", "12345", "", "", hotline.KeyedNone, city.General},
		{"half a code", "00043004", "12345", "3", "", hotline.KeyedNone, city.General},
		{"an old number is the stronger sign", "00043005", "8110", "22", "gongjiao", hotline.KeyedOldNumber, "travel"},
	} {
		t.Run(story.name, func(t *testing.T) {
			h := h.within(t)
			var c *phone.Call
			paused(h, func() {
				c = h.dialTo(story.number, story.to)
				h.press(c, story.keys)
				h.hears(c, "notice.recording", 0)
				h.until("he waits in "+string(story.queue), func() bool {
					p := h.waiting(1)
					return p[0].Queue == story.queue
				})
			})
			agent := h.ring(d)
			h.talk(c, agent)
			h.goodbye(c, agent)
			k := h.ticket(story.number)
			if k.Hotline != story.hotline || k.Keyed != story.keyed || k.Queue != story.queue || k.End != hotline.EndAnswered {
				t.Errorf("the ticket says %q keyed %q, queue %s, %s", k.Hotline, k.Keyed, k.Queue, k.End)
			}
			if want := story.keys; story.to == "12345" && keysOf(k) != want {
				t.Errorf("the path holds the keys %q", keysOf(k))
			}
			heard := h.heard(c, 0)
			if !inOrder(heard, "notice.recording") || slices.ContainsFunc(heard, func(p string) bool { return strings.HasPrefix(p, "menu.") }) ||
				story.to == "12345" && !inOrder(heard, "greeting", "notice.recording") {
				t.Errorf("he heard %v", heard)
			}
		})
	}
	t.Run("the controller stops after the keys and another goes on", func(t *testing.T) {
		h.code(d, "*1", "desk.paused")
		first := h.dial("00043010")
		h.press(first, "3")
		second := h.dial("00043011")
		h.press(second, "31")
		h.waiting(2)
		h.until("the second waits for the group", func() bool {
			return slices.ContainsFunc(h.waiting(2), func(p hotline.Place) bool { return p.Queue == "travel" })
		})
		h.stop()
		h.start()
		h := h.within(t)
		time.Sleep(time.Second)
		h.press(first, "31")
		h.until("both wait for the group, the first before the second", func() bool {
			p := h.waiting(2)
			return p[0].Queue == "travel" && p[1].Queue == "travel"
		})
		h.code(d, "*2", "desk.free")
		for i, c := range []*phone.Call{first, second} {
			number := []string{"00043010", "00043011"}[i]
			agent := h.ring(d)
			h.talk(c, agent)
			h.goodbye(c, agent)
			if k := h.ticket(number); k.Hotline != "gongjiao" || k.Keyed != hotline.KeyedKey || k.Queue != "travel" {
				t.Errorf("the ticket of %s says %q keyed %q, queue %s", number, k.Hotline, k.Keyed, k.Queue)
			}
		}
	})
}
