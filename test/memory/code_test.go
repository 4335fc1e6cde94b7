package memory

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hotline"
	"hotline/ivr"
)

// straight is a flow without a menu in which keys work silently.
func straight() *ivr.Flow {
	water := ivr.Place{Queue: "water", Needs: []hotline.Skill{"water"}}
	city := ivr.Place{Queue: "city", Needs: []hotline.Skill{"city"}}
	f := flow()
	f.Begin = "queue"
	f.Places = map[hotline.HotlineKey]ivr.Place{"": {Queue: "general"}, "zilaishui": water, "ludeng": city}
	f.Steps["queue"] = ivr.QueueStep{Say: []string{"greeting"}, Answered: "talk",
		Keys: map[string]ivr.Choice{"1": {Hotline: "zilaishui"}, "20": {Place: city}, "22": {Hotline: "ludeng"}}}
	return f
}

// Given nobody is free, when callers press codes while they wait, then each
// waits for who can answer him, where he stood, and the ticket says how it is
// keyed.
func TestKeysWorkWhileWaiting(t *testing.T) {
	for keys, want := range map[string]struct {
		hotline hotline.HotlineKey
		queue   hotline.QueueKey
		agent   hotline.AgentID
	}{
		"1":           {"zilaishui", "water", "1001"},
		"22":          {"ludeng", "city", "1002"},
		"20":          {"", "city", "1002"},
		"22 1":        {"zilaishui", "water", "1001"}, // the last one counts
		"9*#22":       {"ludeng", "city", "1002"},     // what is no code is nothing
		"27722":       {"ludeng", "city", "1002"},
		"2         1": {"zilaishui", "water", "1001"}, // a key by mistake, long ago
		"2":           {"", "general", "1003"},
		"0":           {"", "general", "1003"},
	} {
		t.Run(keys, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := Open(straight(), rules())
				defer h.Close()
				h.Call("a", Caller{Keys: keys})
				h.At(0.1, func() { h.Call("b", Caller{}) })
				time.Sleep(10 * time.Second)
				talks := Desk{Answers: time.Second, Talks: time.Second}
				h.Agent("1001", "8001", talks, "water")
				h.Agent("1002", "8002", talks, "city")
				h.Agent("1003", "8003", talks)
				time.Sleep(10 * time.Second)
				o, ok := h.Outcome("a")
				pressed := strings.ReplaceAll(keys, " ", "")
				if !ok || o.Hotline != want.hotline || o.Queue != want.queue || o.Path[0].Keys != pressed || (o.Keyed == hotline.KeyedKey) != (want.hotline != "") {
					t.Errorf("keyed %q %q, queue %q, path %v\n%s", o.Hotline, o.Keyed, o.Queue, o.Path, h.Story())
				}
				if want.queue != "general" && o.Agent != want.agent {
					t.Errorf("%s answered; %s is right\n%s", o.Agent, want.agent, h.Story())
				}
			})
		})
	}
}

// Given a phone rings for the caller, when he presses a code, then it rings on:
// a person is on the way, and learns the matter.
func TestACodeWhileAPhoneRings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := Open(straight(), rules())
		defer h.Close()
		h.Agent("1003", "8003", Desk{Answers: 3 * time.Second, Talks: time.Second})
		h.Call("a", Caller{Keys: "22"})
		time.Sleep(10 * time.Second)
		o, _ := h.Outcome("a")
		if o.Agent != "1003" || o.Hotline != "ludeng" || o.Queue != "general" || o.Offers != 1 {
			t.Errorf("agent %s, hotline %q, queue %q, %d offers\n%s", o.Agent, o.Hotline, o.Queue, o.Offers, h.Story())
		}
	})
}

// Given others wait in the queue he moves to, then he stands where he would have
// stood, had he been there from the beginning.
func TestHeKeepsHisOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := Open(straight(), rules())
		defer h.Close()
		h.Call("a", Caller{Keys: "    1"})
		h.At(0.1, func() { h.Call("b", Caller{Keys: "1"}) })
		time.Sleep(10 * time.Second)
		h.Agent("1001", "8001", Desk{Answers: time.Second, Talks: time.Second}, "water")
		time.Sleep(30 * time.Second)
		told(t, h, "b presses 1", "a presses 1", "1001 rings for a", "1001 rings for b")
	})
}
