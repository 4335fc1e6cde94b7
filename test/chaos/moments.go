package chaos

import "hotline/test/rig"

// moment is a kind of instant at which a controller is struck.
type moment struct {
	name string
	at   rig.Moment
	any  bool // any instant will do: there is always somebody in it
}

// moments are all kinds. Words that come with every call, in the order of a call.
func moments() []moment {
	return []moment{
		{name: "a call arrives", at: rig.FromAsterisk("StasisStart", `"a1-`)},
		{name: "in the menu, on record", at: rig.InRedis("save", `"at":"menu"`)},
		{name: "in the menu, a key comes", at: rig.FromAsterisk("ChannelDtmfReceived")},
		{name: "saving that he waits, and his place", at: rig.ToRedis(`"at":"queue"`)},
		{name: "with his place on record and not known", at: rig.InRedis(`"at":"queue"`)},
		{name: "his place goes to his channel", at: rig.ToAsterisk("channels/a1-", "HOTLINE_PLACE")},
		{name: "before music", at: rig.ToAsterisk("channels/a1-", "/moh")},
		{name: "before reserve", at: rig.ToRedis(`"state":"offered"`)},
		{name: "after reserve", at: rig.InRedis(`"state":"offered"`)},
		{name: "before originate", at: rig.ToAsterisk("channels/create", "agent.")},
		{name: "after originate", at: rig.ToAsterisk("agent.", "/dial")},
		{name: "it rings", at: rig.FromAsterisk("Ringing", "agent.")},
		{name: "he picks up", at: rig.FromAsterisk("ChannelStateChange", `"Up"`, "agent.")},
		{name: "before the talk is on record", at: rig.ToRedis(`"at":"talk"`)},
		{name: "with the talk on record and not known", at: rig.InRedis(`"at":"talk"`)},
		{name: "between answer and join", at: rig.ToAsterisk("addChannel")},
		{name: "in the talk", any: true},
		{name: "the agent hangs up", at: rig.FromAsterisk("ChannelHangupRequest", "agent.")},
		{name: "saving the talk's end", at: rig.ToRedis("save", `"at":"goodbye"`)},
		{name: "before we hang up", at: rig.ToAsterisk("channels/a1-", "reason=normal")},
		{name: "the agent's leg is gone", at: rig.FromAsterisk("ChannelDestroyed", "agent.")},
		{name: "the citizen hangs up", at: rig.FromAsterisk("ChannelHangupRequest", `"a1-`)},
		{name: "in the journal, before the record is dropped", at: rig.ToRedis("evalsha", "drop")},
		{name: "the record is dropped", at: rig.InRedis("evalsha", "drop")},
	}
}

// act is what is done at a moment.
type act string

// The acts.
const (
	kill        act = "kill"          // kill -9 of the one who serves; another one stands by
	killBoth    act = "kill both"     // and of the one who stands by: a new one is started later
	stop        act = "stop"          // SIGTERM
	freeze      act = "freeze"        // SIGSTOP for some seconds, then woken
	emptyRedis  act = "empty Redis"   // FLUSHALL
	killRedis   act = "kill Redis"    // kill -9, started again at once
	freezeRedis act = "freeze Redis"  // SIGSTOP for a second or two
	restart     act = "restart Redis" // stopped politely, started again
	lockSQL     act = "lock SQL"      // nobody can write for some seconds
)

// otherActs are done besides kills.
func otherActs() []act {
	return []act{killBoth, stop, freeze, emptyRedis, killRedis, freezeRedis, restart, killBoth, stop, freeze, lockSQL}
}
