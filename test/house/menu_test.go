package house

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline"
	"hotline/city"
	"hotline/phone"
	"hotline/ticket"
)

// What a citizen can do in the menus, and what he hears.
func TestMenus(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.hire("1001", "8001", h.every()...)
	h.start()
	d := h.work("1001")
	d.OnInvite(meets(phone.Answer(0).Talk(700 * time.Millisecond)))
	keyed := func(h *house, number string, key hotline.HotlineKey, queue hotline.QueueKey, steps, keys string) ticket.Ticket {
		h.Helper()
		k := h.ticket(number)
		if k.Hotline != key || k.Queue != queue || stepsOf(k) != steps || keysOf(k) != keys || k.End != hotline.EndAnswered {
			h.Errorf("the ticket says hotline %q in %s, path %s with keys %s, end %s; %q in %s, path %s with keys %s is right",
				k.Hotline, k.Queue, stepsOf(k), keysOf(k), k.End, key, queue, steps, keys)
		}
		return k
	}
	t.Run("0 in the first menu", func(t *testing.T) {
		h := h.within(t)
		d.OnInvite(meets(phone.Answer(0).Talk(3 * time.Second)))
		c := h.dial("00020001")
		h.hears(c, "menu.person", 0)
		h.press(c, "0")
		h.finished(c)
		keyed(h, "00020001", "", city.General, "greeting main queue talk goodbye end", "0")
		if heard := h.heard(c, 0); !h.sounds(c, "agent.hello") || !inOrder(heard, "greeting", "notice.recording", "menu.person", "agent.serves", "goodbye") {
			t.Errorf("he heard %v", heard)
		}
		d.OnInvite(meets(phone.Answer(0).Talk(700 * time.Millisecond)))
	})
	t.Run("0 in the second menu", func(t *testing.T) {
		h := h.within(t)
		c := h.dial("00020002")
		h.press(c, "3")
		h.hears(c, "menu.travel.gongjiao", 0)
		h.press(c, "0")
		h.finished(c)
		keyed(h, "00020002", "", "travel", "greeting main main.travel queue talk goodbye end", "30")
	})
	t.Run("silence in the second menu", func(t *testing.T) {
		h := h.within(t)
		c := h.dial("00020008")
		h.press(c, "5")
		h.finished(c)
		keyed(h, "00020008", "", "care", "greeting main main.care queue talk goodbye end", "5")
	})
	t.Run("0 after going back is anybody", func(t *testing.T) {
		h := h.within(t)
		c := h.dial("00020009")
		h.press(c, "3#0")
		h.finished(c)
		keyed(h, "00020009", "", city.General, "greeting main main.travel main queue talk goodbye end", "3#0")
	})
	t.Run("* says it again", func(t *testing.T) {
		h := h.within(t)
		c := h.dial("00020003")
		h.hears(c, "menu.water", 0)
		at := now(c)
		h.press(c, "*")
		h.hears(c, "menu.person", at)
		h.press(c, "5")
		h.hears(c, "menu.care.jiaoyu", at)
		at = now(c)
		h.press(c, "*")
		h.hears(c, "menu.care.jiaoyu", at)
		h.press(c, "2")
		h.finished(c)
		keyed(h, "00020003", "weisheng", "care", "greeting main main.care queue talk goodbye end", "*5*2")
	})
	t.Run("# goes back", func(t *testing.T) {
		h := h.within(t)
		c := h.dial("00020004")
		h.press(c, "4")
		h.hears(c, "menu.affairs.zhengwu", 0)
		at := now(c)
		h.press(c, "#")
		h.hears(c, "menu.water", at)
		h.press(c, "1")
		h.finished(c)
		keyed(h, "00020004", "zilaishui", "water", "greeting main main.affairs main queue talk goodbye end", "4#1")
	})
	t.Run("four seconds of silence lead to a person", func(t *testing.T) {
		h := h.within(t)
		c := h.dial("00020005")
		h.finished(c)
		k := keyed(h, "00020005", "", city.General, "greeting main queue talk goodbye end", "")
		menu := h.prompts.Identify(c.Heard().Samples)
		last := menu[slices.IndexFunc(menu, func(m phone.Match) bool { return m.Name == "menu.business" })]
		said := c.Began().Add(c.Heard().At + last.At + last.Length)
		if silent := k.Chosen.Sub(said); silent < 3900*time.Millisecond || silent > 4600*time.Millisecond {
			t.Errorf("he was silent for %v before a person was called", silent)
		}
		if heard := h.heard(c, 0); count(heard, "menu.person") != 1 {
			t.Errorf("he heard %v", heard)
		}
	})
	t.Run("two wrong keys lead to a person", func(t *testing.T) {
		h := h.within(t)
		c := h.dial("00020006")
		h.hears(c, "menu.person", 0)
		at := now(c)
		h.press(c, "8")
		h.hears(c, "menu.invalid", at)
		h.hears(c, "menu.person", at)
		h.press(c, "9")
		h.finished(c)
		keyed(h, "00020006", "", city.General, "greeting main queue talk goodbye end", "89")
	})
	t.Run("keys in one go while the greeting plays: no menu is heard", func(t *testing.T) {
		h := h.within(t)
		c := h.dial("00020007")
		h.press(c, "21")
		h.finished(c)
		keyed(h, "00020007", "jianwei", "city", "greeting main main.city queue talk goodbye end", "21")
		if heard := h.heard(c, 0); slices.ContainsFunc(heard, func(p string) bool { return strings.HasPrefix(p, "menu.") }) || !slices.Contains(heard, "notice.recording") {
			t.Errorf("he heard %v", heard)
		}
	})
	t.Run("a thousand keys at once", func(t *testing.T) {
		h := h.within(t)
		h.code(d, "*1", "desk.paused")
		var all sync.WaitGroup
		var calls []*phone.Call
		for i, keys := range []string{"#", "*", "7", "2#", "#*79836125"} {
			p, err := phone.Open(phone.Options{Server: h.at.SIP, Bind: "127.0.0.2", Number: fmt.Sprintf("0002001%d", i),
				Keys: phone.Timing{Hold: 40 * time.Millisecond, Gap: time.Millisecond}})
			h.must(err)
			defer p.Close()
			c, err := p.Dial(t.Context(), "12345", phone.DialOptions{})
			h.must(err)
			calls = append(calls, c)
			all.Go(func() {
				if _, err := c.Wait(h.soon(), phone.Answered); err != nil {
					t.Error(err)
				}
				if err := c.Press(t.Context(), strings.Repeat(keys, 200/len(keys))); err != nil {
					t.Errorf("200 times %s: %v", keys, err)
				}
			})
		}
		all.Wait()
		h.waiting(len(calls))
		h.code(d, "*2", "desk.free")
		for i, c := range calls {
			h.finished(c)
			k := h.ticket(fmt.Sprintf("0002001%d", i))
			if k.End != hotline.EndAnswered || len(k.Path) > 50 {
				t.Errorf("the ticket says %s, a path of %d", k.End, len(k.Path))
			}
			for _, v := range k.Path {
				if len(v.Keys) > 64 {
					t.Errorf("one visit keeps %d keys", len(v.Keys))
				}
			}
			t.Logf("%s: path %s, keys %s", c.Number(), stepsOf(k), keysOf(k))
		}
	})
}

