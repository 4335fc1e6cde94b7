package phone

import (
	"bytes"
	"context"
	"regexp"
	"testing"
	"time"

	"github.com/emiago/diago"
	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

func TestACitizensCallAsTheCommandTellsIt(t *testing.T) {
	greeting := speech(1, 1500*time.Millisecond)
	agent := open(t, Options{Server: "127.0.0.1:5060", Number: "8001", OnInvite: func(c *Call) Policy {
		c.Speak(greeting)
		return Answer(30 * time.Millisecond)
	}})
	var told bytes.Buffer
	end, err := Citizen(within(t, 10*time.Second), &told, Options{Server: agent.Address(), Bind: "127.0.0.2", Number: "00055501"}, CallPlan{
		To: "12345", Keys: "2,1", Before: 2 * time.Second, Stay: 100 * time.Millisecond,
		Prompts: NewLibrary(map[string][]int16{"greeting": greeting, "other": speech(2, time.Second)}),
	})
	if err != nil || end.By != Us || !end.Answered {
		t.Errorf("ended as %+v, %v", end, err)
	}
	want := `^\+     0 ms  dialling 12345
\+ +\d+ ms  ringing
\+ +\d+ ms  answered
\+ +\d+ ms  sound
\+ +\d+ ms  heard "greeting"
\+ +1[456]\d\d ms  silence
\+ +2\d\d\d ms  key 2 sent
\+ +3\d\d\d ms  key 1 sent
\+ +3\d\d\d ms  ended: we hung up after 3.\d s
$`
	if !regexp.MustCompile(want).MatchString(told.String()) {
		t.Errorf("told:\n%s", told.String())
	}
}

func TestTheCommandEndsWhenToldTo(t *testing.T) {
	agent := open(t, Options{Server: "127.0.0.1:5060", Number: "8001"})
	ctx, stop := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer stop()
	var told bytes.Buffer
	end, err := Citizen(ctx, &told, Options{Server: agent.Address(), Bind: "127.0.0.2"}, CallPlan{To: "12345", Keys: "1", Before: time.Minute})
	if err != nil || end.By != Us || !bytes.Contains(told.Bytes(), []byte("ended: we hung up")) {
		t.Errorf("%+v, %v:\n%s", end, err, told.String())
	}
}

// An exchange renews a session by a second INVITE within the call; sound goes on.
func TestASecondInviteInTheCallDoesNotDisturbIt(t *testing.T) {
	agent := open(t, Options{Server: "127.0.0.1:5060", Number: "8001", OnInvite: func(*Call) Policy { return Answer(0).Tone(440) }})
	ua, err := sipgo.NewUA()
	if err != nil {
		t.Fatal(err)
	}
	defer ua.Close()
	ctx := within(t, 10*time.Second)
	exchange := diago.NewDiago(ua, diago.WithTransport(diago.Transport{Transport: "udp", BindHost: "127.0.0.2"}))
	if err := exchange.ServeBackground(ctx, func(*diago.DialogServerSession) {}); err != nil {
		t.Fatal(err)
	}
	var to sip.Uri
	if err := sip.ParseUri("sip:8001@"+agent.Address(), &to); err != nil {
		t.Fatal(err)
	}
	d, media, err := exchange.Invite(ctx, to, diago.InviteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	call := next(t, agent)
	wait(t, call, Answered)
	for range 3 {
		time.Sleep(100 * time.Millisecond)
		before := call.RTP().Sent
		if err := d.ReInvite(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		if after := call.RTP().Sent; after < before+3 {
			t.Errorf("%d packets sent after the second INVITE", after-before)
		}
	}
	writer, err := media.AudioWriter()
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		payload := make([]byte, samplesPerPacket) // µ-law 0 is a loud sample
		if _, err := writer.Write(payload); err != nil {
			t.Fatal(err)
		}
		time.Sleep(packetTime)
	}
	if got := call.RTP().Received; got < 8 {
		t.Errorf("%d packets heard after the second INVITE", got)
	}
	if err := d.Hangup(ctx); err != nil {
		t.Fatal(err)
	}
	wait(t, call, Ended)
}
