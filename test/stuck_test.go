package test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/site"
	"hotline/test/rig"
)

// mostStuck is how long a controller may stand still before it ends by itself: the
// event socket's ping (5 s) and what the watchdog allows (5 s), and a little.
const mostStuck = 13 * time.Second

// The board's loop stands still in the middle of an offer, while the leases are
// renewed and events are read as ever. The controller says where every goroutine
// stands and ends; the one that stands by has everybody, the caller of that offer
// included.
func TestAStuckBoardEndsTheController(t *testing.T) {
	s := stand(t)
	s.serves.Jam("offered")
	s.leaves.hangup() // his agent is free, and is offered the first who waits
	s.ends("board", "routing.(*Dispatcher).Run")
	talk(t, s.first.Call, next(t, s.Desk("1002")))
	s.goOn()
}

// The reader of Asterisk's events stands still at a new caller.
func TestAStuckReaderEndsTheController(t *testing.T) {
	s := stand(t)
	s.serves.Jam("arrived")
	late := s.Citizen("00057009")
	call, err := late.Dial(t.Context(), "12345", phone.DialOptions{})
	must(t, err)
	s.ends("exchange", "ari.(*Conn).read")
	citizen{s.Rig, call, "00057009", late.Close}.hears("menu.1s", 0)
	must(t, call.Hangup(soon(t)))
	s.goOn()
}

// standing is a hotline with a controller that serves and one that stands by: two
// talk, two wait.
type standing struct {
	*rig.Rig
	serves, next                 *rig.Controller
	talks, leaves, first, second citizen
	agent                        *phone.Call // of the one who talks on
}

func stand(t *testing.T) *standing {
	r := rig.New(t, patient(), func(o *site.Options) { o.RetrySeconds = 1 })
	s := &standing{Rig: r, serves: r.Another(false)}
	r.Serves(s.serves)
	calls := make([]*phone.Call, 2)
	for i, c := range []*citizen{&s.talks, &s.leaves} {
		desk := r.Agent(hotline.AgentID(fmt.Sprint(1001+i)), hotline.PhoneID(fmt.Sprint(8001+i)))
		desk.OnInvite(meets(phone.Answer(0)))
		*c = dial(r, fmt.Sprintf("0005700%d", i))
		c.press("2")
		calls[i] = next(t, desk)
		talk(t, c.Call, calls[i])
	}
	s.agent = calls[0]
	s.first, s.second = waiting(r, "00057002"), waiting(r, "00057003")
	s.next = r.Another(true)
	s.next.StandsBy()
	return s
}

// ends waits until the controller has ended because this part is stuck, with this
// word among where its goroutines stand, and the next one serves.
func (s *standing) ends(part, dump string) {
	s.T.Helper()
	began := time.Now()
	select {
	case <-s.serves.Over():
	case <-time.After(mostStuck * slower):
		s.T.Fatalf("the controller whose %s is stuck has not ended", part)
	}
	s.T.Logf("it ended %v after it stood still", time.Since(began).Round(time.Millisecond))
	if got := s.serves.Exit(); got != 70 {
		s.T.Errorf("it ended with status %d", got)
	}
	if !s.serves.Said(func(l rig.Line) bool { return l.Is("part", part) }) {
		s.T.Errorf("its log does not say that %s is stuck", part)
	}
	if !s.serves.Said(func(l rig.Line) bool { return strings.Contains(fmt.Sprint(l["msg"]), dump) }) {
		s.T.Errorf("its log does not say that a goroutine stands in %s", dump)
	}
	s.Serves(s.next)
}

// goOn wants the talk and the place as they were.
func (s *standing) goOn() {
	s.T.Helper()
	s.talks.up()
	hears(s.T, "the one who talks", lately(s.talks.Call), 400)
	hears(s.T, "his agent", lately(s.agent), 500)
	if p := s.second.waits(); p.Offer != 0 {
		s.T.Errorf("the second who waits is offered: %+v", p)
	}
}
