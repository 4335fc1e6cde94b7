package memory

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hotline"
	"hotline/live/memory"
	"hotline/routing"
)

// asked are telephones that only remember what they were asked.
type asked struct{ rung, cancelled []hotline.OfferID }

func (a *asked) Ring(_ context.Context, o hotline.Offer) error {
	a.rung = append(a.rung, o.ID)
	return nil
}

func (a *asked) Cancel(_ context.Context, o hotline.Offer) { a.cancelled = append(a.cancelled, o.ID) }

// What a new controller makes of the legs that it finds, on a board that is as it was
// left, or has lost its last steps.
func TestLegsThatAreFound(t *testing.T) {
	const given = 50 // the highest offer that the board knows
	free := func(id hotline.AgentID) *routing.Agent {
		return &routing.Agent{ID: id, Phone: "8" + hotline.PhoneID(id[1:]), State: routing.Free}
	}
	leg := func(id hotline.OfferID, agent hotline.AgentID, call hotline.CallID, up bool) routing.Leg {
		return routing.Leg{Offer: hotline.Offer{ID: id, Call: call, Agent: agent, Phone: "8" + hotline.PhoneID(agent[1:]), Queue: "general"}, Rang: true, Up: up}
	}
	one := func(legs ...routing.Leg) [][]routing.Leg { return [][]routing.Leg{legs} }
	for _, story := range []struct {
		name      string
		board     []routing.Change
		legs      [][]routing.Leg // of each Asterisk
		cancelled []hotline.OfferID
		offers    map[hotline.AgentID]hotline.OfferID // whose telephone rings for whom; those who are not here are free
		answered  map[hotline.CallID]hotline.OfferID
	}{{
		name: "an offer that the board knows goes on",
		board: []routing.Change{
			{Agent: &routing.Agent{ID: "1001", Phone: "8001", State: routing.Offered, Call: "a.anna", Offer: given}},
			{Place: &hotline.Place{Call: "a.anna", Queue: "general", Offer: given}}},
		legs:     one(leg(given, "1001", "a.anna", true)),
		offers:   map[hotline.AgentID]hotline.OfferID{"1001": given},
		answered: map[hotline.CallID]hotline.OfferID{"a.anna": given},
	}, {
		name: "one that was given up is not answered any more",
		board: []routing.Change{
			{Agent: &routing.Agent{ID: "1001", Phone: "8001", State: routing.Offered, Call: "a.anna", Offer: given}},
			{Place: &hotline.Place{Call: "a.anna", Queue: "general"}}},
		legs:      one(leg(given, "1001", "a.anna", true)),
		cancelled: []hotline.OfferID{given},
		offers:    map[hotline.AgentID]hotline.OfferID{"1001": given}, // until his telephone is quiet
	}, {
		name:     "one that the board lost goes on",
		board:    []routing.Change{{Agent: free("1001")}, {Place: &hotline.Place{Call: "a.anna", Queue: "general"}}},
		legs:     one(leg(given+1, "1001", "a.anna", true)),
		offers:   map[hotline.AgentID]hotline.OfferID{"1001": given + 1},
		answered: map[hotline.CallID]hotline.OfferID{"a.anna": given + 1},
	}, {
		name:      "one of long ago is ended",
		board:     []routing.Change{{Agent: &routing.Agent{ID: "1001", Phone: "8001", State: routing.Paused}}, {Place: &hotline.Place{Call: "a.anna", Queue: "general"}}},
		legs:      one(leg(given-1, "1001", "a.anna", true)),
		cancelled: []hotline.OfferID{given - 1},
	}, {
		name:      "one whose caller is gone is ended, and the agent is free though the board thinks he talks",
		board:     []routing.Change{{Agent: &routing.Agent{ID: "1001", Phone: "8001", State: routing.Talking, Call: "a.bert", Offer: given}}},
		legs:      one(leg(given+1, "1001", "a.nobody", true)),
		cancelled: []hotline.OfferID{given + 1},
	}, {
		name:      "one whose caller is gone is ended",
		board:     []routing.Change{{Agent: &routing.Agent{ID: "1001", Phone: "8001", State: routing.Paused}}},
		legs:      one(leg(given+1, "1001", "a.nobody", true)),
		cancelled: []hotline.OfferID{given + 1},
	}, {
		name:      "of two for one caller the later one holds",
		board:     []routing.Change{{Agent: free("1001")}, {Agent: free("1002")}, {Place: &hotline.Place{Call: "a.anna", Queue: "general"}}},
		legs:      one(leg(given+2, "1002", "a.anna", true), leg(given+1, "1001", "a.anna", true)),
		cancelled: []hotline.OfferID{given + 1},
		offers:    map[hotline.AgentID]hotline.OfferID{"1001": given + 1, "1002": given + 2},
		answered:  map[hotline.CallID]hotline.OfferID{"a.anna": given + 2},
	}, {
		name: "whom he was offered before waits again",
		board: []routing.Change{
			{Agent: &routing.Agent{ID: "1001", Phone: "8001", State: routing.Offered, Call: "a.bert", Offer: given}},
			{Place: &hotline.Place{Call: "a.bert", Queue: "general", Offer: given}}, {Place: &hotline.Place{Call: "a.anna", Queue: "general"}}},
		legs:     one(leg(given+1, "1001", "a.anna", true)),
		offers:   map[hotline.AgentID]hotline.OfferID{"1001": given + 1},
		answered: map[hotline.CallID]hotline.OfferID{"a.anna": given + 1},
	}, {
		name:      "the second Asterisk's count as well, though numbers were given since",
		board:     []routing.Change{{Agent: free("1001")}, {Agent: free("1002")}, {Place: &hotline.Place{Call: "a.bert", Queue: "general"}}, {Place: &hotline.Place{Call: "b.anna", Queue: "general"}}},
		legs:      [][]routing.Leg{{}, {leg(given+1, "1002", "b.anna", true)}},
		cancelled: []hotline.OfferID{given + 2}, // rung in between, though he talked
		offers:    map[hotline.AgentID]hotline.OfferID{"1001": given + 1, "1002": given + 1},
		answered:  map[hotline.CallID]hotline.OfferID{"b.anna": given + 1},
	}, {
		name:     "an agent of whom the board knows nothing is in his talk",
		legs:     one(leg(given+1, "1001", "a.anna", true)),
		offers:   map[hotline.AgentID]hotline.OfferID{"1001": given + 1},
		answered: map[hotline.CallID]hotline.OfferID{"a.anna": given + 1},
	}} {
		t.Run(story.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				board, phones := memory.New(), &asked{}
				was, gone := hotline.Place{Call: "was", Offer: given}, hotline.Place{Call: "was", Version: 1}
				for _, changes := range [][]routing.Change{{{Place: &was}}, {{Place: &gone, Gone: true}}, story.board} {
					if _, err := board.Commit(t.Context(), 1, changes); err != nil {
						t.Fatal(err)
					}
				}
				d := routing.New(board, phones, routing.Rules{Ring: time.Minute, Lifetime: time.Minute, Ageing: time.Minute}, routing.Ears{}, time.Now)
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				go d.Run(ctx, 1)
				nodes := []string{"a", "b"}[:max(len(story.legs), 1)]
				of := func(node string) routing.Node {
					return routing.Node{Name: node, Has: func(id hotline.CallID) bool { return strings.HasPrefix(string(id), node+".") }}
				}
				for i, name := range nodes {
					if err := d.Sync(ctx, of(name), story.legs[i], func(id hotline.CallID) bool { return !strings.HasSuffix(string(id), ".nobody") }); err != nil {
						t.Fatal(err)
					}
				}
				v, err := d.View(ctx)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range v.Waiting {
					got, _, err := d.Join(ctx, hotline.Wish{Call: p.Call, Queue: p.Queue}, routing.Note{})
					if err != nil || got.Answered.ID != story.answered[p.Call] {
						t.Errorf("for %s the offer %+v was answered, %v; %d is right", p.Call, got.Answered, err, story.answered[p.Call])
					}
					if got.Answered.ID != 0 && (got.Answered.Queue != "general" || got.Answered.Phone == "") {
						t.Errorf("what was answered is %+v", got.Answered)
					}
					if p.Offer != 0 && !slices.ContainsFunc(v.Agents, func(a routing.Agent) bool { return a.Call == p.Call && a.Offer == p.Offer }) {
						t.Errorf("%s waits for the offer %d, which is nobody's", p.Call, p.Offer)
					}
				}
				if len(v.Waiting) < len(story.answered) {
					t.Errorf("places are %+v", v.Waiting)
				}
				for _, a := range v.Agents {
					if a.Offer != story.offers[a.ID] {
						t.Errorf("%s is %s, by offer %d; %d is right", a.ID, a.State, a.Offer, story.offers[a.ID])
					}
				}
				if len(v.Agents) < len(story.offers) {
					t.Errorf("on the board are %+v", v.Agents)
				}
				if !slices.Equal(phones.cancelled, story.cancelled) {
					t.Errorf("cancelled were %d; %d is right", phones.cancelled, story.cancelled)
				}
			})
		})
	}
}

