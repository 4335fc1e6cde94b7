package site_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	asteriskconfig "hotline/asterisk-config"
	"hotline/pbx/ari"
	"hotline/phone"
	"hotline/site"
	"hotline/site/sitetest"
)

// What the controller must know of a call comes with its first event.
func TestACallTellsWhereItComesFrom(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t)
	c := control(t, s)
	push(t, c, "8001", "a-secret")
	agent := phone.Options{Server: s.Addresses().SIP, Number: "8001", Password: "a-secret"}
	public := phone.Options{Server: s.Addresses().SIP, Bind: citizenAddress, Number: "00055501"}
	old := phone.DialOptions{Headers: []phone.Header{
		{Name: "Diversion", Value: "<sip:0005551234@example.invalid>;reason=unconditional"},
		{Name: "History-Info", Value: "<sip:0005551234@example.invalid>;index=1, <sip:12345@example.invalid>;index=1.1"},
	}}
	for _, story := range []struct {
		name          string
		from          phone.Options
		dialled       string
		options       phone.DialOptions
		door, heard   string
		wantDiversion bool
	}{
		{"a citizen", public, "12345", phone.DialOptions{}, "trunk", "12345", false},
		{"an old number", public, "0005551234", phone.DialOptions{}, "trunk", "0005551234", false},
		{"an international form", public, "+860005551234", phone.DialOptions{}, "trunk", "+860005551234", false},
		{"a name", public, "mayor", phone.DialOptions{}, "trunk", "mayor", false},
		{"diverted by the trunk", public, "12345", old, "trunk", "12345", true},
		{"arguments in the number", public, "12345,evil,x)", phone.DialOptions{}, "trunk", "12345evilx", false},
		{"a telephone", agent, "12345", phone.DialOptions{}, "phone", "12345", false},
		{"a telephone that claims a diversion", agent, "12345", old, "phone", "12345", false},
		{"a star code", agent, "*1001#1234", phone.DialOptions{}, "code", "*1001#1234", false},
		{"a short star code", agent, "*0", phone.DialOptions{}, "code", "*0", false},
	} {
		t.Run(story.name, func(t *testing.T) {
			c.forget()
			p := telephone(t, story.from)
			call, err := p.Dial(t.Context(), story.dialled, story.options)
			if err != nil {
				t.Fatal(err)
			}
			defer call.Hangup(t.Context())
			start := c.await(t, ari.StasisStart)
			args := start.Args
			if len(args) != 5 || args[0] != story.door || args[1] != story.heard {
				t.Fatalf("arguments %q, want %q and %q, and three headers", args, story.door, story.heard)
			}
			if got := args[2] != ""; got != (story.door == "trunk") {
				t.Errorf("to %q", args[2])
			}
			if got := args[3] != "" && args[4] != ""; got != story.wantDiversion {
				t.Errorf("diversion %q, history %q", args[3], args[4])
			}
			if data := start.Channel.Dialplan.AppData; data != "hotline,"+strings.Join(args, ",") {
				t.Errorf("the arguments stand in the channel as %q", data)
			}
			call.Hangup(t.Context())
			c.await(t, ari.StasisEnd)
		})
	}
}

// While no controller serves, a caller hears words and music, keeps his place in
// time, and is served as soon as there is one.
func TestACallerIsHeldUntilThereIsAController(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, func(o *site.Options) { o.RetrySeconds = 1 })
	call := citizen(t, s, "12345", phone.DialOptions{})
	if _, err := call.Wait(soon(t), phone.Answered); err != nil {
		t.Fatal(err)
	}
	if _, err := call.Wait(soon(t), phone.Sound); err != nil {
		t.Fatal("the caller hears nothing")
	}
	time.Sleep(9 * time.Second) // the words take seven seconds, then there is music
	if quiet := call.Heard().Silence(); quiet > 1500*time.Millisecond {
		t.Errorf("the caller heard nothing for %v", quiet)
	}
	c := control(t, s)
	start := c.await(t, ari.StasisStart)
	if time.Since(start.Channel.Created) < 9*time.Second {
		t.Errorf("the call has lost its time of arrival: %v", start.Channel.Created)
	}
	if d := call.Ending(); d.Code != 0 || d.By != phone.Nobody {
		t.Errorf("the call has ended: %v", d)
	}
}

// A controller that was away for a second is not noticed: the call rings, and is
// not even answered by anybody else.
func TestAShortAbsenceIsNotNoticed(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t)
	call := citizen(t, s, "12345", phone.DialOptions{})
	if _, err := call.Wait(soon(t), phone.Ringing); err != nil {
		t.Fatal(err)
	}
	time.Sleep(700 * time.Millisecond)
	c := control(t, s)
	start := c.await(t, ari.StasisStart)
	if start.Channel.State == "Up" {
		t.Error("it was answered before the controller came")
	}
	if late := start.Time.Sub(start.Channel.Created); late > 2*time.Second {
		t.Errorf("it came %v after its arrival", late)
	}
}

