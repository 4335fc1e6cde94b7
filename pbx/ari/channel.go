package ari

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Answer picks up a channel. It waits for the channel's own thread.
func Answer(channel string) Request {
	return post("channel.answer", "channels", channel, "answer").patient()
}

// Ring lets the caller hear ringing while nobody has answered.
func Ring(channel string) Request { return post("channel.ring", "channels", channel, "ring") }

// StopRing ends Ring.
func StopRing(channel string) Request { return remove("channel.unring", "channels", channel, "ring") }

// Hangup ends a channel, for a reason such as "normal", "busy", "congestion",
// "no_answer", "answered_elsewhere" (empty: normal). A channel that is gone
// already is success. It waits for the channel's lock (11 ms with 500 in music).
func Hangup(channel, reason string) Request {
	return remove("channel.hangup", "channels", channel).with("reason", reason).Or(http.StatusNotFound).patient()
}

// Continue gives the channel back to the dialplan; empty strings and 0 mean
// where it left off. It ends in a StasisEnd.
func Continue(channel, context, extension string, priority int) Request {
	r := post("channel.continue", "channels", channel, "continue").
		with("context", context).with("extension", extension)
	if priority > 0 {
		r = r.with("priority", fmt.Sprint(priority))
	}
	return r
}

// StartMOH plays music on hold to the channel (empty class: the channel's
// own). A playback interrupts it for good: start it again afterwards.
func StartMOH(channel, class string) Request {
	return post("channel.moh", "channels", channel, "moh").with("mohClass", class)
}

// StopMOH ends the music, also where there is none.
func StopMOH(channel string) Request { return remove("channel.unmoh", "channels", channel, "moh") }

// Mute keeps the channel from being heard ("in"), from hearing ("out"), or
// "both".
func Mute(channel, direction string) Request {
	return post("channel.mute", "channels", channel, "mute").with("direction", direction)
}

// Unmute ends Mute for that direction.
func Unmute(channel, direction string) Request {
	return remove("channel.unmute", "channels", channel, "mute").with("direction", direction)
}

// Hold tells the phone that it is put on hold; Unhold takes it back.
func Hold(channel string) Request { return post("channel.hold", "channels", channel, "hold") }

// Unhold ends Hold.
func Unhold(channel string) Request { return remove("channel.unhold", "channels", channel, "hold") }

// SetVariable sets a channel variable or function. The value travels in the
// body, so it may be long and in any script. The channel's own thread sets it,
// and not before a prompt that plays has ended.
func SetVariable(channel, name, value string) Request {
	return post("channel.set", "channels", channel, "variable").
		json(map[string]string{"variable": name, "value": value}).patient()
}

// GetVariable reads a channel variable or function. A variable that was never
// set is a 404 (IsNotFound), as is a channel that is gone.
func GetVariable(ctx context.Context, d Doer, channel, name string) (string, error) {
	v, err := Fetch[struct{ Value string }](ctx, d,
		get("channel.variable", "channels", channel, "variable").with("variable", name))
	return v.Value, err
}

// Play plays media such as "sound:/var/lib/prompt/greeting" one after another
// to the channel. Asterisk accepts a playback id twice and then plays twice:
// give each attempt its own. Empty language: the channel's. While it plays,
// AddToBridge waits: stop it first.
func Play(channel, playback, language string, media ...string) Request {
	return play("channel.play", "channels", channel, playback, language, media)
}

// PlayToBridge plays media to everyone in the bridge.
func PlayToBridge(bridge, playback, language string, media ...string) Request {
	return play("bridge.play", "bridges", bridge, playback, language, media)
}

func play(verb, kind, target, playback, language string, media []string) Request {
	return post(verb, kind, target, "play", playback).
		with("media", strings.Join(media, ",")).with("lang", language)
}

// PlaybackOf asks for a playback; one that is over is a 404.
func PlaybackOf(playback string) Request { return get("playback.get", "playbacks", playback) }

// StopPlayback ends a playback; one that is over already is success. Its
// PlaybackFinished still comes.
func StopPlayback(playback string) Request {
	return remove("playback.stop", "playbacks", playback).Or(http.StatusNotFound)
}

// Snoop makes a channel, with the given id and in the application app, that
// hears what the channel says (spy "in"), hears ("out") or both. It ends with
// the channel. One of that id already is success.
func Snoop(channel, id, spy, app string, args ...string) Request {
	return post("channel.snoop", "channels", channel, "snoop", id).with("spy", spy).
		with("app", app).with("appArgs", strings.Join(args, ",")).Or(http.StatusConflict)
}

