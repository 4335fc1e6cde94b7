package test

import (
	"testing"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/phone"
	"hotline/test/rig"
)

// direct is a short greeting, said while an agent is sought already.
func direct() *ivr.Flow {
	return &ivr.Flow{
		Name: "direct", Hash: "test", Begin: "queue", Keyed: "queue", Sorry: "sorry",
		Places: map[hotline.HotlineKey]ivr.Place{"": {Queue: "general"}},
		Steps: map[string]ivr.Step{
			"queue":   ivr.QueueStep{Say: []string{"greeting"}, Answered: "talk"},
			"talk":    ivr.TalkStep{Next: "goodbye", Queue: "queue"},
			"goodbye": ivr.SayStep{Say: []string{"goodbye"}, Next: "end", Farewell: true},
			"sorry":   ivr.SayStep{Say: []string{"sorry"}, Next: "queue"},
			"end":     ivr.EndStep{},
		},
	}
}

// At 0 s a citizen dials 12345 and hears the greeting; agent 1001 signs in, his
// phone rings, they talk; he hangs up; the citizen hears goodbye; one ticket.
func TestOneCall(t *testing.T) {
	r := rig.New(t, direct())
	r.Start()
	desk := r.Agent("1001", "8001")
	desk.OnInvite(func(*phone.Call) phone.Policy { return phone.Answer(100 * time.Millisecond) })

	call, err := r.Citizen("00055501").Dial(t.Context(), "12345", phone.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := call.Wait(t.Context(), phone.Answered); err != nil {
		t.Fatal(err)
	}
	agent, err := desk.NextCall(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	call.Tone(500)
	agent.Tone(400)
	if _, err := agent.HearTone(t.Context(), 500); err != nil {
		t.Fatal(err)
	}
	if _, err := call.HearTone(t.Context(), 400); err != nil {
		t.Fatal(err)
	}
	if err := agent.Hangup(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-call.Done()
	if e := call.Ending(); e.By != phone.Them {
		t.Errorf("the call ended by %v: %v", e.By, e)
	}
	got := r.Tickets(1)[0]
	t.Logf("%+v", got)
}
