package pbx

import (
	"context"
	"strings"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/pbx/ari"
	"hotline/routing"
)

// Found is what a new controller finds. Done is to be called when all of it is taken
// over.
type Found struct {
	Callers []Arrival
	Legs    []routing.Leg
	x       *Exchange
	lines   map[hotline.CallID]ari.Channel
	bridged map[hotline.CallID]bool // who has a bridge: he talked, or was about to
	taken   map[hotline.CallID]*Line
	started time.Time // when this Asterisk did
}

// Again looks who of those that were taken over is still there. That a caller hangs up is
// told once; one who did so just before there was a connection may have been on his way
// out when he was listed.
func (f Found) Again(ctx context.Context) error {
	channels, err := ari.Channels(ctx, f.x.conn)
	if err != nil {
		return err
	}
	there := map[hotline.CallID]bool{}
	for _, ch := range channels {
		there[hotline.CallID(ch.ID)] = true
	}
	for call, l := range f.taken {
		if !there[call] {
			l.end(ivr.ErrHungUp)
		}
	}
	for _, found := range f.Legs {
		if l := f.x.leg(found.Offer); l != nil && !there[hotline.CallID(legID(found.Offer))] && f.x.drop(l) {
			f.x.tell(l, routing.Gone, routing.WhyEnded)
		}
	}
	return nil
}

// Done tells that whatever was found has somebody who listens to it.
func (f Found) Done() { f.x.hark(-1) }

// hark begins, or ends, to keep in mind whose end nobody listens to: between being
// listed and being listened to a channel may end.
func (x *Exchange) hark(more int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.listing += more; x.listing == 0 {
		x.ended = nil
	} else if x.ended == nil {
		x.ended = map[string]bool{}
	}
}

// unheard keeps the end of a channel in mind. Of a caller only the request is told; of a
// leg its end is, and a telephone that is asked to stop ringing rings on until then.
func (x *Exchange) unheard(e *ari.Event) {
	if _, leg := offerOf(e.Channel.ID); leg && e.Type != ari.ChannelDestroyed {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended != nil {
		x.ended[e.Channel.ID] = true
	}
}

// over tells whether a channel that was listed, and is listened to now, ended between.
func (x *Exchange) over(channel string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.ended[channel]
}

// Why tells how a call that arrived then, and is not found, has ended.
func (f Found) Why(arrived time.Time) error {
	if arrived.Before(f.started) {
		return ivr.ErrLost
	}
	return ivr.ErrHungUp
}

// List reads which callers and agents' legs exist, and takes the legs over.
func (x *Exchange) List(ctx context.Context) (Found, error) {
	x.hark(1)
	f := Found{x: x, lines: map[hotline.CallID]ari.Channel{}, bridged: map[hotline.CallID]bool{}, taken: map[hotline.CallID]*Line{}}
	err := f.list(ctx)
	if err != nil {
		f.Done()
	}
	return f, err
}

func (f *Found) list(ctx context.Context) error {
	channels, err := ari.Channels(ctx, f.x.conn)
	if err != nil {
		return err
	}
	info, err := ari.Info(ctx, f.x.conn)
	if err != nil {
		return err
	}
	f.started = time.Time(info.StatusInfo.StartupTime)
	for _, ch := range channels {
		o, leg := offered(ch)
		switch {
		case leg:
			if l, here := f.x.adopt(o, ch); here {
				f.Legs = append(f.Legs, l)
			}
		case f.x.ours(ch) && isDoor(told(ch)[0]):
			c := arrival(ch)
			f.Callers = append(f.Callers, c)
			f.lines[c.Call] = ch
		}
	}
	return f.sweep(ctx)
}

// ours tells whether the channel is in our application now.
func (x *Exchange) ours(ch ari.Channel) bool {
	return ch.Dialplan.App == "Stasis" && strings.HasPrefix(ch.Dialplan.AppData, x.opt.ARI.App+",")
}

// isDoor tells a caller's channel from those that serve one.
func isDoor(arg string) bool { return arg != "" && arg != doorAgent && arg != doorRecorder }

// Line takes over the line of a caller that was found.
func (x *Exchange) Line(f Found, call hotline.CallID) *Line {
	ch, ok := f.lines[call]
	if !ok {
		return nil
	}
	l := newLine(x, x.conn, ch)
	l.found, l.inside = true, f.bridged[call]
	f.taken[call] = l
	if x.over(ch.ID) {
		l.end(ivr.ErrHungUp)
	}
	return l
}

// sweep reads who has a bridge, and deletes those whose caller is gone: bridges made
// by ARI stay until they are deleted.
func (f *Found) sweep(ctx context.Context) error {
	bridges, err := ari.Bridges(ctx, f.x.conn)
	if err != nil {
		return err
	}
	for _, b := range bridges {
		name, ours := strings.CutPrefix(b.ID, bridgeOf)
		call := hotline.CallID(name)
		if _, alive := f.lines[call]; ours && alive {
			f.bridged[call] = true
		} else if ours {
			if err := f.x.conn.Do(ctx, ari.DeleteBridge(b.ID)); err != nil {
				return err
			}
		}
	}
	return nil
}
