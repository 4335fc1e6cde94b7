package phone

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// The stories below run on a real Asterisk, one after the other on one site.
func TestOnAsterisk(t *testing.T) {
	x := startExchange(t)
	t.Run("the words of an exchange without controller are named", x.namesPrompts)
	x.serve(t)
	t.Run("two hundred keys arrive once and in order", x.twoHundredKeys)
	t.Run("an agent registers, answers and talks", x.agentTalks)
	t.Run("an agent declines, redirects, rings on", x.agentDeclines)
	t.Run("an agent signs in by short code", x.signIn)
	t.Run("ringing, early media, busy, no codec", x.beforeTheAnswer)
	t.Run("odd callers", x.oddCallers)
	t.Run("a hundred calls at once", x.hundred)
	t.Run("an agent registers again after the exchange was killed", x.restart)
}

func (x *exchange) namesPrompts(t *testing.T) {
	prompts, err := LoadPrompts(os.DirFS("../asterisk-config/sounds"))
	if err != nil {
		t.Fatal(err)
	}
	call := dial(t, x.citizen(t, Options{}), "12345", DialOptions{})
	wait(t, call, Answered)
	var told bytes.Buffer
	var narrated sync.WaitGroup
	narrated.Go(func() {
		if err := Narrate(context.Background(), &told, call, NewLibrary(prompts)); err != nil {
			t.Error(err)
		}
	})
	whole := duration(len(prompts["please-hold"]))
	time.Sleep(whole + 2*time.Second) // a busy Asterisk plays it late
	hangUp(t, call)
	narrated.Wait()
	if !strings.Contains(told.String(), "heard \"please-hold\"\n") {
		t.Errorf("please-hold was not named:\n%s", told.String())
	}
	if r := call.RTP(); r.Lost != 0 || r.First == 0 || r.P50 < 15*time.Millisecond || r.P50 > 25*time.Millisecond {
		t.Errorf("packets travelled badly: %+v", r)
	}
	t.Logf("%s%+v", told.String(), call.RTP())
}

func (x *exchange) twoHundredKeys(t *testing.T) {
	const keys = "0123456789*#ABCD0044"
	citizen := x.citizen(t, Options{})
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			number := fmt.Sprint("0007770", i)
			call := dial(t, citizen, "12345", DialOptions{From: &Identity{Number: number}})
			wait(t, call, Answered)
			leg := x.find(t, func(l *leg) bool { return l.number == number })
			if err := call.Press(within(t, 60*time.Second), keys); err != nil {
				t.Error(err)
			}
			for range 100 {
				if len(x.keysOf(leg)) >= len(keys) {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			if got := x.keysOf(leg); got != keys {
				t.Errorf("Asterisk understood %d of %d keys: %s; our packets late p99 %v, at most %v", len(got), len(keys), got, call.RTP().LateP99, call.RTP().LateMax)
			}
			hangUp(t, call)
		})
	}
	all.Wait()
}

func (x *exchange) agentTalks(t *testing.T) {
	x.addPhone(t, "8001", "right")
	wrong := open(t, Options{Server: x.site.Addresses().SIP, Number: "8001", Password: "wrong"})
	if err := wrong.Register(within(t, 5*time.Second)); err == nil {
		t.Error("a wrong password registers")
	}
	agent := x.agent(t, "8001", "right")
	if err := agent.Register(within(t, 5*time.Second)); err != nil {
		t.Fatal(err)
	}
	if !agent.Registered() {
		t.Error("the agent does not know that it is registered")
	}
	agent.OnInvite(func(*Call) Policy { return Answer(50 * time.Millisecond).Tone(440) })
	call := dial(t, x.citizen(t, Options{}), "8001", DialOptions{})
	call.Tone(880)
	theirs := next(t, agent)
	if theirs.Number() != "00055501" {
		t.Errorf("the agent sees %q", theirs.Number())
	}
	if _, err := call.HearTone(within(t, 5*time.Second), 440); err != nil {
		t.Errorf("the citizen does not hear the agent: %v", err)
	}
	if _, err := theirs.HearTone(within(t, 5*time.Second), 880); err != nil {
		t.Errorf("the agent does not hear the citizen: %v", err)
	}
	hangUp(t, theirs)
	hangUp(t, call)
	if err := agent.Unregister(within(t, 5*time.Second)); err != nil {
		t.Error(err)
	}
	if _, text := x.ask("GET", "/endpoints/PJSIP/8001", nil); !strings.Contains(text, `"offline"`) {
		t.Errorf("after signing off Asterisk says %s", text)
	}
}

