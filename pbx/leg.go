package pbx

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"hotline"
	"hotline/pbx/ari"
	"hotline/routing"
)

// leg is the channel to an agent's telephone.
type leg struct {
	offer     hotline.Offer
	up        bool
	left      chan struct{} // closed when the agent left, a moment before the channel is gone
	cut       atomic.Bool   // the Asterisk that his telephone is at died
	undialled atomic.Bool   // Asterisk did not say that it dialled
	cancelled time.Time
}

// legID names the leg: agent.<agent>.<offer>. A name is used once. Asterisk takes
// a channel that ended out of the application by its id, a moment after its
// ChannelDestroyed: had the next leg the same id, it would be the one taken out,
// and nothing would be heard of it (measured: up to 3 in 1,000 offers).
func legID(o hotline.Offer) string {
	return agentPrefix + string(o.Agent) + "." + strconv.FormatInt(int64(o.ID), 10)
}

// offerOf reads the agent and the offer from a channel's id.
func offerOf(channel string) (o hotline.Offer, ok bool) {
	name, ok := strings.CutPrefix(channel, agentPrefix)
	dot := strings.LastIndexByte(name, '.')
	if !ok || dot <= 0 {
		return o, false
	}
	id, err := strconv.ParseInt(name[dot+1:], 10, 64)
	return hotline.Offer{ID: hotline.OfferID(id), Agent: hotline.AgentID(name[:dot])}, err == nil
}

// offered reads the whole offer from a leg that was found, as Ring told it; of one that
// an earlier version rang, agent and number.
func offered(ch ari.Channel) (o hotline.Offer, ok bool) {
	o, ok = offerOf(ch.ID)
	args := told(ch)
	o.Call, o.Queue, o.Phone = hotline.CallID(args[2]), hotline.QueueKey(args[3]), hotline.PhoneID(args[4])
	o.At = hotline.MillisOf(ch.Created)
	return o, ok
}

func newLeg(o hotline.Offer) *leg { return &leg{offer: o, left: make(chan struct{})} }

// Ring begins to ring the agent's telephone; what becomes of it is told by
// Ears.Leg. It does not wait for Asterisk. through is the Asterisk that the
// telephone is registered at, where that is another one; "" here.
func (x *Exchange) Ring(ctx context.Context, o hotline.Offer, through string) error {
	l := newLeg(o)
	x.mu.Lock()
	x.legs[o.Agent] = l
	x.mu.Unlock()
	x.conn.Watch(x.legsBox, legID(o))
	create := ari.Create{
		Channel: legID(o), Endpoint: endpointOf(o.Phone, through), App: x.opt.ARI.App, Formats: "alaw,ulaw",
		Args: []string{doorAgent, strconv.FormatInt(int64(o.ID), 10), string(o.Call), string(o.Queue), string(o.Phone)},
		// In one go, and told to nobody (i): each change of a channel costs.
		Variables: map[string]string{"CONNECTEDLINE(all,i)": `"` + string(o.Queue) + `" <` + hotlineNumber + ">"},
	}.Request()
	x.pumps.Go(func() {
		if err := x.conn.Do(context.WithoutCancel(ctx), create); err != nil {
			x.refused(l, err)
		}
	})
	return nil
}

// endpointOf names a telephone, or the way to it through the trunk between two
// Asterisks (pjsip.conf).
func endpointOf(phone hotline.PhoneID, through string) string {
	if through == "" {
		return "PJSIP/" + string(phone)
	}
	return "PJSIP/" + string(phone) + "@" + nodePrefix + through
}

// hotlineNumber is what an agent's telephone shows as the caller, beside the
// queue's name.
const hotlineNumber = "12345"

// Cut hangs up the leg of an agent whose telephone was at an Asterisk that died: he
// hears nothing and cannot hang up. The caller waits again where he stood.
func (x *Exchange) Cut(o hotline.Offer) {
	if l := x.leg(o); l != nil {
		l.cut.Store(true)
		x.hangUp(o)
	}
}

// stray hangs up a leg that nobody here made: the last request of a controller
// that died, carried out after we had listed what there is.
func (x *Exchange) stray(channel string) {
	x.pumps.Go(func() {
		x.trouble("", "hang up a stray leg", x.conn.Do(context.Background(), ari.Hangup(channel, "normal")))
	})
}

// hangUp hangs the offer's leg up and does not wait.
func (x *Exchange) hangUp(o hotline.Offer) {
	x.pumps.Go(func() {
		x.trouble(o.Call, "hang up the agent's leg", x.conn.Do(context.Background(), ari.Hangup(legID(o), "normal")))
	})
}

// dial rings a leg that has just been made. It was made first and is dialled
// here so that it is in the application from its first moment: an agent who
// picks up while no controller serves is there for the next one.
func (x *Exchange) dial(l *leg) {
	x.pumps.Go(func() {
		err := x.conn.Do(context.Background(), ari.DialOut(legID(l.offer), x.opt.LegTimeout))
		if err != nil && !ari.IsNotFound(err) && x.conn.Err() == nil {
			x.trouble(l.offer.Call, "dial "+string(l.offer.Phone), err)
			l.undialled.Store(true)
			x.hangUp(l.offer)
		}
	})
}

// refused undoes a leg that Asterisk would not make. Where it is not the
// telephone that is to blame, the agent rests, and has missed nothing.
func (x *Exchange) refused(l *leg, err error) {
	if !x.drop(l) || x.conn.Err() != nil {
		return // gone meanwhile, or the connection is lost and all is synced anew
	}
	why := routing.WhyNoPhone
	if ari.IsConflict(err) || errors.Is(err, ari.ErrNoAnswer) {
		why = routing.WhyNotRung
	}
	x.trouble(l.offer.Call, "ring "+string(l.offer.Phone), err)
	x.tell(l, routing.Gone, why)
}