// A call that the controller hands back comes again at once, with what it knew.
func TestAControllerHandsACallBack(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, func(o *site.Options) { o.RetrySeconds = 1 })
	c := control(t, s)
	citizen(t, s, "12345", phone.DialOptions{})
	id := c.await(t, ari.StasisStart).Channel.ID
	if err := c.Do(t.Context(), ari.SetVariable(id, "HOTLINE_PLACE", "general;7;1700000000000;42")); err != nil {
		t.Fatal(err)
	}
	c.forget()
	if err := c.Do(t.Context(), ari.Continue(id, "", "", 0)); err != nil {
		t.Fatal(err)
	}
	within(t, 3*time.Second, "the call comes again", func() bool { return c.first(ari.StasisStart) != nil })
	if place, err := ari.GetVariable(t.Context(), c, id, "HOTLINE_PLACE"); err != nil || place != "general;7;1700000000000;42" {
		t.Errorf("its place became %q, %v", place, err)
	}
}

// A controller that is connected but stuck gets no new callers.
func TestAStuckControllerGetsNoCalls(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, func(o *site.Options) { o.RetrySeconds = 1 })
	c := control(t, s)
	old := strconv.FormatInt(time.Now().Add(-time.Minute).Unix(), 10)
	if err := c.Do(t.Context(), ari.SetGlobal("HOTLINE_ALIVE", old)); err != nil {
		t.Fatal(err)
	}
	call := citizen(t, s, "12345", phone.DialOptions{})
	if _, err := call.Wait(soon(t), phone.Sound); err != nil {
		t.Fatal("the caller hears nothing")
	}
	if c.first(ari.StasisStart) != nil {
		t.Fatal("the call was handed to a controller that is stuck")
	}
	if err := c.Do(t.Context(), ari.SetGlobal("HOTLINE_ALIVE", strconv.FormatInt(time.Now().Unix()+60, 10))); err != nil {
		t.Fatal(err)
	}
	c.await(t, ari.StasisStart)
}

// When nobody serves for long, the telephones on duty ring, all at once.
func TestTheDutyTelephonesRing(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, func(o *site.Options) {
		o.HoldSeconds, o.RetrySeconds, o.DutyPhones = 1, 1, []string{"8001", "8002"}
	})
	asBoot := boot(t, s)
	push(t, asBoot, "8001", "a-secret")
	push(t, asBoot, "8002", "b-secret")
	p := telephone(t, phone.Options{Server: s.Addresses().SIP, Number: "8002", Password: "b-secret"})
	if err := p.Register(soon(t)); err != nil {
		t.Fatal(err)
	}
	call := citizen(t, s, "12345", phone.DialOptions{})
	if _, err := call.Wait(soon(t), phone.Answered); err != nil {
		t.Fatal(err)
	}
	duty, err := p.NextCall(longer(t))
	if err != nil {
		t.Fatalf("the duty telephone does not ring: %v", err)
	}
	duty.Tone(880)
	if _, err := call.HearTone(longer(t), 880); err != nil {
		t.Errorf("the caller does not hear who is on duty: %v", err)
	}
	duty.Hangup(t.Context())
	if _, err := call.Wait(soon(t), phone.Ended); err != nil {
		t.Errorf("the call does not end with the talk: %v", err)
	}
}

// Where nobody is on duty either, the caller is told so and the call ends.
func TestNobodyIsThere(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, func(o *site.Options) { o.HoldSeconds, o.RetrySeconds = 1, 1 })
	call := citizen(t, s, "12345", phone.DialOptions{})
	if _, err := call.Wait(longer(t), phone.Ended); err != nil {
		t.Fatal(err)
	}
	if heard := call.Heard(); len(heard.Samples) < 8000*5 {
		t.Errorf("only %d samples were heard", len(heard.Samples))
	}
	if call.Ending().By != phone.Them {
		t.Errorf("ended by %v", call.Ending().By)
	}
}

// A star code is for the controller only; without one it is not held.
func TestAStarCodeWithoutController(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t)
	push(t, boot(t, s), "8001", "a-secret")
	p := telephone(t, phone.Options{Server: s.Addresses().SIP, Number: "8001", Password: "a-secret"})
	call, err := p.Dial(t.Context(), "*1001#1234", phone.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := call.Wait(longer(t), phone.Ended); err != nil {
		t.Fatal("the star code is held")
	}
}

// For the benchmark Asterisk's own queue serves the same callers with the same
// telephones.
func TestTheBenchQueue(t *testing.T) {
	t.Parallel()
	desk := telephone(t, phone.Options{Server: "127.0.0.1:5060", Bind: "127.0.0.3"})
	s := sitetest.Start(t, func(o *site.Options) {
		o.StaticPhones = []asteriskconfig.Phone{{ID: "7001", Contact: "sip:7001@" + desk.Address()}}
		o.Bench, o.BenchMembers = true, []string{"7001"}
	})
	call := citizen(t, s, "appqueue", phone.DialOptions{})
	at, err := desk.NextCall(soon(t))
	if err != nil {
		t.Fatalf("the queue rings nobody: %v", err)
	}
	if _, err := at.Wait(soon(t), phone.Answered); err != nil {
		t.Fatal(err)
	}
	at.Tone(880)
	if _, err := call.HearTone(soon(t), 880); err != nil {
		t.Error(err)
	}
}

// Where no bench is asked for, its queue is a number like any other.
func TestNoBenchQueue(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t)
	c := control(t, s)
	citizen(t, s, "appqueue", phone.DialOptions{})
	if start := c.await(t, ari.StasisStart); start.Args[1] != "appqueue" {
		t.Errorf("arguments %q", start.Args)
	}
}