func (x *exchange) agentDeclines(t *testing.T) {
	agent := x.agent(t, "8002", "right")
	if err := agent.Register(within(t, 5*time.Second)); err != nil {
		t.Fatal(err)
	}
	citizen := x.citizen(t, Options{})
	for _, policy := range []Policy{Decline(0, 486), Decline(0, 480), Decline(0, 603), Redirect(0, "8001"), RingOn()} {
		agent.OnInvite(func(*Call) Policy { return policy })
		call := dial(t, citizen, "8002", DialOptions{})
		theirs := next(t, agent)
		if policy.act == ringOn {
			wait(t, theirs, Ringing)
			// The exchange takes the ringing back.
			leg := x.find(t, func(l *leg) bool { return l.dialled == "8002" && x.standing(l) })
			_, text := x.ask("GET", "/channels", nil)
			for id := range strings.SplitSeq(text, `"id":"`) {
				if id, rest, _ := strings.Cut(id, `"`); strings.Contains(rest, "PJSIP/8002-") && id != leg.id {
					x.ask("DELETE", "/channels/"+id, nil)
				}
			}
		}
		wait(t, theirs, Ended)
		if end := theirs.Ending(); end.Answered || end.Err != nil || end.By == Nobody {
			t.Errorf("%+v ends as %+v", policy, end)
		} else {
			t.Log(end)
		}
		hangUp(t, call)
	}
}

func (x *exchange) standing(l *leg) bool {
	select {
	case <-l.gone:
		return false
	default:
		return true
	}
}

// The agent's whole day as the command tells it: register, sign in by a code that
// is challenged with 401, one call.
func (x *exchange) signIn(t *testing.T) {
	x.addPhone(t, "8003", "right")
	var told bytes.Buffer
	var day sync.WaitGroup
	day.Go(func() {
		options := Options{Server: x.site.Addresses().SIP, Number: "8003", Password: "right"}
		if err := Agent(within(t, 20*time.Second), &told, options, AgentPlan{SignIn: "*1003#1234", Policy: Answer(0).Talk(200 * time.Millisecond), Calls: 1}); err != nil {
			t.Error(err)
		}
	})
	leg := x.find(t, func(l *leg) bool { return l.dialled == "*1003#1234" })
	if leg.door != "code" {
		t.Errorf("the code arrives by door %q", leg.door)
	}
	<-leg.gone
	call := dial(t, x.citizen(t, Options{}), "8003", DialOptions{})
	day.Wait()
	hangUp(t, call)
	for _, line := range []string{"8003 is registered at ", "dialling *1003#****\n", "call from 00055501\n", "answered\n", "ended: we hung up after 0.2 s"} {
		if !strings.Contains(told.String(), line) {
			t.Errorf("%q is not told", line)
		}
	}
	t.Log(told.String())
}

func (x *exchange) beforeTheAnswer(t *testing.T) {
	citizen := x.citizen(t, Options{})
	call := dial(t, citizen, "100", DialOptions{})
	wait(t, call, Ringing)
	hangUp(t, call)
	if end := call.Ending(); end.By != Us || end.Code != 487 {
		t.Errorf("giving up while it rings ends as %+v", end)
	}

	call = dial(t, citizen, "101", DialOptions{})
	wait(t, call, EarlyMedia)
	wait(t, call, Sound)
	hangUp(t, call)
	if end := call.Ending(); end.By != Us || end.Answered {
		t.Errorf("giving up in early media ends as %+v", end)
	}

	call = dial(t, citizen, "103", DialOptions{})
	wait(t, call, EarlyMedia)
	answered := wait(t, call, Answered)
	time.Sleep(500 * time.Millisecond)
	if r := call.RTP(); r.First == 0 || r.First > answered.At || r.Gap > 100*time.Millisecond {
		t.Errorf("early media that is answered travelled as %+v", r)
	}
	if h := call.HeardSince(answered.At + 300*time.Millisecond); len(h.Samples) < 800 {
		t.Errorf("nothing is heard after the answer: %d samples", len(h.Samples))
	}
	hangUp(t, call)

	call = dial(t, citizen, "102", DialOptions{})
	wait(t, call, Ended)
	if end := call.Ending(); end.By != Them || end.Code != 486 {
		t.Errorf("busy ends as %+v", end)
	}

	call = dial(t, x.citizen(t, Options{Codecs: []string{"G729"}}), "12345", DialOptions{})
	wait(t, call, Ended)
	if end := call.Ending(); end.By != Them || end.Code != 488 {
		t.Errorf("a codec Asterisk lacks ends as %+v", end)
	}
}

