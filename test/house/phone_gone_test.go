package house

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/routing"
)

// A telephone that is not there: its agent is shown as paused for that, no
// caller is stuck with it, and he is free when it is back.
func TestPhoneGone(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.hire("1001", "8001", h.every()...)
	h.hire("1002", "8002", h.every()...)
	h.start()
	one, two := h.work("1001"), h.work("1002")
	one.OnInvite(meets(phone.Answer(0)))
	two.OnInvite(meets(phone.Answer(0)))
	t.Run("unregisters while its agent is free", func(t *testing.T) {
		h := h.within(t)
		h.must(one.Unregister(h.soon()))
		h.state("1001", routing.Paused, routing.PausePhoneGone)
		h.booked("1001", "8001", routing.PausePhoneGone)
		c := h.dial("00093001")
		h.must(c.Press(t.Context(), "0"))
		agent := h.ring(two)
		h.talk(c, agent)
		h.goodbye(c, agent)
	})
	t.Run("registers again", func(t *testing.T) {
		h := h.within(t)
		h.must(one.Register(h.soon()))
		h.state("1001", routing.Free, "")
		h.booked("1001", "8001", "")
	})
	t.Run("gone at the very moment of an offer: the caller goes to the other", func(t *testing.T) {
		h := h.within(t)
		h.longestIdle(one, two)
		h.must(one.Unregister(h.soon()))
		c := h.dialTo("00093002", "8101")
		agent := h.ring(two)
		h.talk(c, agent)
		h.goodbye(c, agent)
		h.state("1001", routing.Paused, routing.PausePhoneGone)
		h.must(one.Register(h.soon()))
		h.state("1001", routing.Free, "")
	})
	t.Run("his own pause stays his own", func(t *testing.T) {
		h := h.within(t)
		h.code(one, "*1", "desk.paused")
		h.must(one.Unregister(h.soon()))
		time.Sleep(3 * time.Second)
		h.state("1001", routing.Paused, "break")
		h.must(one.Register(h.soon()))
		time.Sleep(3 * time.Second)
		h.state("1001", routing.Paused, "break")
		h.code(one, "*2", "desk.free")
	})
	t.Run("nobody's telephone is there: the caller waits, and is answered with the first that is", func(t *testing.T) {
		h := h.within(t)
		h.must(one.Unregister(h.soon()))
		h.must(two.Unregister(h.soon()))
		h.state("1001", routing.Paused, routing.PausePhoneGone)
		h.state("1002", routing.Paused, routing.PausePhoneGone)
		c := h.dial("00093003")
		h.must(c.Press(t.Context(), "0"))
		h.waiting(1)
		h.must(two.Register(h.soon()))
		agent := h.ring(two)
		h.talk(c, agent)
		h.goodbye(c, agent)
		h.must(one.Register(h.soon()))
		h.state("1001", routing.Free, "")
	})
	t.Run("gone while no controller serves", func(t *testing.T) {
		h.stop()
		h.must(one.Unregister(h.soon()))
		h.start()
		h := h.within(t)
		h.state("1001", routing.Paused, routing.PausePhoneGone)
		h.state("1002", routing.Free, "")
		h.must(one.Register(h.soon()))
		h.state("1001", routing.Free, "")
	})
}

// Redis is emptied and the controller starts anew: who is signed in stands in
// SQL, and whose telephone is registered comes back, paused until he is ready.
func TestRecoveredAgents(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	for _, id := range []hotline.AgentID{"1001", "1002", "1003"} {
		h.hire(id, hotline.PhoneID("8"+id[1:]), "water", "city")
	}
	h.start()
	one, two := h.work("1001"), h.work("1002")
	h.plug(h.desks["1003"])
	h.code(h.desks["1003"], "*1003#"+pin, "desk.in")
	h.code(h.desks["1003"], "*0", "desk.out")
	h.stop()
	h.must(two.Unregister(h.soon()))
	h.emptyRedis()
	h.start()
	h.state("1001", routing.Paused, routing.PauseRecovered)
	h.booked("1001", "8001", routing.PauseRecovered)
	if a := h.agent("1001"); a.Phone != "8001" || len(a.Skills) != 2 {
		t.Errorf("he is back as %+v", a)
	}
	h.state("1002", routing.Offline, "") // whose telephone is not there
	h.state("1003", routing.Offline, "") // who had signed out

	one.OnInvite(meets(phone.Answer(0)))
	c := h.dialTo("00094001", "8102") // the water company's old number
	h.waiting(1)
	h.quiet(one, time.Second)
	h.code(one, "*2", "desk.free")
	agent := h.ring(one)
	h.talk(c, agent)
	h.goodbye(c, agent)
	h.booked("1001", "8001", "")

	h.must(two.Register(h.soon())) // his telephone comes later, and he with it
	h.state("1002", routing.Paused, routing.PauseRecovered)
	h.booked("1002", "8002", routing.PauseRecovered)
	h.code(two, "*2", "desk.free")
	h.state("1002", routing.Free, "")
}

// emptyRedis takes all that Redis holds away.
func (h *house) emptyRedis() {
	h.Helper()
	password, err := h.at.RedisPassword()
	h.must(err)
	conn, err := net.Dial("tcp", h.at.Redis)
	h.must(err)
	defer conn.Close()
	h.must(conn.SetDeadline(time.Now().Add(soon)))
	_, err = fmt.Fprintf(conn, "AUTH %s\r\nFLUSHALL\r\n", password)
	h.must(err)
	answers := make([]byte, len("+OK\r\n+OK\r\n"))
	_, err = io.ReadFull(conn, answers)
	h.must(err)
	if string(answers) != "+OK\r\n+OK\r\n" {
		h.Fatalf("Redis answers %q", answers)
	}
}
