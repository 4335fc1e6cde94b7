package routing

import (
	"context"
	"slices"
	"time"

	"hotline"
)

// commit makes the changes, and the offers that follow from them, in one step,
// and rings. It tells whether the board has them. While the board is stale the image
// goes ahead of it and restore brings the board after, but for notes.
func (d *Dispatcher) commit(ctx context.Context, changes ...Change) (done bool) {
	for _, c := range changes {
		d.assume(c)
	}
	if d.stale || !d.synced {
		d.stale = d.stale || len(changes) > 0
		return false
	}
	offers := d.number(d.image.Match())
	changes = d.reserve(changes, offers)
	if len(changes) == 0 {
		return true
	}
	truth, err := d.store.Commit(ctx, d.token, changes)
	if err != nil || truth.Refused {
		d.lost("commit", err)
		return false
	}
	d.learn(truth)
	for _, o := range offers {
		d.ring(ctx, o)
	}
	return true
}

// assume puts a change into the image before the board has it.
func (d *Dispatcher) assume(c Change) {
	switch {
	case c.Note != nil:
	case c.Place != nil && c.Gone:
		d.image.Remove(c.Place.Call)
	case c.Place != nil:
		d.image.Put(d.behind(*c.Place))
	case c.Gone:
		d.image.RemoveAgent(c.Agent.ID)
	default:
		a := *c.Agent
		now := d.boardNow()
		if c.Since {
			a.Since = now
		}
		a.Deadline = 0
		if c.Within > 0 {
			a.Deadline = now.Add(c.Within)
		}
		d.image.PutAgent(a)
	}
}

// behind is a place as the board will make it: one without a number stands behind
// everybody. The numbers are the board's to give; where it is away they stay.
func (d *Dispatcher) behind(p hotline.Place) hotline.Place {
	seq, since := d.image.Last()
	if p.Seq == 0 {
		p.Seq = seq + 1
	}
	if p.Since == 0 {
		p.Since = max(d.boardNow(), since)
	}
	return p
}

// learn puts into the image what the board made of a commit.
func (d *Dispatcher) learn(t Truth) {
	d.skew = t.Now.Time().Sub(d.now())
	for _, a := range t.Agents {
		d.image.PutAgent(a)
	}
	for _, p := range t.Places {
		d.image.Put(p)
	}
}

// number gives each offer its number and moment.
func (d *Dispatcher) number(offers []hotline.Offer) []hotline.Offer {
	now := d.boardNow()
	for i := range offers {
		d.offer++
		offers[i].ID, offers[i].At = d.offer, now
	}
	return offers
}

// reserve adds to the changes that each offer holds its agent and its caller. One that
// rings already rings no longer for it.
func (d *Dispatcher) reserve(changes []Change, offers []hotline.Offer) []Change {
	for _, o := range offers {
		a, _ := d.image.Agent(o.Agent)
		p, _ := d.image.Place(o.Call)
		a.State, a.Reason, a.Call, a.Offer = Offered, "", o.Call, o.ID
		p.Offer = o.ID
		changes = put(changes, Change{Agent: &a, Since: true, Within: max(d.rules.Ring-d.boardNow().Time().Sub(o.At.Time()), time.Millisecond)})
		changes = put(changes, Change{Place: &p})
	}
	return changes
}

// put adds a change, in place of one about the same agent or caller. A number that
// the board was to give is still its to give.
func put(changes []Change, c Change) []Change {
	for i, old := range changes {
		switch {
		case c.Agent != nil && old.Agent != nil && c.Agent.ID == old.Agent.ID:
		case c.Place != nil && old.Place != nil && c.Place.Call == old.Place.Call:
			c.Place.Seq, c.Place.Since = old.Place.Seq, old.Place.Since
		default:
			continue
		}
		changes[i] = c
		return changes
	}
	return append(changes, c)
}

// lost notes that the board is not as the image thinks; it is restored soon.
func (d *Dispatcher) lost(doing string, err error) {
	if err == nil {
		err = hotline.Errorf(hotline.Conflict, "the board was not as expected")
		d.retry = d.now()
	} else {
		d.outage = true
		d.retry = d.now().Add(retryEvery)
	}
	d.stale = true
	if d.ears.Trouble != nil {
		d.ears.Trouble(doing, err)
	}
}