// A caller whose agent was cut off from him, because the Asterisk of the agent's telephone
// died, asks anew while that leg is on its way out: he is not given it again.
func TestWhoWasJoinedIsNotGivenTheSameLegAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		phones := &asked{}
		d := routing.New(memory.New(), phones, routing.Rules{Ring: time.Minute, Lifetime: time.Minute, Ageing: time.Minute}, routing.Ears{}, time.Now)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go d.Run(ctx, 1)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(d.Sync(ctx, routing.OneNode(), nil, func(hotline.CallID) bool { return false }))
		must(d.SignIn(ctx, "1001", "8001", nil))
		wish := hotline.Wish{Call: "anna", Queue: "general"}
		_, _, err := d.Join(ctx, wish, routing.Note{})
		must(err)
		d.Tell(routing.LegNews{News: routing.Answered, Agent: "1001", Offer: phones.rung[0]})
		o, err := d.Await(ctx, "anna")
		must(err)
		_, err = d.Joined(ctx, o, routing.Note{})
		must(err)
		p, _, err := d.Join(ctx, wish, routing.Note{})
		must(err)
		moment, over := context.WithTimeout(ctx, time.Second)
		defer over()
		if again, err := d.Await(moment, "anna"); err == nil || p.Answered.ID != 0 {
			t.Errorf("she was given %+v again, with the place %+v", again, p)
		}
	})
}

