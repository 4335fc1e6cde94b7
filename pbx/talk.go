package pbx

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/pbx/ari"
)

// Talk joins the caller and the agent of the offer in one bridge and returns
// when either leaves. Joined already, they stay so.
func (l *Line) Talk(ctx context.Context, t ivr.Talk) (ivr.TalkEnd, error) {
	leg := l.x.leg(t.Offer)
	if leg == nil {
		// Gone: before they were joined, or (after a restart) after the talk.
		return l.parted(ctx, t)
	}
	were := false // a controller before made the bridge
	if l.found && t.Again {
		var caller, agent bool
		switch were, caller, agent = l.within(ctx, t); {
		case agent: // with the caller; or he has just left, and that is about to be told
			if t.Record != "" && ari.IsNotFound(l.conn.Do(ctx, ari.ChannelOf(l.recorder(SideCitizen)))) { // it came no further than joining them
				l.notice(ctx, t)
			}
			return l.talk(ctx, t, leg)
		case caller && leg.goes(ctx):
			return l.talk(ctx, t, leg)
		}
	}
	if err := l.join(ctx, t); err != nil {
		if why := l.severed(err); why != nil { // whoever plays on finds out whether they are joined
			return ivr.TalkEnd{}, why
		}
		l.x.hangUp(t.Offer) // nobody is left on a line that leads nowhere
		return l.apart(ctx, leg, were, err)
	}
	l.notice(ctx, t)
	return l.talk(ctx, t, leg)
}

// apart tells what it means that err kept the two from being joined. were: they had been
// joined before, and one of them or both left at the very moment of the take-over.
func (l *Line) apart(ctx context.Context, leg *leg, were bool, err error) (ivr.TalkEnd, error) {
	select {
	case <-leg.left:
		return ivr.TalkEnd{By: hotline.SideAgent, Unjoined: !were}, nil
	default:
	}
	var refused *ari.StatusError
	if !were || !errors.As(err, &refused) {
		return ivr.TalkEnd{Unjoined: true}, err
	}
	by := hotline.SideAgent
	if ari.IsNotFound(l.conn.Do(context.WithoutCancel(ctx), ari.ChannelOf(l.id))) {
		by = hotline.SideCaller
	}
	return ivr.TalkEnd{By: by}, nil
}

// within tells whether a controller before made the bridge, and who is in it. Both:
// they talk, and nobody disturbs them. One: the other one left at the very moment of
// the take-over, and there was a talk; the bridge takes in both at once.
func (l *Line) within(ctx context.Context, t ivr.Talk) (were, caller, agent bool) {
	b, err := ari.Bridge(context.WithoutCancel(ctx), l.conn, bridgeOf+l.id) // asked also for a caller who is gone
	if err != nil {
		return false, false, false
	}
	return true, slices.Contains(b.ChannelIDs, l.id), slices.Contains(b.ChannelIDs, legID(t.Offer))
}

// goesWithin is how long it takes at most to hear that someone who left a bridge
// hung up.
const goesWithin = time.Second

// goes tells whether the agent hangs up, which is heard a moment after he left the
// bridge.
func (g *leg) goes(ctx context.Context) bool {
	select {
	case <-g.left:
		return true
	case <-ctx.Done():
		return true
	case <-time.After(goesWithin):
		return false
	}
}

// talk records and waits until either leaves.
func (l *Line) talk(ctx context.Context, t ivr.Talk, leg *leg) (ivr.TalkEnd, error) {
	note := l.begin(ctx, t)
	for {
		select {
		case p := <-l.pauses:
			p.done <- l.pause(ctx, &t, p, t.Record != "" && note == "")
		case <-leg.left:
			l.unrecord(t)
			return ivr.TalkEnd{By: hotline.SideAgent, Note: note, Unjoined: leg.cut.Load()}, nil
		case <-ctx.Done():
			cause := context.Cause(ctx)
			if isAny(cause, ivr.ErrHungUp, ivr.ErrLost) {
				l.x.hangUp(t.Offer)
				l.unrecord(t)
			}
			return ivr.TalkEnd{By: hotline.SideCaller, Note: note}, cause
		}
	}
}

// join stops what the caller hears and puts both into the bridge. The last step
// waits for his channel to let go of what it played, and may not hold up others
// on the socket meanwhile.
func (l *Line) join(ctx context.Context, t ivr.Talk) error {
	ctx = context.WithoutCancel(ctx) // begun, it is done: a controller that hands over leaves them joined
	if err := l.up(ctx); err != nil {
		return err
	}
	rs := l.hush(nil)
	if l.found { // music of the controller before
		rs = append(rs, ari.StopMOH(l.id))
		l.found = false
	}
	l.bridged, l.inside = true, true
	if err := l.conn.Batch(ctx, append(rs, ari.CreateBridge(bridgeOf+l.id))...); err != nil {
		return err
	}
	return l.conn.Do(ctx, ari.AddToBridge(bridgeOf+l.id, l.id, legID(t.Offer)))
}

// part takes the caller out of the bridge that he talked in, before anything else is
// heard, and waits until he is out: what is played to someone on his way out is lost,
// and its end is never told (measured: one in ten). A call that ends with the talk is
// spared that. Whoever was not in it stays where he is. The bridge stays until the
// call is over (Tidy): it is the proof that there was a talk (parted), and its id
// would not be good again so soon (ari.CreateBridge).
func (l *Line) part(ctx context.Context) {
	if !l.inside {
		return
	}
	l.inside = false
	err := l.conn.Do(context.WithoutCancel(ctx), ari.RemoveFromBridge(bridgeOf+l.id, l.id).
		Or(http.StatusNotFound, http.StatusConflict, http.StatusBadRequest, http.StatusUnprocessableEntity))
	if err != nil {
		l.x.trouble(l.Call(), "take the caller out of the bridge", err)
	}
}

// Tidy takes away what a call that is over leaves in Asterisk.
func (l *Line) Tidy() {
	if !l.bridged && !l.found {
		return
	}
	if _, err := l.conn.Start(ari.DeleteBridge(bridgeOf + l.id)); err != nil {
		l.x.trouble(l.Call(), "delete the bridge", err) // swept by the next connection
	}
}

// parted is a talk whose agent's leg is no more. Whether a controller before had joined
// them shows in the bridge: it is made with the join. (Without one before, the bridge is
// of a join with another agent, or there is none.)
func (l *Line) parted(ctx context.Context, t ivr.Talk) (ivr.TalkEnd, error) {
	if !t.Again {
		return ivr.TalkEnd{By: hotline.SideAgent, Unjoined: true}, nil
	}
	_, err := ari.Bridge(context.WithoutCancel(ctx), l.conn, bridgeOf+l.id)
	if why := l.severed(err); why != nil { // whoever plays on asks again
		return ivr.TalkEnd{}, why
	}
	return ivr.TalkEnd{By: hotline.SideAgent, Unjoined: ari.IsNotFound(err)}, nil
}

// notice says the first words to both. They are of the join: a controller that hands
// over has them said.
func (l *Line) notice(ctx context.Context, t ivr.Talk) {
	if len(t.Notice) == 0 {
		return
	}
	media, err := l.x.opt.Sounds.Media(t.Notice)
	if err == nil {
		err = l.conn.Do(context.WithoutCancel(ctx), ari.PlayToBridge(bridgeOf+l.id, l.id+"."+t.Tag+".notice", "", media...))
	}
	l.x.trouble(t.Offer.Call, "say the agent's number", err)
}