// The words for those who wait stop the instant an agent is found.
func TestWordsStopForTheAgent(t *testing.T) {
	h := build(t, map[string]string{"voice.tones.syllable": "200ms"}) // words long enough to be cut
	h.hire("1001", "8001", h.every()...)
	token := h.supervisor()
	h.start()
	d := h.work("1001")
	d.OnInvite(meets(phone.Answer(0)))
	named := 0
	for i := range 5 {
		h.code(d, "*1", "desk.paused")
		number := fmt.Sprintf("0002100%d", i)
		c := h.dial(number)
		h.press(c, "0")
		h.hears(c, "queue.connecting", 0)
		h.api(token, "POST", "/api/v1/agents/1001/ready", `{}`)
		agent := h.ring(d)
		found, err := agent.Wait(h.soon(), phone.Answered)
		h.must(err)
		h.talk(c, agent)
		heard := c.Heard()
		var words *phone.Match
		for _, m := range h.prompts.Identify(heard.Samples) {
			if m.Name == "queue.connecting" {
				words = &m
			}
		}
		if words == nil { // cut too short to be named among what followed
			h.goodbye(c, agent)
			continue
		}
		if words.Whole {
			t.Fatalf("the words were not cut: %+v", words)
		}
		named++
		ended := c.Began().Add(heard.At + words.At + words.Length)
		late := ended.Sub(agent.Began().Add(found.At))
		t.Logf("the words ended %v after the agent picked up", late.Round(time.Millisecond))
		if late > 250*time.Millisecond {
			t.Errorf("the words went on for %v after the agent had picked up", late)
		}
		h.goodbye(c, agent)
	}
	if named == 0 {
		t.Error("not once could the words be named")
	}
}

// Who stands behind others is told how many, and again only when it got better.
func TestPosition(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.edit("flows/menu.yaml", "every: 20s", "every: 5s")
	h.hire("1001", "8001", h.every()...)
	h.start()
	d := h.work("1001")
	d.OnInvite(meets(phone.Answer(0)))
	busy := h.dial("00022000")
	h.press(busy, "0")
	agent := h.ring(d)
	h.talk(busy, agent)
	var queue []*phone.Call
	for i := range 3 {
		c := h.dial(fmt.Sprintf("0002200%d", i+1))
		h.press(c, "0")
		h.waiting(i + 1)
		queue = append(queue, c)
	}
	first, second, third := queue[0], queue[1], queue[2]
	h.hears(second, "queue.people", 0)
	h.hears(third, "queue.people", 0)
	h.hangUp(first)
	at := now(third)
	h.hears(third, "queue.people", at) // it got better
	time.Sleep(6 * time.Second)        // nothing more
	told := func(c *phone.Call) (words []string) {
		for _, p := range h.heard(c, 0) {
			if strings.HasPrefix(p, "queue.") && p != "queue.connecting" || strings.HasPrefix(p, "digit.") || strings.HasPrefix(p, "number.") {
				words = append(words, p)
			}
		}
		return words
	}
	for who, want := range map[*phone.Call][]string{
		first:  nil,
		second: {"queue.ahead", "digit.1", "queue.people"},
		third:  {"queue.ahead", "number.liang", "queue.people", "queue.ahead", "digit.1", "queue.people"},
	} {
		if got := told(who); !slices.Equal(got, want) {
			t.Errorf("he was told %v; %v is right", got, want)
		}
	}
	d.OnInvite(meets(phone.Answer(0).Talk(500 * time.Millisecond)))
	h.goodbye(busy, agent)
	h.finished(second)
	h.finished(third)
}

func (h *house) press(c *phone.Call, keys string) {
	h.Helper()
	h.must(c.Press(h.Context(), keys))
}

// inOrder tells whether these prompts were heard in this order, others between.
func inOrder(heard []string, want ...string) bool {
	for _, p := range heard {
		if len(want) > 0 && p == want[0] {
			want = want[1:]
		}
	}
	return len(want) == 0
}

func count(heard []string, prompt string) (n int) {
	for _, p := range heard {
		if p == prompt {
			n++
		}
	}
	return n
}
