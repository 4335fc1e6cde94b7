package site_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	asteriskconfig "hotline/asterisk-config"
	"hotline/pbx/ari"
	"hotline/phone"
	"hotline/site"
	"hotline/site/sitetest"
)

// network is the other side of the trunk: it notes every call that reaches it.
type network struct {
	*phone.Phone
	mu      sync.Mutex
	dialled []string
}

func openNetwork(t *testing.T) *network {
	t.Helper()
	n := &network{}
	n.Phone = telephone(t, phone.Options{Server: "127.0.0.1:5060", Bind: citizenAddress, Number: "network"})
	n.OnInvite(func(c *phone.Call) phone.Policy {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.dialled = append(n.dialled, c.Dialled())
		return phone.Answer(0)
	})
	return n
}

func (n *network) reached() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.dialled...)
}

// outsideNumbers are what fraudsters dial: abroad, far away, dear, by a code that
// forwards, by an address in the number's place. None is anybody's number.
func outsideNumbers(server string) []string {
	return []string{
		"+8600012345678", "+44000123456", "008600012345678", "0000123456", "00012345678", "000123456789012345",
		"9000012345678", "1680000000", "96000001", "1000000", "12345,00012345678", "12345;phone-context=+86", "12345@trunk",
		"#21#", "#00012345678", "*72#00012345678", "*21*00012345678#", "**00012345678", "*#31#00012345678",
		"PJSIP/00012345678@trunk", "trunk", "00012345678@trunk", "s", "h", "t", "Local/00012345678@outside",
		"00012345678@" + server, "&PJSIP/00012345678@trunk",
	}
}

// Neither a telephone nor a stranger nor a citizen reaches the public network
// through us, whatever he dials and wherever he has a call moved to.
func TestNobodyReachesTheTrunk(t *testing.T) {
	phone.Quiet()
	n := openNetwork(t)
	s := sitetest.Start(t, func(o *site.Options) {
		o.TrunkContact, o.DutyPhones = "sip:"+n.Address(), []string{"8001"}
	})
	c := control(t, s)
	push(t, c, "8001", "a-secret")
	server := s.Addresses().SIP
	desk := telephone(t, phone.Options{Server: server, Number: "8001", Password: "a-secret"})
	if err := desk.Register(soon(t)); err != nil {
		t.Fatal(err)
	}
	for _, who := range []struct {
		name string
		*phone.Phone
	}{
		{"a telephone", desk},
		{"a citizen", telephone(t, phone.Options{Server: server, Bind: citizenAddress, Number: "00055501"})},
		{"a stranger", telephone(t, phone.Options{Server: server, Bind: "127.0.0.3", Number: "trunk"})},
		{"a stranger with a guessed password", telephone(t, phone.Options{Server: server, Bind: "127.0.0.3", Number: "8001", Password: "guess"})},
	} {
		for _, number := range outsideNumbers(server) {
			call, err := who.Dial(t.Context(), number, phone.DialOptions{})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(30 * time.Millisecond)
			if err := call.Hangup(soon(t)); err != nil {
				t.Errorf("%s dialled %s: %v", who.name, number, err)
			}
		}
	}
	t.Run("a forward", func(t *testing.T) { forwards(t, c, desk, n, server) })
	t.Run("a transfer", func(t *testing.T) { transfers(t, c, s, desk, n) })
	time.Sleep(300 * time.Millisecond) // what must not happen gets its chance
	if reached := n.reached(); len(reached) != 0 {
		t.Errorf("the public network was called: %q", reached)
	}
	log, err := os.ReadFile(filepath.Join(s.Addresses().Logs, "security.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"refused: PJSIP/8001-", "dialled +8600012345678", "dialled 00012345678", `SecurityEvent="ChallengeResponseFailed"`, "IPV4/UDP/127.0.0.3/"} {
		if !strings.Contains(string(log), want) {
			t.Errorf("security.log does not say %s:\n%s", want, log)
		}
	}
}

// forwards: a telephone that is rung sends the call on to the public network, in
// every way of writing it.
func forwards(t *testing.T, c *controller, desk *phone.Phone, n *network, server string) {
	defer desk.OnInvite(func(*phone.Call) phone.Policy { return phone.Answer(0) })
	for i, target := range []string{
		"00012345678", "sip:00012345678@" + server, "sip:00012345678@" + n.Address(), "tel:+8600012345678", "sip:00012345678@trunk",
	} {
		desk.OnInvite(func(*phone.Call) phone.Policy { return phone.Redirect(0, target) })
		id := "agent.1001." + string(rune('a'+i))
		c.forget()
		// As the controller rings: a channel is made, and then dialled.
		if err := c.Do(t.Context(), ari.Create{Channel: id, Endpoint: "PJSIP/8001", App: site.ARIApp}.Request()); err != nil {
			t.Fatal(err)
		}
		c.await(t, ari.StasisStart)
		if err := c.Do(t.Context(), ari.DialOut(id, 5*time.Second)); err != nil {
			t.Fatal(err)
		}
		within(t, 10*time.Second, "the ringing ends that was forwarded to "+target, func() bool {
			channels, err := ari.Channels(t.Context(), c)
			return err == nil && !slices.ContainsFunc(channels, func(ch ari.Channel) bool { return ch.ID == id })
		})
	}
}

// transfers: in a call, each side asks to have the other moved to the public network.
func transfers(t *testing.T, c *controller, s *site.Site, desk *phone.Phone, n *network) {
	for _, who := range []*phone.Phone{desk, telephone(t, phone.Options{Server: s.Addresses().SIP, Bind: citizenAddress, Number: "00055501"})} {
		c.forget()
		call, err := who.Dial(t.Context(), "12345", phone.DialOptions{})
		if err != nil {
			t.Fatal(err)
		}
		start := c.await(t, ari.StasisStart)
		if err := c.Do(t.Context(), ari.Answer(start.Channel.ID)); err != nil {
			t.Fatal(err)
		}
		if _, err := call.Wait(soon(t), phone.Answered); err != nil {
			t.Fatal(err)
		}
		for _, target := range []string{"sip:00012345678@" + s.Addresses().SIP, "sip:00012345678@" + n.Address()} {
			// Asterisk says nothing to what it does not know at all, and the call stays.
			ctx, stop := context.WithTimeout(t.Context(), time.Second)
			code, err := call.Refer(ctx, target)
			stop()
			if code != 0 && code < 400 || code == 0 && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a transfer to %s is answered %d, %v", target, code, err)
			}
			if call.Ending().By != phone.Nobody {
				t.Errorf("the call ended with the transfer to %s: %v", target, call.Ending())
			}
		}
		if err := call.Hangup(soon(t)); err != nil {
			t.Error(err)
		}
	}
}

