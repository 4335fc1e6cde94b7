package ari_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"hotline/pbx/ari"
	"hotline/site"
)

func TestAsterisk(t *testing.T) {
	x := newExchange(t)
	for name, story := range map[string]func(*testing.T, *exchange){
		"a request is answered on both ways":                        bothWays,
		"a caller arrives, hears a prompt, and is joined at once":   joined,
		"what exists already is success":                            already,
		"an id in use is refused":                                   idInUse,
		"a phone that is not there":                                 nobodyThere,
		"five hundred commands are carried out in the order sent":   pipelined,
		"a request that waits delays nobody":                        patient,
		"a mailbox that overflows tells its owner":                  overflow,
		"a recording is made of a bridge, paused and deleted":       recording,
		"a newer controller replaces the older":                     replaced,
		"one that comes as the older is put away hears":             asOlderGoes,
		"a fenced controller can do nothing any more":               fenced,
		"a controller with an older token is refused":               stale,
		"a filter lets through what is wanted, and the answers":     filtered,
		"a phone is set up at run time":                             dynamic,
		"an owner who leaves leaves nothing behind":                 leaves,
		"a caller who hangs up is told to the call":                 hangsUp,
		"the lists show what is there, for a controller that comes": lists,
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t, x)
			story(t, x)
		})
	}
}

func bothWays(t *testing.T, x *exchange) {
	seen := &counts{}
	c, _ := x.connect(t, func(cfg *ari.Config) { cfg.Meter = seen })
	must(t, c.Do(t.Context(), ari.SetGlobal("WORD", "停水 \"now\" & more\n")))
	for _, d := range []ari.Doer{c, x.boot} {
		word, err := ari.GetGlobal(t.Context(), d, "WORD")
		must(t, err)
		if word != "停水 \"now\" & more\n" {
			t.Errorf("%T: got %q", d, word)
		}
	}
	info, err := ari.Info(t.Context(), c)
	must(t, err)
	if !strings.HasPrefix(info.SystemInfo.Version, "22.") {
		t.Errorf("version %q", info.SystemInfo.Version)
	}
	if _, err := ari.GetVariable(t.Context(), c, "no-such-channel", "X"); !ari.IsNotFound(err) {
		t.Errorf("a channel that does not exist: %v", err)
	}
	if got := seen.of("asterisk.set 200", "asterisk.set 204", "channel.variable 404"); got != 2 {
		t.Errorf("the meter saw %d of two requests", got)
	}
}

func joined(t *testing.T, x *exchange) {
	c, a := x.connect(t)
	call := x.call(t, c, a)
	const prompt, bridge = "greeting.1", "b.join"
	c.Watch(call.box, bridge)
	must(t, c.Batch(t.Context(), ari.CreateBridge(bridge), ari.StartMOH(call.id, "")))
	must(t, c.Do(t.Context(), ari.Play(call.id, prompt, "", "sound:hotline/please-hold", "sound:hotline/duty")))
	e := await(t, call.box.Events(), ari.PlaybackStarted)
	if e.Playback.ID != prompt || e.Playback.Target != call.id {
		t.Errorf("the prompt's event names it and its channel: %+v", e.Playback)
	}
	began := time.Now()
	must(t, c.Batch(t.Context(), ari.StopPlayback(prompt), ari.StopMOH(call.id),
		ari.AddToBridge(bridge, call.id, call.outside)))
	took := time.Since(began)
	await(t, call.box.Events(), ari.PlaybackFinished)
	if e := await(t, call.box.Events(), ari.ChannelEnteredBridge); e.Bridge != bridge || e.Channel.ID != call.id {
		t.Errorf("the bridge's event goes to the channel's owner: %s %s", e.Bridge, e.Channel.ID)
	}
	t.Logf("stop the prompt and the music, join two channels: %v", took)
	if took > 200*time.Millisecond {
		t.Errorf("joining took %v; it must not wait for the prompt to end", took)
	}
	must(t, c.Do(t.Context(), ari.DeleteBridge(bridge)))
	await(t, call.box.Events(), ari.ChannelLeftBridge)
}

