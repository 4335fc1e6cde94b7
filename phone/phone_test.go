package phone

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	Quiet()
	goleak.VerifyTestMain(m)
}

// pair gives a citizen and an agent who can call one another without an exchange.
func pair(t *testing.T, citizenOptions, agentOptions Options) (citizen, agent *Phone) {
	t.Helper()
	agentOptions.Server = "127.0.0.1:5060" // never used: the agent only answers
	if agentOptions.Number == "" {
		agentOptions.Number = "8001"
	}
	agent = open(t, agentOptions)
	citizenOptions.Server = agent.Address()
	if citizenOptions.Bind == "" {
		citizenOptions.Bind = "127.0.0.2"
	}
	if citizenOptions.Number == "" {
		citizenOptions.Number = "00055501"
	}
	return open(t, citizenOptions), agent
}

func open(t *testing.T, o Options) *Phone {
	t.Helper()
	p, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), d)
	t.Cleanup(stop)
	return ctx
}

func dial(t *testing.T, p *Phone, to string, o DialOptions) *Call {
	t.Helper()
	c, err := p.Dial(context.Background(), to, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wait(t *testing.T, c *Call, kind Kind) Event {
	t.Helper()
	e, err := c.Wait(within(t, 10*time.Second), kind)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func next(t *testing.T, p *Phone) *Call {
	t.Helper()
	c, err := p.NextCall(within(t, 5*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func hangUp(t *testing.T, c *Call) {
	t.Helper()
	if err := c.Hangup(within(t, 5*time.Second)); err != nil {
		t.Fatal(err)
	}
}

func TestACitizenCallsAnAgentAndBothHearOneAnother(t *testing.T) {
	citizen, agent := pair(t, Options{Name: "Mr \"X\""}, Options{OnInvite: func(*Call) Policy { return Answer(100 * time.Millisecond).Tone(440) }})
	call := dial(t, citizen, "12345", DialOptions{})
	wait(t, call, Ringing)
	if e := wait(t, call, Answered); e.At < 100*time.Millisecond || e.At > 2*time.Second {
		t.Errorf("answered after %v, want about 100ms", e.At)
	}
	call.Tone(880)
	theirs := next(t, agent)
	if theirs.Number() != "00055501" || !theirs.Incoming() {
		t.Errorf("the agent sees a call from %q", theirs.Number())
	}
	if _, err := call.HearTone(within(t, 3*time.Second), 440); err != nil {
		t.Errorf("the citizen does not hear the agent: %v", err)
	}
	if _, err := theirs.HearTone(within(t, 3*time.Second), 880); err != nil {
		t.Errorf("the agent does not hear the citizen: %v", err)
	}
	wait(t, call, Sound)
	hangUp(t, call)
	<-theirs.Done()
	if end := call.Ending(); end.By != Us || !end.Answered || end.Err != nil || end.Talked < 50*time.Millisecond {
		t.Errorf("the citizen's ending is %+v", end)
	}
	if end := theirs.Ending(); end.By != Them || !end.Answered {
		t.Errorf("the agent's ending is %+v", end)
	}
}

func TestATerseTelephoneSendsOnlyWhatItSays(t *testing.T) {
	citizen, agent := pair(t, Options{Terse: true}, Options{})
	call := dial(t, citizen, "12345", DialOptions{})
	wait(t, call, Answered)
	theirs := next(t, agent)
	silent := func(when string) {
		t.Helper()
		time.Sleep(60 * time.Millisecond)
		before := call.RTP().Sent
		time.Sleep(200 * time.Millisecond)
		if sent := call.RTP().Sent - before; sent > 0 {
			t.Errorf("%s it sent %d packets", when, sent)
		}
	}
	silent("with nothing to say")
	if sent := call.RTP().Sent; sent != 1 {
		t.Errorf("it sent %d packets before it spoke, want the first only", sent)
	}
	call.Tone(880)
	if _, err := theirs.HearTone(within(t, 3*time.Second), 880); err != nil {
		t.Errorf("the agent does not hear the citizen: %v", err)
	}
	call.Tone(0)
	silent("after it spoke")
	if err := call.Press(within(t, 3*time.Second), "7"); err != nil {
		t.Fatal(err)
	}
	if key := wait(t, theirs, KeyHeard); key.Key != '7' {
		t.Errorf("the agent understood %q", key.Key)
	}
	hangUp(t, call)
}

func TestTheAgentHangsUp(t *testing.T) {
	citizen, _ := pair(t, Options{}, Options{OnInvite: func(*Call) Policy { return Answer(0).Talk(150 * time.Millisecond) }})
	call := dial(t, citizen, "12345", DialOptions{})
	wait(t, call, Ended)
	if end := call.Ending(); end.By != Them || !end.Answered || end.Talked < 100*time.Millisecond {
		t.Errorf("ending is %+v", end)
	}
}

func TestTwoHundredKeysArriveOnceAndInOrder(t *testing.T) {
	citizen, agent := pair(t, Options{Keys: Timing{Hold: 40 * time.Millisecond, Gap: 20 * time.Millisecond}}, Options{})
	call := dial(t, citizen, "12345", DialOptions{})
	wait(t, call, Answered)
	theirs := next(t, agent)
	keys := strings.Repeat("0123456789*#ABCD0044", 10)
	if err := call.Press(within(t, 60*time.Second), keys); err != nil {
		t.Fatal(err)
	}
	hangUp(t, call)
	<-theirs.Done()
	if got := keysIn(theirs, KeyHeard); got != keys {
		t.Errorf("heard %d keys %q, want %q", len(got), got, keys)
	}
	if got := keysIn(call, KeySent); got != keys {
		t.Errorf("sent %q", got)
	}
}

// keysIn gives the keys of a call that is over.
func keysIn(c *Call, kind Kind) string {
	var b strings.Builder
	for e := range c.Events(context.Background()) {
		if e.Kind == kind {
			b.WriteRune(e.Key)
		}
	}
	return b.String()
}

func TestAKeyThatDoesNotExistIsNamed(t *testing.T) {
	citizen, _ := pair(t, Options{}, Options{})
	call := dial(t, citizen, "12345", DialOptions{})
	if err := call.Press(within(t, time.Second), "1x"); err == nil || !strings.Contains(err.Error(), `'x' does not exist`) {
		t.Errorf("press says %v", err)
	}
	hangUp(t, call)
}

func TestTheCitizenGivesUpWhileItRings(t *testing.T) {
	citizen, agent := pair(t, Options{}, Options{OnInvite: func(*Call) Policy { return RingOn() }})
	call := dial(t, citizen, "12345", DialOptions{})
	wait(t, call, Ringing)
	theirs := next(t, agent)
	gaveUp := time.Now()
	hangUp(t, call)
	wait(t, theirs, Ended)
	if d := time.Since(gaveUp); d > time.Second {
		t.Errorf("the agent saw the CANCEL after %v", d)
	}
	if end := call.Ending(); end.By != Us || end.Answered || end.Code != 487 || end.Err != nil {
		t.Errorf("the citizen's ending is %+v", end)
	}
	if end := theirs.Ending(); end.By != Them || end.Answered || end.Code != 487 || end.Err != nil {
		t.Errorf("the agent's ending is %+v", end)
	}
}

// The answer and the CANCEL cross in every order; never may one side think the
// call stands while the other thinks it does not.
func TestHangingUpAtTheMomentOfTheAnswer(t *testing.T) {
	citizen, agent := pair(t, Options{}, Options{OnInvite: func(*Call) Policy { return Answer(20 * time.Millisecond) }})
	for i := range 20 {
		call := dial(t, citizen, "12345", DialOptions{})
		time.Sleep(15*time.Millisecond + time.Duration(i)*time.Millisecond/2)
		hangUp(t, call)
		theirs := next(t, agent)
		wait(t, theirs, Ended)
		us, them := call.Ending(), theirs.Ending()
		if us.Answered != them.Answered || us.By != Us || us.Err != nil {
			t.Errorf("round %d: the citizen says %+v, the agent %+v", i, us, them)
		}
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	citizen, agent := pair(t, Options{}, Options{OnInvite: func(c *Call) Policy {
		if c.Number() == "1" {
			return RingOn()
		}
		return Answer(0)
	}})
	for _, from := range []string{"1", "2"} {
		ctx, stop := context.WithCancel(context.Background())
		call, err := citizen.Dial(ctx, "12345", DialOptions{From: &Identity{Number: from}})
		if err != nil {
			t.Fatal(err)
		}
		wait(t, call, map[string]Kind{"1": Ringing, "2": Answered}[from])
		stop()
		wait(t, call, Ended)
		if end := call.Ending(); end.By != Us || end.Err != nil {
			t.Errorf("ending is %+v", end)
		}
		wait(t, next(t, agent), Ended)
	}
}

func TestRefusals(t *testing.T) {
	for _, story := range []struct {
		policy Policy
		code   int
		says   string
	}{
		{Decline(0, 486), 486, "they declined: 486 Busy Here"},
		{Decline(0, 480), 480, "they declined: 480 Temporarily Unavailable"},
		{Decline(30*time.Millisecond, 603), 603, "they declined: 603 Decline"},
		{Redirect(0, "8002"), 302, "they declined: 302 Moved Temporarily"},
	} {
		t.Run(story.says, func(t *testing.T) {
			citizen, agent := pair(t, Options{}, Options{OnInvite: func(*Call) Policy { return story.policy }})
			call := dial(t, citizen, "12345", DialOptions{})
			wait(t, call, Ended)
			if end := call.Ending(); end.By != Them || end.Code != story.code || end.String() != story.says {
				t.Errorf("ending is %+v: %s", end, end)
			}
			theirs := next(t, agent)
			wait(t, theirs, Ended)
			if end := theirs.Ending(); end.By != Us || end.Code != story.code {
				t.Errorf("the agent's ending is %+v", end)
			}
		})
	}
}

func TestACodecNobodyHasIsRefusedWith488(t *testing.T) {
	citizen, agent := pair(t, Options{Codecs: []string{"G729"}}, Options{})
	agent.OnInvite(func(*Call) Policy { return Answer(0) })
	call := dial(t, citizen, "12345", DialOptions{})
	wait(t, call, Ended)
	if end := call.Ending(); end.Code != 488 {
		t.Errorf("ending is %+v", end)
	}
}

func TestNobodyAnswersAtAll(t *testing.T) {
	citizen, agent := pair(t, Options{}, Options{OnInvite: func(*Call) Policy { return Ignore() }})
	call := dial(t, citizen, "12345", DialOptions{})
	next(t, agent)
	hangUp(t, call)
	if end := call.Ending(); end.By != Us || end.Err != nil {
		t.Errorf("ending is %+v", end)
	}

	deaf := open(t, Options{Server: "127.0.0.1:9"}) // nobody listens there
	call = dial(t, deaf, "12345", DialOptions{})
	began := time.Now()
	hangUp(t, call)
	if d := time.Since(began); d > 3*time.Second {
		t.Errorf("giving up on a dead exchange took %v", d)
	}
}

func TestWhoCallsSurvivesOddNumbers(t *testing.T) {
	long := strings.Repeat("7", 200)
	citizen, agent := pair(t, Options{}, Options{OnInvite: func(*Call) Policy { return Decline(0, 486) }})
	for _, story := range []struct {
		from        Identity
		number, was string
	}{
		{Identity{}, "", ""},
		{Identity{Anonymous: true}, "anonymous", "Anonymous"},
		{Identity{Number: long}, long, ""},
		{Identity{Number: "1\r\nX-Evil: 1", Name: "a\r\nX-Evil: 2\"<sip:b>"}, "1\r\nX-Evil: 1", "aX-Evil: 2"},
		{Identity{Number: "1;x=2@b>"}, "1;x=2@b>", ""},
	} {
		call := dial(t, citizen, "*1001#1234", DialOptions{From: &story.from, Headers: []Header{{"Diversion", "<sip:8101@127.0.0.2>"}}})
		theirs := next(t, agent)
		wait(t, call, Ended)
		if theirs.Number() != story.number || !strings.HasPrefix(theirs.Name(), story.was) {
			t.Errorf("%+v arrives as %q %q", story.from, theirs.Name(), theirs.Number())
		}
		if theirs.Header("X-Evil") != "" {
			t.Errorf("%+v put a header in", story.from)
		}
		if theirs.Header("Diversion") != "<sip:8101@127.0.0.2>" {
			t.Errorf("Diversion arrives as %q", theirs.Header("Diversion"))
		}
		if to := theirs.Dialled(); to != "*1001#1234" {
			t.Errorf("dialled *1001#1234 arrives as %q", to)
		}
	}
	raw := Identity{Number: "1", Name: "a\" <sip:2@127.0.0.2>;tag=q\r\nX-Evil: 1\r\nX-Rest: \"", Raw: true}
	call := dial(t, citizen, "1", DialOptions{From: &raw})
	wait(t, call, Ended)
	if got := next(t, agent).Header("X-Evil"); got != "1" {
		t.Errorf("a raw identity was escaped: X-Evil is %q", got)
	}
	if _, err := citizen.Dial(context.Background(), "1", DialOptions{Headers: []Header{{"A", "b\r\nC: d"}}}); err == nil {
		t.Error("a header with a line end was taken")
	}
}

func TestTwoCallsWithOneCallID(t *testing.T) {
	citizen, agent := pair(t, Options{}, Options{})
	first := dial(t, citizen, "12345", DialOptions{CallID: "the-same"})
	second := dial(t, citizen, "12345", DialOptions{CallID: "the-same"})
	for _, c := range []*Call{first, second} {
		wait(t, c, Answered)
		if got := next(t, agent).ID(); got != "the-same" {
			t.Errorf("Call-ID is %q", got)
		}
	}
	hangUp(t, first)
	hangUp(t, second)
}

func TestClosingATelephoneEndsItsCalls(t *testing.T) {
	citizen, agent := pair(t, Options{}, Options{})
	call := dial(t, citizen, "12345", DialOptions{})
	wait(t, call, Answered)
	theirs := next(t, agent)
	if err := agent.Close(); err != nil {
		t.Fatal(err)
	}
	wait(t, call, Ended)
	if end := theirs.Ending(); end.By != Us {
		t.Errorf("ending is %+v", end)
	}
	if _, err := agent.Dial(context.Background(), "1", DialOptions{}); err == nil {
		t.Error("a closed telephone dials")
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	for want, o := range map[string]Options{
		"write host:port":    {Server: "nowhere"},
		"has no valid port":  {Server: "127.0.0.1:0x"},
		"is not an IP":       {Server: "127.0.0.1:5060", Bind: "here"},
		"codec \"MP3\"":      {Server: "127.0.0.1:5060", Codecs: []string{"MP3"}},
		"a key lasts 40ms":   {Server: "127.0.0.1:5060", Keys: Timing{Hold: 1}},
		"address already in": {Server: "127.0.0.1:5060", Bind: open(t, Options{Server: "127.0.0.1:5060"}).Address()},
	} {
		if p, err := Open(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", o, err, want)
			if err == nil {
				p.Close()
			}
		}
	}
}
