package site_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hotline/pbx/ari"
	"hotline/phone"
	"hotline/site"
	"hotline/site/sitetest"
)

// A telephone is added while Asterisk runs; Asterisk never learns its password.
func TestATelephoneIsAddedAtRunTime(t *testing.T) {
	s := sitetest.Start(t)
	asBoot := boot(t, s)
	push(t, asBoot, "8001", "correct-horse")

	right := telephone(t, phone.Options{Server: s.Addresses().SIP, Number: "8001", Password: "correct-horse"})
	if err := right.Register(soon(t)); err != nil {
		t.Fatalf("the right password: %v", err)
	}
	within(t, 3*time.Second, "8001 online", online(t, asBoot, "8001"))

	wrong := telephone(t, phone.Options{Server: s.Addresses().SIP, Number: "8001", Password: "guess"})
	if err := wrong.Register(soon(t)); err == nil {
		t.Error("a wrong password was good enough")
	}
	nobody := telephone(t, phone.Options{Server: s.Addresses().SIP, Number: "8002", Password: "guess"})
	if err := nobody.Register(soon(t)); err == nil {
		t.Error("a telephone that nobody added could register")
	}

	auth, err := ari.GetDynamic(t.Context(), asBoot, "res_pjsip", "auth", "8001")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range auth {
		if strings.Contains(value, "correct-horse") {
			t.Errorf("Asterisk keeps the password in %s", name)
		}
	}
	if err := asBoot.Do(t.Context(), ari.PutDynamic("res_pjsip", "endpoint", "trunk", ari.Field{Attribute: "context", Value: "from-phone"})); err == nil {
		t.Error("the trunk, which is written in a file, was changed at run time")
	}
}

// A telephone rings after a crash of Asterisk although no controller pushed it
// again: the duty telephones must.
func TestATelephoneOutlivesAsterisk(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t)
	push(t, boot(t, s), "8001", "correct-horse")
	p := telephone(t, phone.Options{Server: s.Addresses().SIP, Number: "8001", Password: "correct-horse"})
	if err := p.Register(soon(t)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond) // Asterisk writes its database once a second
	s.KillAsterisk()
	if err := s.StartAsterisk(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := control(t, s)
	if err := c.Do(t.Context(), ari.Originate{Channel: "agent.1001", Endpoint: "PJSIP/8001", App: site.ARIApp}.Request()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.NextCall(soon(t)); err != nil {
		t.Fatalf("8001 does not ring: %v", err)
	}
	// As a controller does when it connects; the phone is then asked by OPTIONS.
	push(t, c, "8001", "correct-horse")
	within(t, 20*time.Second, "8001 online again", online(t, c, "8001"))
}

func TestATelephoneIsTakenAway(t *testing.T) {
	s := sitetest.Start(t)
	asBoot := boot(t, s)
	push(t, asBoot, "8001", "correct-horse")
	for _, kind := range []string{"endpoint", "aor", "auth"} {
		if err := asBoot.Do(t.Context(), ari.DeleteDynamic("res_pjsip", kind, "8001")); err != nil {
			t.Fatal(err)
		}
	}
	p := telephone(t, phone.Options{Server: s.Addresses().SIP, Number: "8001", Password: "correct-horse"})
	if err := p.Register(soon(t)); err == nil {
		t.Error("a telephone that was taken away could register")
	}
}

// A telephone that answers "call me elsewhere" has declined: the other number is
// not dialled and no call of ours comes of it.
func TestARedirectIsADecline(t *testing.T) {
	s := sitetest.Start(t)
	c := control(t, s)
	for _, target := range []string{"8002", "sip:8002@" + s.Addresses().SIP, "tel:8002", "sip:12345@" + s.Addresses().SIP} {
		t.Run(target, func(t *testing.T) {
			push(t, c, "8001", "a-secret")
			push(t, c, "8002", "b-secret")
			p1 := telephone(t, phone.Options{Server: s.Addresses().SIP, Number: "8001", Password: "a-secret"})
			p2 := telephone(t, phone.Options{Server: s.Addresses().SIP, Number: "8002", Password: "b-secret"})
			for _, p := range []*phone.Phone{p1, p2} {
				if err := p.Register(soon(t)); err != nil {
					t.Fatal(err)
				}
			}
			var rang atomic.Bool
			p2.OnInvite(func(*phone.Call) phone.Policy { rang.Store(true); return phone.RingOn() })
			p1.OnInvite(func(*phone.Call) phone.Policy { return phone.Redirect(0, target) })
			c.forget()
			if err := c.Do(t.Context(), ari.Originate{Channel: "agent.1001", Endpoint: "PJSIP/8001", App: site.ARIApp}.Request()); err != nil {
				t.Fatal(err)
			}
			ended := c.await(t, ari.ChannelDestroyed)
			t.Logf("cause %d %s", ended.Cause, ended.CauseText)
			time.Sleep(300 * time.Millisecond) // what must not happen gets its chance
			if start := c.first(ari.StasisStart); start != nil {
				t.Errorf("a call came of it: %s", start.JSON())
			}
			if rang.Load() {
				t.Error("the other telephone rang")
			}
			channels, err := ari.Channels(t.Context(), c)
			if err != nil || len(channels) != 0 {
				t.Errorf("channels left: %v, %v", channels, err)
			}
		})
	}
}

// Nobody becomes the trunk, or anybody, by saying so.
func TestAStrangerIsRefused(t *testing.T) {
	s := sitetest.Start(t)
	for _, name := range []string{"trunk", "8001", "boot", ""} {
		p := telephone(t, phone.Options{Server: s.Addresses().SIP, Bind: "127.0.0.3", Number: name})
		c, err := p.Dial(t.Context(), "12345", phone.DialOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Wait(soon(t), phone.Ended); err != nil {
			t.Fatal(err)
		}
		if code := c.Ending().Code; code != 401 {
			t.Errorf("a stranger called %q is answered %d, not 401", name, code)
		}
	}
}

// online tells whether a telephone has registered.
func online(t *testing.T, c ari.Doer, id string) func() bool {
	return func() bool {
		e, err := ari.Endpoint(t.Context(), c, "PJSIP", id)
		return err == nil && e.State == "online"
	}
}

// A caller with none of our codecs is told so at once.
func TestACodecThatWeLack(t *testing.T) {
	s := sitetest.Start(t)
	p := telephone(t, phone.Options{Server: s.Addresses().SIP, Bind: citizenAddress, Codecs: []string{"G729"}})
	c, err := p.Dial(t.Context(), "12345", phone.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(soon(t), phone.Ended); err != nil {
		t.Fatal(err)
	}
	if code := c.Ending().Code; code != 488 {
		t.Errorf("it is answered %d, not 488", code)
	}
}