func already(t *testing.T, x *exchange) {
	c, a := x.connect(t)
	call := x.call(t, c, a)
	must(t, c.Batch(t.Context(),
		ari.CreateBridge("b.twice"), ari.CreateBridge("b.twice", "dtmf_events"),
		ari.StopMOH(call.id), ari.StopPlayback("never-played"), ari.StopRecording("never-made"),
		ari.DeleteBridge("b.twice"), ari.DeleteBridge("b.twice"),
		ari.Hangup(call.id, "busy"), ari.Hangup("long-gone", ""),
		ari.DeleteUser("never-made"), ari.DeleteRecording("never/made"),
		ari.Unsubscribe(site.ARIApp, "endpoint:PJSIP/8099")))
	if e := await(t, call.box.Events(), ari.ChannelDestroyed); e.Cause != 17 || e.CauseText == "" {
		t.Errorf("busy is cause 17, got %d %q", e.Cause, e.CauseText)
	}
}

func idInUse(t *testing.T, x *exchange) {
	c, a := x.connect(t)
	call := x.call(t, c, a)
	again := ari.Originate{Channel: call.outside, Endpoint: "Local/12345@from-phone/n", App: site.ARIApp}.Request()
	if err := c.Do(t.Context(), again); !ari.IsConflict(err) {
		t.Errorf("a second channel of the same id is a conflict, got %v", err)
	}
	must(t, c.Do(t.Context(), ari.CreateBridge("b.one")))
	if err := c.Do(t.Context(), ari.RemoveFromBridge("b.one", call.id)); !ari.IsInvalid(err) {
		t.Errorf("a channel that is not in the bridge cannot leave it, got %v", err)
	}
	must(t, c.Do(t.Context(), ari.DeleteBridge("b.one")))
}

func nobodyThere(t *testing.T, x *exchange) {
	c, _ := x.connect(t)
	err := c.Do(t.Context(), ari.Originate{Channel: "agent.1", Endpoint: "PJSIP/nobody", App: site.ARIApp,
		CallerID: `"Citizen" <00012345678>`, Timeout: 20 * time.Second}.Request())
	if !ari.IsFailed(err) || !strings.Contains(err.Error(), "channel.originate: 500") {
		t.Errorf("Asterisk answers 500 for a phone it does not know, got %v", err)
	}
	if _, err := ari.Endpoint(t.Context(), c, "PJSIP", "nobody"); !ari.IsNotFound(err) {
		t.Errorf("the endpoint's state is asked for and not found, got %v", err)
	}
}

func pipelined(t *testing.T, x *exchange) {
	c, _ := x.connect(t)
	const n = 500
	pending := make([]*ari.Pending, n)
	began := time.Now()
	for i := range pending {
		p, err := c.Start(ari.SetGlobal("COUNT", fmt.Sprint(i)))
		must(t, err)
		pending[i] = p
	}
	for _, p := range pending {
		must(t, p.Wait(t.Context()))
	}
	t.Logf("%d commands in %v", n, time.Since(began))
	last, err := ari.GetGlobal(t.Context(), c, "COUNT")
	must(t, err)
	if last != "499" {
		t.Errorf("the last command sent is the last carried out, got %s", last)
	}
}