// Originate is a call that this side starts into its own application.
type Originate struct {
	// Channel is the new channel's id. Watch it before sending the request:
	// its StasisStart may come before the answer. An id in use is a 409.
	Channel string
	// Endpoint is whom to call, for example "PJSIP/8001". One that is not
	// registered is a 500 "Allocation failed" (IsFailed); look at Endpoint
	// first where the difference matters.
	Endpoint string
	App      string
	Args     []string // arguments of the StasisStart; without commas
	// CallerID is what the phone shows: "name" <number>.
	CallerID string
	// Timeout ends the ringing, in whole seconds, rounded up; 0 means
	// Asterisk's 30 s.
	Timeout   time.Duration
	Variables map[string]string
	// Originator is the channel this one is called for: Asterisk takes its
	// codecs and accounting from it.
	Originator string
	// Formats are the codecs to offer where there is no originator, for
	// example "opus,alaw".
	Formats string
}

// Request makes the call. Answer means "it rings" at the earliest; the called
// side's answer is a StasisStart, its refusal a ChannelDestroyed with a cause.
func (o Originate) Request() Request {
	r := post("channel.originate", "channels", o.Channel).
		with("endpoint", o.Endpoint).with("app", o.App).with("appArgs", strings.Join(o.Args, ",")).
		with("callerId", o.CallerID).with("timeout", seconds(o.Timeout)).
		with("originator", o.Originator).with("formats", o.Formats)
	if len(o.Variables) > 0 {
		r = r.json(map[string]any{"variables": o.Variables})
	}
	return r
}

// Create is a channel that is in the application from its first moment, before
// it is dialled: all its events come, its StasisStart first, and it stays in the
// application also when it is answered while nobody listens. (A channel made by
// Originate enters the application only when it is answered, and is hung up if
// the application is not there then.)
type Create struct {
	Channel   string   // the new channel's id; in use it is a 409
	Endpoint  string   // for example "PJSIP/8001"; not registered is a 500 (IsFailed)
	App       string   // the application
	Args      []string // arguments of the StasisStart; without commas
	Formats   string   // the codecs to offer, for example "alaw,ulaw"
	Variables map[string]string
}

// Request makes the channel. It waits for another thread of Asterisk, so Do
// sends it apart. Dial it when its StasisStart has come.
func (c Create) Request() Request {
	r := post("channel.create", "channels", "create").with("channelId", c.Channel).
		with("endpoint", c.Endpoint).with("app", c.App).with("appArgs", strings.Join(c.Args, ",")).
		with("formats", c.Formats)
	if len(c.Variables) > 0 {
		r = r.json(map[string]any{"variables": c.Variables})
	}
	return r.patient()
}

// DialOut calls a channel made by Create; timeout ends its ringing. A channel that
// was dialled already is success.
func DialOut(channel string, timeout time.Duration) Request {
	return post("channel.dial", "channels", channel, "dial").with("timeout", seconds(timeout)).Or(http.StatusConflict).patient()
}

// Channels lists every channel of this Asterisk. Those in an application have
// Channel.Dialplan.App "Stasis".
func Channels(ctx context.Context, d Doer) ([]Channel, error) {
	raw, err := d.Ask(ctx, get("channel.list", "channels").patient())
	if err != nil {
		return nil, err
	}
	return decodeChannels(string(raw))
}

// ChannelOf asks for a channel; one that is gone is a 404.
func ChannelOf(channel string) Request { return get("channel.get", "channels", channel) }

// RTPStatistics tells how the sound of a channel travels. Losses are packets;
// jitter and round trip are seconds.
type RTPStatistics struct {
	Sent         int64   `json:"txcount"`
	Received     int64   `json:"rxcount"`
	SentLost     int64   `json:"txploss"` // reported by the phone
	ReceivedLost int64   `json:"rxploss"` // seen here
	SentJitter   float64 `json:"txjitter"`
	Jitter       float64 `json:"rxjitter"`
	RoundTrip    float64 `json:"rtt"`
}

// RTP reads the statistics of a channel that is still up; one without RTP is
// a 404.
func RTP(ctx context.Context, d Doer, channel string) (RTPStatistics, error) {
	return Fetch[RTPStatistics](ctx, d, get("channel.rtp", "channels", channel, "rtp_statistics"))
}
