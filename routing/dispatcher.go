package routing

import (
	"context"
	"time"

	"hotline"
)

// Phones rings agents' telephones. Both calls return at once; what became of
// an offer is told by Dispatcher.Tell.
type Phones interface {
	// Ring begins to ring. An error means that nothing rings.
	Ring(ctx context.Context, o hotline.Offer) error
	// Cancel ends the offer's leg, whatever it is doing; no such leg is told as
	// Gone.
	Cancel(ctx context.Context, o hotline.Offer)
}

// News is what happened to an offer's leg.
type News string

// What can happen to a leg.
const (
	Rang     News = "rang"     // the phone rings
	Answered News = "answered" // picked up
	Gone     News = "gone"     // the leg is no more
)

// LegNews is news of the leg of one offer.
type LegNews struct {
	News  News
	Agent hotline.AgentID
	Offer hotline.OfferID
	Why   Why // of Gone
}

// Why says why a leg is gone.
type Why string

// Why a leg is gone.
const (
	WhyEnded    Why = ""            // hung up, or cancelled by us
	WhyDeclined Why = "declined"    // the phone refused, was busy or forwarded
	WhyNoAnswer Why = "no-answer"   // it rang in vain
	WhyNoPhone  Why = "unreachable" // not registered, or it does not respond
	WhyNotRung  Why = "not-rung"    // Asterisk did not ring it in time: nobody's fault
)

// Reasons for a pause that routing itself gives.
const (
	PauseDeclined  hotline.Reason = "declined"
	PauseNoAnswer  hotline.Reason = "no-answer"
	PausePhoneGone hotline.Reason = "phone-gone"
	PauseNotRung   hotline.Reason = "not-rung"  // a rest: Asterisk could not ring the phone
	PauseRecovered hotline.Reason = "recovered" // in doubt after a restart
)

// Rules are the city's settings for routing.
type Rules struct {
	Ring     time.Duration // how long a phone rings; default 20 s
	WrapUp   time.Duration // after a talk; 0 none
	Rest     time.Duration // after an offer that was declined or not answered; default 5 s
	Misses   int           // so many in a row, and the agent is paused until he is ready; default 3
	Ageing   time.Duration // what one level of priority is worth in waiting time; default 60 s
	Lifetime time.Duration // how long a cancelled leg may take to be gone; default 2 s
}

// Ears hear what the dispatcher did; for facts, figures and logs. They are
// called from its loop and must be quick.
type Ears struct {
	Rang    func(hotline.Offer)
	Offered func(hotline.Offer)
	Undone  func(o hotline.Offer, why Why)
	// Paused: an agent is paused until he is ready, or his phone is back, and
	// nobody asked for it. Resumed: his phone is back.
	Paused   func(a hotline.AgentID, reason hotline.Reason)
	Resumed  func(a hotline.AgentID)
	Trouble  func(doing string, err error)
	Restored func(places, agents int) // the image was written back to a board that had lost it
}

// Dispatcher gives callers to agents. It holds the board in memory as an image
// of where it is kept; one goroutine owns the image, everything else submits
// to it. It runs when something happens, never by polling.
type Dispatcher struct {
	store  Store
	phones Phones
	rules  Rules
	ears   Ears
	now    func() time.Time

	work chan func(context.Context)
	done chan struct{}

	// All below belongs to the loop.
	token   hotline.Token
	image   *Image
	skew    time.Duration // the board's clock less ours
	offer   hotline.OfferID
	legs    map[hotline.AgentID]*leg // legs that exist or are about to
	seekers map[hotline.CallID]*seeker
	early   []LegNews // news that came before Sync
	away    map[string]Node
	met     map[string]bool         // Asterisks that were told of once
	guessed map[hotline.CallID]bool // whose places only an agent's leg told of, until they ask
	given   hotline.OfferID         // the highest that the board had given when it was read
	loaded  bool                    // the board was read once
	synced  bool                    // the legs that exist are known; before, nobody is offered
	stale   bool                    // the board is not as the image: nobody is offered
	retry   time.Time               // when to try the board again
	outage  bool                    // the board did not answer
	settle  time.Time               // when to compare it once more after that; zero: not
}