func patient(t *testing.T, x *exchange) {
	c, a := x.connect(t)
	call := x.call(t, c, a)
	must(t, c.Do(t.Context(), ari.CreateBridge("b.wait")))
	must(t, c.Do(t.Context(), ari.Play(call.id, "long.1", "", "sound:hotline/please-hold", "sound:hotline/duty")))
	await(t, call.box.Events(), ari.PlaybackStarted)
	join := make(chan error, 1)
	go func() { join <- c.Do(t.Context(), ari.AddToBridge("b.wait", call.id)) }()
	for range 20 {
		began := time.Now()
		must(t, c.Do(t.Context(), ari.Ping()))
		if took := time.Since(began); took > 300*time.Millisecond {
			t.Errorf("a ping took %v behind a request that waits", took)
		}
		time.Sleep(5 * time.Millisecond)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := c.Do(short, ari.AddToBridge("b.wait", call.id)); !errors.Is(err, ari.ErrNoAnswer) {
		t.Errorf("who sets a deadline gets no answer by then, got %v", err)
	}
	select {
	case err := <-join:
		t.Fatalf("joining behind a prompt should wait, got %v", err)
	default:
	}
	must(t, c.Do(t.Context(), ari.StopPlayback("long.1")))
	must(t, <-join)
	must(t, c.Do(t.Context(), ari.DeleteBridge("b.wait")))
}

// renamed gives the caller a name, which Asterisk tells as an event of its own
// (that a variable was set it does not: stasis.conf).
func renamed(c call, name string) ari.Request {
	return ari.SetVariable(c.id, "CALLERID(name)", name)
}

func overflow(t *testing.T, x *exchange) {
	// No other event of the call may come between.
	c, a := x.connect(t, func(cfg *ari.Config) { cfg.Events = []ari.Type{ari.StasisStart, ari.ChannelCallerID} })
	call := x.call(t, c, a)
	small := ari.NewMailbox(3)
	c.Watch(small, call.id)
	for i := range 5 {
		must(t, c.Batch(t.Context(), renamed(call, fmt.Sprint(i)))) // over the socket: in order with the events
	}
	// An answer may come ahead of the events before it: who reads too soon empties
	// the mailbox while it fills.
	for end := time.Now().Add(10 * time.Second); small.Err() == nil && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	var got []string
	for e, more := next(t, small); more; e, more = next(t, small) { // ends, because the mailbox overflowed
		got = append(got, e.Channel.Caller.Name)
	}
	if fmt.Sprint(got) != "[0 1 2]" || !errors.Is(small.Err(), ari.ErrOverflow) {
		t.Errorf("the first three arrive, then the mailbox ends: %v %v", got, small.Err())
	}
	next := ari.NewMailbox(64)
	c.Watch(next, call.id)
	must(t, c.Batch(t.Context(), renamed(call, "anew")))
	for e := await(t, next.Events(), ari.ChannelCallerID); e.Channel.Caller.Name != "anew"; {
		e = await(t, next.Events(), ari.ChannelCallerID) // of before: the answer may come ahead of the event
	}
	if c.Err() != nil {
		t.Errorf("one slow owner costs the others nothing: %v", c.Err())
	}
}

func recording(t *testing.T, x *exchange) {
	c, a := x.connect(t)
	call := x.call(t, c, a)
	const bridge, name = "b.rec", "2026/11/a call"
	c.Watch(call.box, name)
	must(t, os.MkdirAll(x.site.Addresses().Recordings+"/2026/11", 0o755))
	must(t, c.Do(t.Context(), ari.CreateBridge(bridge, "proxy_media")))
	must(t, c.Do(t.Context(), ari.AddToBridge(bridge, call.id, call.outside)))
	must(t, c.Do(t.Context(), ari.RecordBridge(bridge, ari.Recording{Name: name, Format: "wav"})))
	await(t, call.box.Events(), ari.RecordingStarted)
	for _, r := range []ari.Request{ari.PauseRecording(name), ari.UnpauseRecording(name),
		ari.MuteRecording(name), ari.UnmuteRecording(name), ari.StopRecording(name)} {
		must(t, c.Do(t.Context(), r))
	}
	if e := await(t, call.box.Events(), ari.RecordingFinished); e.Recording.Target != bridge || e.Recording.Format != "wav" {
		t.Errorf("the recording's end names it: %+v", e.Recording)
	}
	must(t, c.Do(t.Context(), ari.CopyRecording(name, "copy")))
	list, err := ari.Recordings(t.Context(), c)
	must(t, err)
	if len(list) != 2 {
		t.Errorf("two recordings are stored, got %v", list)
	}
	must(t, c.Batch(t.Context(), ari.DeleteRecording(name), ari.DeleteRecording("copy"), ari.DeleteBridge(bridge)))
	if list, err := ari.Recordings(t.Context(), c); err != nil || len(list) != 0 {
		t.Errorf("none is left, got %v %v", list, err)
	}
}

func filtered(t *testing.T, x *exchange) {
	c, a := x.connect(t, func(cfg *ari.Config) { cfg.Events = []ari.Type{ari.StasisStart, ari.ChannelDestroyed} })
	call := x.call(t, c, a)
	must(t, c.Do(t.Context(), renamed(call, "one")))
	must(t, c.Do(t.Context(), ari.Hangup(call.id, "")))
	if e, more := next(t, call.box); !more || e.Type != ari.ChannelDestroyed {
		t.Errorf("only the wanted events come, got %v", e)
	}
	c.Close()
	again, b := x.connect(t) // no filter: the old one must not stay
	call = x.call(t, again, b)
	must(t, again.Do(t.Context(), renamed(call, "two")))
	await(t, call.box.Events(), ari.ChannelCallerID)
}

func dynamic(t *testing.T, x *exchange) {
	c, _ := x.connect(t)
	for _, r := range []ari.Request{
		ari.PutDynamic("res_pjsip", "aor", "8042", ari.Field{Attribute: "max_contacts", Value: "1"}),
		ari.PutDynamic("res_pjsip", "endpoint", "8042", ari.Field{Attribute: "disallow", Value: "all"},
			ari.Field{Attribute: "allow", Value: "alaw"}, ari.Field{Attribute: "aors", Value: "8042"}),
	} {
		must(t, c.Do(t.Context(), r))
	}
	phone, err := ari.Endpoint(t.Context(), c, "PJSIP", "8042")
	must(t, err)
	if phone.State != "offline" && phone.State != "unknown" {
		t.Errorf("a phone that has not registered is %q", phone.State)
	}
	must(t, c.Do(t.Context(), ari.Subscribe(site.ARIApp, "endpoint:PJSIP/8042")))
	fields, err := ari.GetDynamic(t.Context(), c, "res_pjsip", "endpoint", "8042")
	must(t, err)
	if fields["allow"] != "(alaw)" && fields["allow"] != "alaw" {
		t.Errorf("fields are applied in order; allow is %q", fields["allow"])
	}
	must(t, c.Batch(t.Context(), ari.DeleteDynamic("res_pjsip", "endpoint", "8042"), ari.DeleteDynamic("res_pjsip", "aor", "8042")))
}

func leaves(t *testing.T, x *exchange) {
	c, a := x.connect(t)
	call := x.call(t, c, a)
	call.box.Release()
	ended(t, call.box)
	if !errors.Is(call.box.Err(), ari.ErrClosed) {
		t.Errorf("a released mailbox is over: %v", call.box.Err())
	}
	must(t, c.Do(t.Context(), renamed(call, "one")))
	if e := await(t, a.all, ari.ChannelCallerID); e.Channel.ID != call.id {
		t.Errorf("events of a forgotten id are arrivals again, got %s", e.Channel.ID)
	}
	c.Close()
	late := ari.NewMailbox(1)
	c.Watch(late, call.id)
	if _, more := next(t, late); more || !errors.Is(late.Err(), ari.ErrClosed) {
		t.Errorf("a closed connection takes no mailbox: %v", late.Err())
	}
}

func hangsUp(t *testing.T, x *exchange) {
	c, a := x.connect(t)
	call := x.call(t, c, a)
	must(t, c.Do(t.Context(), ari.Hangup(call.outside, "normal")))
	await(t, call.box.Events(), ari.StasisEnd)
	if e := await(t, call.box.Events(), ari.ChannelDestroyed); e.Cause != 16 || e.Time.IsZero() {
		t.Errorf("normal clearing is cause 16, got %d at %v", e.Cause, e.Time)
	}
}

func lists(t *testing.T, x *exchange) {
	c, a := x.connect(t)
	call := x.call(t, c, a)
	must(t, c.Do(t.Context(), ari.SetVariable(call.id, "HOTLINE_PLACE", `{"since":"刚才"}`)))
	must(t, c.Do(t.Context(), ari.CreateBridge("b.list")))
	must(t, c.Do(t.Context(), ari.AddToBridge("b.list", call.id)))
	c.Close()
	next, _ := x.connect(t)
	channels, err := ari.Channels(t.Context(), next)
	must(t, err)
	found := false
	for _, ch := range channels {
		if ch.ID == call.id {
			found = true
			if ch.State != "Up" || ch.Dialplan.App != "Stasis" || ch.Dialplan.AppData != "hotline,phone,12345,,," {
				t.Errorf("the call is as it was left: %+v", ch)
			}
		}
	}
	if place, err := ari.GetVariable(t.Context(), next, call.id, "HOTLINE_PLACE"); err != nil || place != `{"since":"刚才"}` {
		t.Errorf("what a controller wrote on the channel is there for the next: %q %v", place, err)
	}
	bridge, err := ari.Bridge(t.Context(), next, "b.list")
	must(t, err)
	if !found || len(bridge.ChannelIDs) != 1 || bridge.ChannelIDs[0] != call.id {
		t.Errorf("the call is in its bridge: %v %v", found, bridge)
	}
	app, err := ari.App(t.Context(), next, site.ARIApp)
	must(t, err)
	if len(app.ChannelIDs) < 2 {
		t.Errorf("the application still has its channels: %+v", app)
	}
	must(t, next.Do(t.Context(), ari.DeleteBridge("b.list")))
}