func (x *exchange) oddCallers(t *testing.T) {
	long := strings.Repeat("7", 200)
	citizen := x.citizen(t, Options{})
	for dialled, id := range map[string]Identity{
		"201": {Number: ""}, "202": {Number: long, Name: long}, "203": {Anonymous: true},
		"204": {Number: "1\r\nX-Evil: 1", Name: "a\r\nX-Evil: 2"}, "205": {Number: "000123;x=y", Name: "张三 \"x\""},
	} {
		call := dial(t, citizen, dialled, DialOptions{From: &id, Headers: []Header{{"Diversion", "<sip:8101@127.0.0.2>"}, {"History-Info", "<sip:8101@127.0.0.2>;index=1"}}})
		wait(t, call, Answered)
		leg := x.find(t, func(l *leg) bool { return l.dialled == dialled })
		t.Logf("%s: Asterisk sees number %q name %q", dialled, leg.number, leg.name)
		hangUp(t, call)
	}
	first, second := dial(t, citizen, "206", DialOptions{CallID: "twice"}), dial(t, citizen, "207", DialOptions{CallID: "twice"})
	for _, call := range []*Call{first, second} {
		wait(t, call, Answered)
		hangUp(t, call)
	}
}

func (x *exchange) hundred(t *testing.T) {
	citizen := x.citizen(t, Options{Hear: -1})
	before, began := processTime(), time.Now()
	var calls []*Call
	for range 100 {
		calls = append(calls, dial(t, citizen, "12345", DialOptions{}))
		time.Sleep(10 * time.Millisecond)
	}
	for _, call := range calls {
		wait(t, call, Answered)
	}
	time.Sleep(4 * time.Second)
	for _, call := range calls {
		call.Tone(440)
	}
	cpu, wall := processTime()-before, time.Since(began)
	var late, slowest time.Duration
	var sent uint64
	for _, call := range calls {
		r := call.RTP()
		late, sent = max(late, r.LateP99), sent+r.Sent
		slowest = max(slowest, wait(t, call, Answered).At)
	}
	for _, call := range calls {
		call.hangUp()
	}
	for _, call := range calls {
		wait(t, call, Ended)
		if end := call.Ending(); !end.Answered || end.By != Us || end.Err != nil {
			t.Errorf("ending is %+v", end)
		}
	}
	if share := cpu.Seconds() / wall.Seconds(); share > 1 {
		t.Errorf("100 calls took %.1f processors", share)
	}
	t.Logf("100 calls: %.0f%% of a processor, slowest answer %v, packets late p99 %v, %d sent", 100*cpu.Seconds()/wall.Seconds(), slowest, late, sent)
}

func (x *exchange) restart(t *testing.T) {
	x.addPhone(t, "8004", "right")
	agent := open(t, Options{Server: x.site.Addresses().SIP, Number: "8004", Password: "right", Expiry: 2 * time.Second})
	if err := agent.Register(within(t, 5*time.Second)); err != nil {
		t.Fatal(err)
	}
	call := dial(t, x.citizen(t, Options{}), "12345", DialOptions{})
	wait(t, call, Answered)
	x.site.KillAsterisk()
	began := time.Now()
	hangUp(t, call)
	if d := time.Since(began); d > 3*time.Second || call.Ending().Err == nil {
		t.Errorf("hanging up on a dead exchange took %v and ended as %+v", d, call.Ending())
	}
	eventually(t, "sees that it is not registered", func() bool { return !agent.Registered() })
	if err := x.site.StartAsterisk(within(t, 20*time.Second)); err != nil {
		t.Fatal(err)
	}
	x.addPhone(t, "8004", "right") // its own database is a second behind
	eventually(t, "is registered again", agent.Registered)
	if err := agent.RegisterError(); err != nil {
		t.Error(err)
	}
}

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for range 1000 {
		if so() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("the agent never %s", what)
}