// What the city names can be dialled by those it names, and nothing else: so the
// story above would have noticed a call.
func TestOutsideIsOpenedByRoleAndNumber(t *testing.T) {
	t.Parallel()
	n := openNetwork(t)
	s := sitetest.Start(t, func(o *site.Options) {
		o.TrunkContact = "sip:" + n.Address()
		o.Outside = []asteriskconfig.Outside{{Number: "000123XX"}, {Number: "+86000X.", Phones: []string{"8009", "8002"}}, {Number: "119"}}
	})
	asBoot := boot(t, s)
	for _, id := range []string{"8001", "8002"} {
		push(t, asBoot, id, "a-secret")
	}
	for _, story := range []struct {
		from, dialled string
		reached       bool
	}{
		{"8001", "00012345", true}, {"8001", "119", true}, {"8002", "+8600012345", true}, {"8002", "00012399", true},
		{"8001", "+8600012345", false}, {"8001", "000123456", false}, {"8001", "0001234", false}, {"8002", "+8610012345", false},
		{"8001", "0001234#", false},
	} {
		p := telephone(t, phone.Options{Server: s.Addresses().SIP, Number: story.from, Password: "a-secret"})
		before := len(n.reached())
		call, err := p.Dial(t.Context(), story.dialled, phone.DialOptions{})
		if err != nil {
			t.Fatal(err)
		}
		want, kind := 403, phone.Ended
		if story.reached {
			want, kind = 0, phone.Answered
		}
		if _, err := call.Wait(soon(t), kind); err != nil {
			t.Errorf("%s dialled %s: %v", story.from, story.dialled, err)
		}
		reached := n.reached()[before:]
		if story.reached && (len(reached) != 1 || reached[0] != story.dialled) || !story.reached && len(reached) != 0 {
			t.Errorf("%s dialled %s: the network was called %q", story.from, story.dialled, reached)
		}
		if code := call.Ending().Code; !story.reached && code != want {
			t.Errorf("%s dialled %s and is answered %d, not %d", story.from, story.dialled, code, want)
		}
		if err := call.Hangup(soon(t)); err != nil {
			t.Error(err)
		}
	}
}

// A form of numbers that would open everything is refused before Asterisk starts.
func TestOutsideIsNeverEverything(t *testing.T) {
	for _, number := range []string{".", "X.!", "", "_X.", "0", "s", "+", "X", "1)", "00,1"} {
		_, err := site.Start(t.Context(), site.Options{
			Dir: t.TempDir(), Tools: sitetest.Tools(t), PortsFrom: 10000, Outside: []asteriskconfig.Outside{{Number: number}},
		})
		if err == nil || !strings.Contains(err.Error(), "0XXX.") {
			t.Errorf("%q: %v", number, err)
		}
	}
}