// drop forgets the leg and reports whether it was the one known.
func (x *Exchange) drop(l *leg) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.legs[l.offer.Agent] != l {
		return false
	}
	delete(x.legs, l.offer.Agent)
	x.conn.Unwatch(x.legsBox, legID(l.offer))
	select {
	case <-l.left:
	default:
		close(l.left)
	}
	return true
}

// Cancel hangs the offer's leg up, whatever it is doing. A leg that does not
// exist is told as gone.
func (x *Exchange) Cancel(ctx context.Context, o hotline.Offer) {
	l := x.leg(o)
	if l == nil {
		x.pumps.Go(func() {
			_ = x.conn.Do(context.WithoutCancel(ctx), ari.Hangup(legID(o), "normal"))
			x.ears.Leg(routing.LegNews{News: routing.Gone, Agent: o.Agent, Offer: o.ID})
		})
		return
	}
	again := !l.cancelled.IsZero()
	l.cancelled = time.Now()
	x.hangUp(o)
	if again { // its end was not heard: look
		x.pumps.Go(func() {
			err := x.conn.Do(context.WithoutCancel(ctx), ari.ChannelOf(legID(o)))
			if ari.IsNotFound(err) && x.drop(l) {
				x.tell(l, routing.Gone, routing.WhyEnded)
			}
		})
	}
}

func (x *Exchange) leg(o hotline.Offer) *leg {
	x.mu.Lock()
	defer x.mu.Unlock()
	if l := x.legs[o.Agent]; l != nil && l.offer.ID == o.ID {
		return l
	}
	return nil
}

// adopt takes over a leg that another controller made; one of ours it only
// looks at. A leg that was made and perhaps not dialled is dialled. One that ended since
// it was listed is not here.
func (x *Exchange) adopt(o hotline.Offer, ch ari.Channel) (found routing.Leg, here bool) {
	l := x.take(o, ch)
	switch {
	case l != nil && x.over(ch.ID):
		x.drop(l)
		return found, false
	case l != nil && ch.State == stateDown:
		x.dial(l)
	}
	return routing.Leg{Offer: o, Rang: ch.State == stateRinging || ch.State == stateUp, Up: ch.State == stateUp}, true
}

// take makes a leg of a channel that was found; nil where it is known, or is what is
// left of an offer before: an agent who hung up may ring again already.
func (x *Exchange) take(o hotline.Offer, ch ari.Channel) *leg {
	x.mu.Lock()
	defer x.mu.Unlock()
	if known := x.legs[o.Agent]; known != nil && known.offer.ID >= o.ID {
		return nil
	}
	l := newLeg(o)
	l.up = ch.State == stateUp
	x.legs[o.Agent] = l
	x.conn.Watch(x.legsBox, ch.ID)
	return l
}

// hearLegs reads the events of all legs until the connection ends.
func (x *Exchange) hearLegs() {
	for e := range x.legsBox.Events() {
		x.heardLeg(e)
	}
	if errors.Is(x.legsBox.Err(), ari.ErrOverflow) {
		go x.conn.Close() // everything is listed anew; Close waits for us
	}
}

func (x *Exchange) heardLeg(e *ari.Event) {
	o, ok := offerOf(e.Channel.ID)
	if !ok {
		return
	}
	l := x.leg(o)
	if l == nil {
		return // of an offer before
	}
	switch e.Type {
	case ari.StasisStart:
		x.dial(l)
	case ari.ChannelStateChange:
		switch e.Channel.State {
		case stateRinging:
			x.tell(l, routing.Rang, "")
		case stateUp:
			l.up = true
			x.tell(l, routing.Answered, "")
		}
	case ari.ChannelHangupRequest:
		if l.up && !e.Soft { // he hung up, so his telephone is free now; the channel's end comes later
			x.drop(l)
			x.tell(l, routing.Gone, routing.WhyEnded)
			return
		}
		x.mu.Lock()
		select {
		case <-l.left:
		default:
			close(l.left)
		}
		x.mu.Unlock()
	case ari.ChannelDestroyed:
		x.drop(l)
		why := whyOf(e.Cause, l.up)
		if l.undialled.Load() && !l.up { // Asterisk is to blame, not he
			why = routing.WhyNotRung
		}
		x.tell(l, routing.Gone, why)
	}
}

func (x *Exchange) tell(l *leg, n routing.News, why routing.Why) {
	x.ears.Leg(routing.LegNews{News: n, Agent: l.offer.Agent, Offer: l.offer.ID, Why: why})
}

// whyOf reads the Q.850 cause with which a leg ended. How long a phone rings is
// routing's decision, so a phone that says "no answer" itself (480) declines.
func whyOf(cause int, up bool) routing.Why {
	const (
		unallocated, busy, noResponse, noAnswer, absent = 1, 17, 18, 19, 20
		rejected, outOfOrder, unavailable               = 21, 27, 34
		noRoute                                         = 3
	)
	if up {
		return routing.WhyEnded
	}
	switch cause {
	case busy, noAnswer, rejected:
		return routing.WhyDeclined
	case unallocated, noRoute, noResponse, absent, outOfOrder, unavailable:
		return routing.WhyNoPhone
	}
	return routing.WhyEnded
}

func isAny(err error, targets ...error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}
