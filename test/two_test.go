package test

import (
	"net"
	"strconv"
	"testing"
	"time"

	"hotline"
	asteriskconfig "hotline/asterisk-config"
	"hotline/phone"
	"hotline/site"
	"hotline/site/sitetest"
	"hotline/test/rig"
)

// two is a hotline with two Asterisks: a1, where the citizens of other stories
// call, and a2 on an address of its own. Each is known to the other by address, so
// the telephones of a2 are at an address that neither listens on.
type two struct {
	*rig.Rig
	second *site.Site
}

const (
	firstAddress, secondAddress = "127.0.0.1", "127.0.0.4"
	deskAddress                 = "127.0.0.5"
)

func twoAsterisks(t *testing.T) two {
	ports := [...]int{freePort(t, firstAddress), freePort(t, secondAddress)}
	r := rig.New(t, story(), func(o *site.Options) {
		o.SIPPort = ports[0]
		o.Nodes = []asteriskconfig.Node{{Name: "a2", Host: secondAddress, Port: strconv.Itoa(ports[1])}}
	})
	second := sitetest.Start(t, func(o *site.Options) {
		o.Name, o.Listen, o.SIPPort, o.PortsFrom = "a2", secondAddress, ports[1], 20000
		o.Nodes = []asteriskconfig.Node{{Name: "a1", Host: firstAddress, Port: strconv.Itoa(ports[0])}}
	})
	r.Others = map[string]site.Addresses{"a2": second.Addresses()}
	r.Start()
	return two{r, second}
}

func freePort(t *testing.T, address string) int {
	c, err := net.ListenPacket("udp", address+":0")
	must(t, err)
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port
}

// citizenOf2 calls through the trunk of the second Asterisk.
func (r two) citizenOf2(number string) citizen {
	return dial(r.Rig, number, func(o *phone.Options) { o.Server = r.second.Addresses().SIP })
}

// Given callers on one Asterisk and telephones registered at another, then they are
// joined through the trunk between the two, either way; and when one Asterisk dies,
// its calls end as lost, a caller elsewhere whose agent was there waits again where
// he stood, and an agent who registers at the living one is free again.
func TestTwoAsterisks(t *testing.T) {
	t.Parallel()
	r := twoAsterisks(t)
	far := r.PhoneAt(r.second, deskAddress, "8001")
	far.OnInvite(meets(phone.Answer(0)))
	r.SitDown("1001", "8001")

	// A caller on a1, an agent at a2.
	here := dial(r.Rig, "00057001")
	here.press("2")
	farCall := next(t, far)
	talk(t, here.Call, farCall)

	// A caller on a2, an agent at a1.
	near := r.Agent("1002", "8002")
	near.OnInvite(meets(phone.Answer(0)))
	there := r.citizenOf2("00057002")
	there.press("2")
	talk(t, there.Call, next(t, near))

	// A third caller, on a2, waits.
	waits := r.citizenOf2("00057003")
	waits.press("2")
	r.Within(5*time.Second, "he waits", func() bool { return places(r.Rig) == 1 })

	r.second.KillAsterisk()
	for _, number := range []string{"00057002", "00057003"} {
		r.Within(20*time.Second, "the ticket of "+number, func() bool { return written(r.Rig, number) })
		if k := r.TicketOf(number); k.End != hotline.EndLost || k.EndedBy != hotline.SideSystem {
			t.Errorf("%s was on the Asterisk that died; his ticket says %s, by %s", number, k.End, k.EndedBy)
		}
	}
	if k := r.TicketOf("00057002"); k.Agent != "1002" {
		t.Errorf("the ticket of the talk that was lost names agent %q", k.Agent)
	}
	// The agent who is left serves the caller whose agent is gone.
	talk(t, here.Call, next(t, near))

	// The other agent registers at the living Asterisk.
	again := r.PhoneAt(r.Site, "", "8001")
	again.OnInvite(meets(phone.Answer(0)))
	r.Within(10*time.Second, "agent 1001 is free", func() bool { return free(r.Rig, "1001") })
	late := dial(r.Rig, "00057004")
	late.press("2")
	talk(t, late.Call, next(t, again))
}

func places(r *rig.Rig) int {
	b, err := r.Live.Load(r.T.Context())
	must(r.T, err)
	return len(b.Places)
}

func free(r *rig.Rig, id hotline.AgentID) bool {
	b, err := r.Live.Load(r.T.Context())
	must(r.T, err)
	for _, a := range b.Agents {
		if a.ID == id {
			return a.State == "free"
		}
	}
	return false
}

func written(r *rig.Rig, number string) bool {
	for _, k := range r.Written() {
		if k.Caller.Number == number {
			return true
		}
	}
	return false
}
