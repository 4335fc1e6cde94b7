package house

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/site"
	"hotline/site/sitetest"
)

// trunk says how keys travel on it.
func trunk(dtmf string) func(*site.Options) { return func(o *site.Options) { o.DTMF = dtmf } }

// chose proves that the keys 2 and 1 led to the hotline jianwei and to a person.
func (h *house) chose(number string) {
	h.Helper()
	k := h.ticket(number)
	if k.Hotline != "jianwei" || keysOf(k) != "21" || k.End != hotline.EndAnswered {
		h.Errorf("the ticket says hotline %q with keys %s, end %s; jianwei with 21, answered, is right", k.Hotline, keysOf(k), k.End)
	}
}

// Keys that a trunk tells by INFO choose in the menus; nothing travels in RTP.
// Asterisk 22 takes them whatever the setting says; this is the setting for such a
// trunk.
func TestKeysByINFO(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"trunk.dtmf": "info"}, trunk("info"))
	h.hire("1001", "8001", h.every()...)
	h.start()
	h.work("1001").OnInvite(meets(phone.Answer(0).Talk(500 * time.Millisecond)))
	ctx := h.soon()
	sipp := exec.CommandContext(ctx, filepath.Join(sitetest.Tools(t), "bin/sipp"), h.at.SIP, "-sf", "testdata/info.xml",
		"-s", "12345", "-key", "number", "00023001", "-i", "127.0.0.2", "-m", "1", "-nostdin", "-timeout", "14s")
	sipp.Env = append(sipp.Environ(), "TERM=dumb")
	if said, err := sipp.CombinedOutput(); err != nil {
		t.Fatalf("the call failed: %v\n%s", err, said)
	}
	h.chose("00023001")
}

// Keys that are only heard, as an old exchange brings them, choose in the menus.
func TestKeysInband(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"trunk.dtmf": "inband"}, trunk("inband"))
	h.hire("1001", "8001", h.every()...)
	h.start()
	h.work("1001").OnInvite(meets(phone.Answer(0).Talk(500 * time.Millisecond)))
	c := h.dial("00023002")
	h.hears(c, "menu.water", 0)
	at := now(c)
	c.Speak(key(697, 1336)) // 2
	h.hears(c, "menu.city.jianwei", at)
	c.Speak(key(697, 1209)) // 1
	h.finished(c)
	h.chose("00023002")
}

// key is the sound of a pressed key: two tones (ITU-T Q.23) for 160 ms.
func key(low, high float64) []int16 {
	const samples = 160 * 8
	sound, other := phone.Tone(low, samples), phone.Tone(high, samples)
	for i := range sound {
		sound[i] = sound[i]/2 + other[i]/2
	}
	return sound
}
