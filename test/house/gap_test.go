package house

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"hotline/phone"
	"hotline/ticket"
)

// While the citizen says what is not to be kept the agent pauses the recording:
// both sides are silent there, stay in step, and the ticket tells the gap.
func TestAgentPausesTheRecording(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.hire("1001", "8001", h.every()...)
	token := h.supervisor()
	h.start()
	d := h.work("1001")
	d.OnInvite(meets(phone.Answer(0)))
	verb := func(h *house, verb string) {
		h.Helper()
		h.api("", "POST", "/api/v1/agents/1001/recording/"+verb, `{"pin":"`+pin+`"}`)
	}
	talk := func(h *house, number string) (c, agent *phone.Call) {
		c = h.dial(number)
		h.press(c, "0")
		agent = h.ring(d)
		h.talk(c, agent)
		time.Sleep(3 * time.Second) // the first words are over
		return c, agent
	}
	t.Run("nobody talks", func(t *testing.T) {
		h := h.within(t)
		if status := h.status(token, "/api/v1/agents/1001/recording/pause"); status != http.StatusConflict {
			t.Errorf("the API answers %d", status)
		}
	})
	t.Run("paused twice, resumed twice", func(t *testing.T) {
		h := h.within(t)
		c, agent := talk(h, "00053001")
		for range 2 {
			verb(h, "pause")
			verb(h, "pause") // so already
			c.Tone(700)      // the number of his card
			time.Sleep(2 * time.Second)
			c.Tone(500)
			time.Sleep(onItsWay)
			verb(h, "resume")
			time.Sleep(2 * time.Second)
		}
		verb(h, "resume")
		h.goodbye(c, agent)
		h.gaps(h.ticket("00053001"), 2, 6*time.Second)
	})
	t.Run("the talk ends in the pause", func(t *testing.T) {
		h := h.within(t)
		c, agent := talk(h, "00053002")
		verb(h, "pause")
		c.Tone(700)
		time.Sleep(2 * time.Second)
		h.hangUp(c)
		<-agent.Done()
		h.gaps(h.ticket("00053002"), 1, 2*time.Second)
	})
	t.Run("another controller goes on in the pause, and it stays one", func(t *testing.T) {
		c, agent := talk(h.within(t), "00053003")
		verb(h.within(t), "pause")
		c.Tone(700)
		h.stop()
		time.Sleep(time.Second)
		h.start()
		h := h.within(t)
		time.Sleep(2 * time.Second)
		c.Tone(500)
		time.Sleep(onItsWay)
		verb(h, "resume")
		time.Sleep(2 * time.Second)
		h.goodbye(c, agent)
		h.gaps(h.ticket("00053003"), 1, 4*time.Second)
	})
}

// onItsWay is how long what was said may take to the recording.
const onItsWay = 300 * time.Millisecond

// status is what the API answers to a verb.
func (h *house) status(token, path string) int {
	h.Helper()
	r, err := http.NewRequestWithContext(h.soon(), "POST", "http://"+h.at.API+path, strings.NewReader("{}"))
	h.must(err)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	h.must(err)
	h.must(res.Body.Close())
	return res.StatusCode
}

// gaps proves that the ticket tells so many gaps, that both sides are silent in
// them and nowhere else, and that the recording is as long as the talk. In the
// gaps the citizen's tone was another one, of 700 Hz.
func (h *house) gaps(k ticket.Ticket, n int, spoken time.Duration) {
	h.Helper()
	left, right := h.sides(k)
	length, want := time.Duration(len(left))*time.Second/8000, k.TalkEnded.Sub(k.Joined)
	late := want - length // it began so long after they were joined
	if late.Abs() > 600*time.Millisecond {
		h.Errorf("the recording is %v long, the talk was %v", length, want)
	}
	if len(k.Gaps) != n {
		h.Fatalf("the ticket tells %d gaps; %d is right: %+v", len(k.Gaps), n, k.Gaps)
	}
	silent := time.Duration(0)
	for _, g := range k.Gaps {
		silent += g.To.Sub(g.From)
		for who, side := range map[string][]int16{"citizen": left, "agent": right} {
			const edge = 200 * time.Millisecond
			if sound := loud(part(side, g.From.Sub(k.Joined)-late+edge, g.To.Sub(k.Joined)-late-edge)); sound > 0 {
				h.Errorf("%v of the %s's sound are in the gap", sound, who)
			}
		}
	}
	if d := phone.Toned(left, 700); d > 100*time.Millisecond {
		h.Errorf("%v of what the citizen said in the gap are kept", d)
	}
	for who, d := range map[string]time.Duration{"citizen": phone.Toned(left, 500), "agent": phone.Toned(right, 400)} {
		if d < spoken || d > length-silent+200*time.Millisecond {
			h.Errorf("%v of the %s's tone are kept, of %v with %v of gaps", d, who, length, silent)
		}
	}
	// In step: both fall silent, and begin again, at the same moment, as far as the
	// machine is not busy with others.
	l, r := edges(left), edges(right)
	h.Logf("%v long, gaps %v; the citizen's side sounds %v, the agent's %v", length, silent, l, r)
	for i := 1; i < min(len(l), len(r)); i++ {
		if off := (l[i] - r[i]).Abs(); off > 150*time.Millisecond && i < 2*n {
			h.Errorf("edge %d is at %v on the citizen's side, at %v on the agent's", i, l[i], r[i])
		}
	}
}

// part is the sound between two moments of a recording.
func part(samples []int16, from, to time.Duration) []int16 {
	at := func(d time.Duration) int { return min(max(int(d*8000/time.Second), 0), len(samples)) }
	return samples[at(from):max(at(from), at(to))]
}

// step is how finely sound and silence are told apart.
const step = 20 * time.Millisecond

func sounds(samples []int16) bool {
	for _, s := range samples {
		if s > 100 || s < -100 {
			return true
		}
	}
	return false
}

// loud is how much of it sounds.
func loud(samples []int16) (d time.Duration) {
	const n = int(8000 * step / time.Second)
	for ; len(samples) >= n; samples = samples[n:] {
		if sounds(samples[:n]) {
			d += step
		}
	}
	return d
}

// edges are the moments at which sound begins or ends for longer than a packet
// that was late.
func edges(samples []int16) (at []time.Duration) {
	const n = int(8000 * step / time.Second)
	was := false
	for i := 0; i+n <= len(samples); i += n {
		if now := sounds(samples[i : i+n]); now != was {
			at, was = append(at, time.Duration(i/n)*step), now
			if k := len(at) - 2; k >= 0 && at[k+1]-at[k] < 300*time.Millisecond {
				at = at[:k]
			}
		}
	}
	return at
}
