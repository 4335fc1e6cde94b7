package memory

import (
	"context"
	"errors"
	"testing"
	"time"

	"hotline"
	"hotline/ivr"
)

// mute is a line on which no music can be played.
type mute struct{ ivr.Line }

func (mute) Wait(context.Context, ivr.Waiting) error { return errors.New("Asterisk did not answer") }

// kept is a queue that notes who left it, with an agent at hand or none.
type kept struct {
	ivr.Queue
	agent hotline.AgentID
	left  int
}

func (*kept) Join(_ context.Context, w hotline.Wish, _ *ivr.Record) (hotline.Place, error) {
	return hotline.Place{Call: w.Call, Queue: w.Queue, Seq: 7}, nil
}

func (k *kept) Await(ctx context.Context, call hotline.CallID) (hotline.Offer, error) {
	if k.agent != "" {
		return hotline.Offer{ID: 1, Call: call, Agent: k.agent}, nil
	}
	<-ctx.Done()
	return hotline.Offer{}, context.Cause(ctx)
}

func (k *kept) Leave(context.Context, hotline.CallID) (hotline.Offer, int) {
	k.left++
	return hotline.Offer{}, 0
}

// last is a step that ends the call, and notes that it came.
type last struct{ came *bool }

func (s last) Play(context.Context, *ivr.Call) (string, error) { *s.came = true; return "", nil }
func (last) Exits() []ivr.Exit                                 { return nil }
func (last) Prompts() []string                                 { return nil }

// The music of one who waits fails. The apology follows, and he does not lose his place by
// it; where an agent has picked up for him, he talks with him and hears none.
func TestWhoWaitsKeepsHisPlaceThroughAFailure(t *testing.T) {
	for name, agent := range map[string]hotline.AgentID{"nobody has picked up": "", "an agent has picked up": "1001"} {
		t.Run(name, func(t *testing.T) {
			var talked, sorry bool
			f := &ivr.Flow{Begin: "queue", Sorry: "sorry", Places: map[hotline.HotlineKey]ivr.Place{"": {Queue: "general"}}, Steps: map[string]ivr.Step{
				"queue": ivr.QueueStep{Answered: "talk"}, "talk": last{&talked}, "sorry": last{&sorry}}}
			q := &kept{agent: agent}
			c := &ivr.Call{Record: &ivr.Record{At: "queue"}, Line: mute{}, Queue: q, Now: time.Now, Save: func(context.Context, *ivr.Record) bool { return true }}
			if err := f.Play(t.Context(), c, func(string, error) {}); err != nil {
				t.Fatal(err)
			}
			if q.left != 0 || c.Place.Seq != 7 {
				t.Errorf("he left the queue %d times, and has the place %+v", q.left, c.Place)
			}
			if talked != (agent != "") || sorry != (agent == "") {
				t.Errorf("he came to the talk: %v; heard the apology: %v", talked, sorry)
			}
		})
	}
}