// restore reads the board. The first time the image becomes what the board
// holds; later the board becomes what the image holds, for it went ahead while
// the board was away or lost its last second.
func (d *Dispatcher) restore(ctx context.Context) {
	snap, err := d.store.Load(ctx)
	if err != nil {
		d.lost("load", err)
		return
	}
	d.skew = snap.Now.Time().Sub(d.now())
	d.offer = max(d.offer, snap.Above)
	if !d.loaded {
		d.image.Fill(snap)
		d.given = snap.Offer
	} else if err := d.push(ctx, snap); err != nil {
		d.lost("restore", err)
		return
	}
	d.loaded, d.stale = true, false
	if d.outage {
		d.outage, d.settle = false, d.now().Add(settled)
	}
	d.commit(ctx)
}

// settled is how long after an outage the board is compared once more: it may have
// had old steps in hand, which it did only then.
const settled = 500 * time.Millisecond

// push writes the image over the board.
func (d *Dispatcher) push(ctx context.Context, snap Snapshot) error {
	agents, places := d.pushAgents(snap), d.pushPlaces(snap)
	if len(agents)+len(places) == 0 {
		return nil
	}
	truth, err := d.store.Commit(ctx, d.token, append(agents, places...))
	if err == nil && truth.Refused {
		err = hotline.Errorf(hotline.Conflict, "the board changed while it was restored")
	}
	if err != nil {
		return err
	}
	d.learn(truth)
	if d.ears.Restored != nil {
		d.ears.Restored(len(places), len(agents))
	}
	return nil
}

func (d *Dispatcher) pushAgents(snap Snapshot) (changes []Change) {
	board := map[hotline.AgentID]Agent{}
	for _, a := range snap.Agents {
		board[a.ID] = a
		if _, ok := d.image.Agent(a.ID); !ok {
			changes = append(changes, Change{Agent: &a, Gone: true})
		}
	}
	for a := range d.image.Agents() {
		on, ok := board[a.ID]
		a.Version = on.Version
		if ok && same(a, on) {
			d.image.PutAgent(a)
			continue
		}
		c := Change{Agent: &a}
		if a.Deadline != 0 {
			c.Within = max(time.Duration(a.Deadline-snap.Now)*time.Millisecond, time.Millisecond)
		}
		changes = append(changes, c)
	}
	return changes
}

// same tells whether two agents differ in nothing but their version.
func same(a, b Agent) bool {
	return a.ID == b.ID && a.Phone == b.Phone && slices.Equal(a.Skills, b.Skills) && a.State == b.State &&
		a.Reason == b.Reason && a.Then == b.Then && a.Call == b.Call && a.Offer == b.Offer &&
		a.Misses == b.Misses && a.Since == b.Since && a.Deadline == b.Deadline
}

// pushPlaces gives each caller the number that he has here, also where a step that
// waited in the board gave him another one meanwhile: else those who called while it
// was away would stand in the order in which it woke up to them.
func (d *Dispatcher) pushPlaces(snap Snapshot) (changes []Change) {
	board := map[hotline.CallID]hotline.Place{}
	for _, p := range snap.Places {
		board[p.Call] = p
		if _, ok := d.image.Place(p.Call); !ok {
			changes = append(changes, Change{Place: &p, Gone: true})
		}
	}
	for _, p := range slices.Collect(d.image.Places()) {
		on, ok := board[p.Call]
		p.Version = on.Version
		if ok && samePlace(p, on) {
			d.image.Put(p)
			continue
		}
		changes = append(changes, Change{Place: &p})
	}
	return changes
}

// samePlace tells whether two places differ in nothing but their version.
func samePlace(a, b hotline.Place) bool {
	return a.Call == b.Call && a.Queue == b.Queue && slices.Equal(a.Needs, b.Needs) && a.Priority == b.Priority &&
		a.Seq == b.Seq && a.Since == b.Since && a.Offer == b.Offer
}