// leg is one offer's leg as the loop knows it.
type leg struct {
	offer    hotline.Offer
	rang     bool
	answered bool
	taken    bool // up, with his phone picked up; until his caller asks
	undone   Why  // why the offer was given up before the leg was gone
	dead     bool // cancelled, not yet gone
}

// seeker is a call that waits for its agent.
type seeker struct {
	found  chan hotline.Offer
	offers int           // how many phones were rung for it
	left   hotline.Offer // whose phone rang when the caller left, while none served
}

// New makes a dispatcher; Run starts it. now is the process's clock, used only
// to sleep until the next deadline.
func New(store Store, phones Phones, rules Rules, ears Ears, now func() time.Time) *Dispatcher {
	return &Dispatcher{
		store: store, phones: phones, rules: rules, ears: ears, now: now,
		work: make(chan func(context.Context), 1024), done: make(chan struct{}),
		image: NewImage(rules.Ageing),
		legs:  map[hotline.AgentID]*leg{}, seekers: map[hotline.CallID]*seeker{}, away: map[string]Node{}, met: map[string]bool{}, guessed: map[hotline.CallID]bool{},
		stale: true,
	}
}

// Run works until ctx ends. token is the board lease's.
func (d *Dispatcher) Run(ctx context.Context, token hotline.Token) {
	defer close(d.done)
	d.token = token
	for {
		timer := time.NewTimer(d.sleep())
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case f := <-d.work:
			f(ctx)
			d.drain(ctx)
		case <-timer.C:
		}
		timer.Stop()
		d.tick(ctx)
	}
}

// drain does what else has come meanwhile, before the timers are looked at.
func (d *Dispatcher) drain(ctx context.Context) {
	for range len(d.work) {
		(<-d.work)(ctx)
	}
}

// do submits f and waits until it is done.
func (d *Dispatcher) do(ctx context.Context, f func(context.Context)) error {
	finished := make(chan struct{})
	select {
	case d.work <- func(ctx context.Context) { defer close(finished); f(ctx) }:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-d.done:
		return hotline.Errorf(hotline.Unavailable, "the routing has stopped")
	}
	select {
	case <-finished:
		return nil
	case <-d.done:
		return hotline.Errorf(hotline.Unavailable, "the routing has stopped")
	}
}

const (
	longestSleep = time.Second
	retryEvery   = 100 * time.Millisecond
)

// sleep is how long until the next deadline, at most a second.
func (d *Dispatcher) sleep() time.Duration {
	wait := longestSleep
	if d.stale {
		wait = max(d.retry.Sub(d.now()), 0)
	} else if !d.settle.IsZero() {
		wait = min(wait, max(d.settle.Sub(d.now()), 0))
	}
	now := d.boardNow()
	for a := range d.image.Agents() {
		if a.Deadline != 0 {
			wait = min(wait, time.Duration(a.Deadline-now)*time.Millisecond)
		}
	}
	return max(wait, time.Millisecond)
}

// boardNow is the board's clock as far as we know it.
func (d *Dispatcher) boardNow() hotline.Millis { return hotline.MillisOf(d.now().Add(d.skew)) }

// tick does what is due: deadlines, and a board that was away.
func (d *Dispatcher) tick(ctx context.Context) {
	switch {
	case d.stale && !d.now().Before(d.retry):
		d.restore(ctx)
	case !d.stale && !d.settle.IsZero() && !d.now().Before(d.settle):
		d.settle = time.Time{}
		d.restore(ctx)
	}
	now := d.boardNow()
	var due []Agent
	for a := range d.image.Agents() {
		if a.Deadline != 0 && a.Deadline <= now {
			due = append(due, a)
		}
	}
	for _, a := range due {
		d.expire(ctx, a)
	}
}

// expire ends a state whose time is over.
func (d *Dispatcher) expire(ctx context.Context, a Agent) {
	switch a.State {
	case WrapUp, Paused:
		d.turn(ctx, a, Ready, "")
	case Offered:
		l := d.legs[a.ID]
		if l == nil || l.answered || l.dead {
			d.overdue(ctx, a, l)
			return
		}
		d.undo(ctx, l, WhyNoAnswer)
	}
}
