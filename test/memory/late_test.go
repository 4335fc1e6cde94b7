package memory

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hotline"
	"hotline/routing"
)

// Two callers come while Redis stands still. It wakes and does what waited in it, in
// another order. They keep the order in which they called, there too: the next
// controller goes by it.
func TestCallersKeepTheirOrderThroughAFreeze(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := Open(nil, routing.Rules{Ring: time.Second, Lifetime: time.Second, Ageing: time.Minute})
		defer h.Close()
		ctx := t.Context()
		h.Board.Away(true)
		calls := []hotline.CallID{"first", "second", "third"}
		for _, id := range calls {
			if _, _, err := h.Desk.Join(ctx, hotline.Wish{Call: id, Queue: "general"}, routing.Note{}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		h.Board.Away(false)
		for _, id := range []hotline.CallID{"third", "first", "second"} {
			place := hotline.Place{Call: id, Queue: "general"}
			if _, err := h.Board.Commit(ctx, 1, []routing.Change{{Place: &place}}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(5 * time.Second)
		board, err := h.Board.Load(ctx)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(board.Places, func(a, b hotline.Place) int { return int(a.Seq - b.Seq) })
		var order []hotline.CallID
		for _, p := range board.Places {
			order = append(order, p.Call)
		}
		if !slices.Equal(order, calls) {
			t.Errorf("they called in the order %v and stand in the order %v", calls, order)
		}
	})
}

// A caller comes and goes while Redis stands still. It wakes, is put right, and only
// then does what it still had in hand: his place does not stay.
func TestAStepDoneLateIsPutRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := Open(nil, routing.Rules{Ring: time.Second, Lifetime: time.Second, Ageing: time.Minute})
		defer h.Close()
		ctx := t.Context()
		h.Board.Away(true)
		if _, _, err := h.Desk.Join(ctx, hotline.Wish{Call: "ghost", Queue: "general"}, routing.Note{}); err != nil {
			t.Fatal(err)
		}
		h.Desk.Leave(ctx, "ghost")
		h.Board.Away(false)
		time.Sleep(200 * time.Millisecond)
		if v, err := h.Desk.View(ctx); err != nil || v.Stale {
			t.Fatalf("the board is not taken up again: %+v, %v", v, err)
		}
		place := hotline.Place{Call: "ghost", Queue: "general"}
		if _, err := h.Board.Commit(ctx, 1, []routing.Change{{Place: &place}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
		if board, err := h.Board.Load(ctx); err != nil || len(board.Places) != 0 {
			t.Errorf("on the board are %+v, %v", board.Places, err)
		}
	})
}
