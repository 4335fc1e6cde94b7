package house

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hotline/phone"
)

// The city's folder is read anew while calls are on: those go on in the flow
// they began with, later ones go through the new one; with any fault nothing
// changes at all.
func TestReload(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.hire("1001", "8001", h.every()...)
	h.start()
	d := h.work("1001")
	d.OnInvite(meets(phone.Answer(0)))
	busy := h.dial("00061000")
	h.press(busy, "0")
	agent := h.ring(d)
	h.talk(busy, agent)

	waits := h.dial("00061001")
	h.press(waits, "0")
	h.waiting(1)
	inMenu := h.dial("00061002")
	h.hears(inMenu, "menu.person", 0)

	h.edit("flows/menu.yaml", "say: [goodbye]", "say: [sorry.end]")
	h.edit("prompts/prompts.zh.yaml", "sorry.end: 抱歉，暂时无法接通，请稍后再拨。", "sorry.end: 谢谢您的来电。")
	h.edit("groups.yaml", "digit: \"1\"\n    word: 停水漏水", "digit: \"7\"\n    word: 停水漏水")
	if err := h.service.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	c, err := h.load()
	h.must(err)
	h.hearing(c)

	h.press(inMenu, "1") // as he was told
	h.waiting(2)
	h.talk(busy, agent)
	later := h.dial("00061003")
	h.press(later, "7")
	h.waiting(3)
	for _, story := range []struct {
		call     *phone.Call
		number   string
		farewell string
	}{{busy, "00061000", "goodbye"}, {waits, "00061001", "goodbye"}, {inMenu, "00061002", "goodbye"}, {later, "00061003", "sorry.end"}} {
		if story.call != busy {
			agent = h.ring(d)
			h.talk(story.call, agent)
		}
		at := now(story.call)
		h.goodbye(story.call, agent)
		if heard := slices.Compact(h.heard(story.call, at)); !slices.Contains(heard, story.farewell) {
			t.Errorf("%s heard %v at the end; %s is right", story.number, heard, story.farewell)
		}
	}
	for _, number := range []string{"00061002", "00061003"} {
		if k := h.ticket(number); k.Hotline != "zilaishui" {
			t.Errorf("the ticket of %s says %q", number, k.Hotline)
		}
	}

	t.Run("any fault: nothing changes", func(t *testing.T) {
		h := h.within(t)
		waits := h.dial("00061004")
		h.hears(waits, "menu.person", 0)
		h.edit("flows/menu.yaml", "say: [sorry.end]", "say: [goodbye]") // right in itself
		h.edit("groups.yaml", "digit: \"7\"", "digit: \"1\"")
		h.edit("flows/direct.yaml", "next: end", "next: ende") // in another flow
		err := h.service.Reload(t.Context())
		if err == nil || !strings.Contains(err.Error(), "direct.yaml:") || !strings.Contains(err.Error(), `did you mean end?`) {
			t.Errorf("it was taken, or refused without file and line: %v", err)
		}
		h.press(waits, "7")
		agent := h.ring(d)
		h.talk(waits, agent)
		at := now(waits)
		h.goodbye(waits, agent)
		if heard := h.heard(waits, at); !slices.Contains(heard, "sorry.end") {
			t.Errorf("he heard %v", heard)
		}
		later := h.dial("00061005")
		h.press(later, "7")
		h.talk(later, h.ring(d))
		h.hangUp(later)
		if k := h.ticket("00061005"); k.Hotline != "zilaishui" {
			t.Errorf("the ticket says %q", k.Hotline)
		}
		time.Sleep(100 * time.Millisecond)
	})
}
