package pbx

import (
	"context"
	"net/http"
	"slices"

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
	if l.found && l.together(ctx, t) {
		return l.talk(ctx, t, leg)
	}
	if err := l.join(ctx, t); err != nil {
		l.part(ctx, t)
		l.x.hangUp(t.Offer) // nobody is left on a line that leads nowhere
		select {
		case <-leg.left:
			return ivr.TalkEnd{By: hotline.SideAgent, Unjoined: true}, nil
		default:
			return ivr.TalkEnd{Unjoined: true}, err
		}
	}
	if len(t.Notice) > 0 {
		l.notice(ctx, t)
	}
	return l.talk(ctx, t, leg)
}

// together tells whether a controller before joined the two: they talk, and
// nobody disturbs them.
func (l *Line) together(ctx context.Context, t ivr.Talk) bool {
	b, err := ari.Bridge(ctx, l.conn, bridgeOf+l.id)
	return err == nil && slices.Contains(b.ChannelIDs, l.id) && slices.Contains(b.ChannelIDs, legID(t.Offer.Agent))
}

// talk records and waits until either leaves.
func (l *Line) talk(ctx context.Context, t ivr.Talk, leg *leg) (ivr.TalkEnd, error) {
	note := l.begin(ctx, t)
	select {
	case <-leg.left:
		l.part(ctx, t)
		l.unrecord(t)
		return ivr.TalkEnd{By: hotline.SideAgent, Note: note}, nil
	case <-ctx.Done():
		cause := context.Cause(ctx)
		if isAny(cause, ivr.ErrHungUp, ivr.ErrLost) {
			l.x.hangUp(t.Offer)
			l.drop(ctx, t)
			l.unrecord(t)
		}
		return ivr.TalkEnd{By: hotline.SideCaller, Note: note}, cause
	}
}

// join stops what the caller hears and puts both into the bridge. Asterisk
// carries the requests out in this order.
func (l *Line) join(ctx context.Context, t ivr.Talk) error {
	rs := l.hush(l.up(nil))
	if l.found { // music of the controller before
		rs = append(rs, ari.StopMOH(l.id))
		l.found = false
	}
	rs = append(rs, ari.CreateBridge(bridgeOf+l.id), ari.AddToBridge(bridgeOf+l.id, l.id, legID(t.Offer.Agent)))
	// Begun, it is done: a controller that hands over leaves them joined.
	return l.conn.Batch(context.WithoutCancel(ctx), rs...)
}

// part takes the caller out of the bridge and the bridge away, and waits until he
// is out: what is played to someone on his way out is lost, and its end is never
// told (measured: one in ten). Whoever was not in it stays where he is.
func (l *Line) part(ctx context.Context, t ivr.Talk) {
	err := l.conn.Batch(context.WithoutCancel(ctx), ari.RemoveFromBridge(bridgeOf+l.id, l.id).
		Or(http.StatusNotFound, http.StatusConflict, http.StatusBadRequest, http.StatusUnprocessableEntity), ari.DeleteBridge(bridgeOf+l.id))
	if err != nil {
		l.x.trouble(t.Offer.Call, "take the caller out of the bridge", err)
	}
}

// drop takes away the bridge of a caller who is gone.
func (l *Line) drop(ctx context.Context, t ivr.Talk) {
	if _, err := l.conn.Start(ari.DeleteBridge(bridgeOf + l.id)); err != nil && ctx.Err() == nil {
		l.x.trouble(t.Offer.Call, "delete the bridge", err)
	}
}

// parted is a talk whose agent's leg is no more. Whether they had been joined
// shows in the bridge: it is made with the join and deleted after the talk.
func (l *Line) parted(ctx context.Context, t ivr.Talk) (ivr.TalkEnd, error) {
	_, err := ari.Bridge(ctx, l.conn, bridgeOf+l.id)
	l.part(ctx, t)
	return ivr.TalkEnd{By: hotline.SideAgent, Unjoined: ari.IsNotFound(err)}, nil
}

// notice says the first words to both.
func (l *Line) notice(ctx context.Context, t ivr.Talk) {
	media, err := l.x.opt.Sounds.Media(t.Notice)
	if err == nil {
		err = l.conn.Do(ctx, ari.PlayToBridge(bridgeOf+l.id, l.id+"."+t.Tag+".notice", "", media...))
	}
	l.x.trouble(t.Offer.Call, "say the agent's number", err)
}

// hangUp ends an agent's leg after a talk.
func (x *Exchange) hangUp(o hotline.Offer) {
	if _, err := x.conn.Start(ari.Hangup(legID(o.Agent), "normal")); err != nil {
		x.trouble(o.Call, "hang up the agent's leg", err)
	}
}