// The board is lost while a telephone rings. It rings no longer for that, and the caller,
// whom nobody gets, waits on where he stood, for whom he needs.
func TestWhoWasRungForKeepsHisPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ring, rung = 30 * time.Second, 20 * time.Second
		d := routing.New(memory.New(), &asked{}, routing.Rules{Ring: ring, Lifetime: time.Minute, Ageing: time.Minute}, routing.Ears{}, time.Now)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go d.Run(ctx, 1)
		began := hotline.MillisOf(time.Now())
		time.Sleep(rung)
		leg := routing.Leg{Rang: true, Offer: hotline.Offer{ID: 51, Call: "anna", Agent: "1001", Phone: "8001", Queue: "general", At: began}}
		err := d.Sync(ctx, routing.OneNode(), []routing.Leg{leg}, func(hotline.CallID) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		join := func(w hotline.Wish) hotline.Place {
			t.Helper()
			p, _, err := d.Join(ctx, w, routing.Note{})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		join(hotline.Wish{Call: "berta", Queue: "general", Seq: 8, Since: began})
		p := join(hotline.Wish{Call: "anna", Queue: "general", Needs: []hotline.Skill{"english"}, Priority: 2, Seq: 7, Since: began})
		if p.Offer != leg.Offer.ID || p.Seq != 7 || p.Since != began || p.Priority != 2 || !slices.Equal(p.Needs, []hotline.Skill{"english"}) {
			t.Errorf("her place is %+v", p)
		}
		v, err := d.View(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if left := time.Until(v.Agents[0].Deadline.Time()); left > ring-rung {
			t.Errorf("his telephone rings for another %v; %v is right", left, ring-rung)
		}
		d.Tell(routing.LegNews{News: routing.Gone, Agent: "1001", Offer: leg.Offer.ID, Why: routing.WhyDeclined})
		if n := d.Position("berta"); n != 1 {
			t.Errorf("%d stand before berta; anna is to", n)
		}
	})
}
