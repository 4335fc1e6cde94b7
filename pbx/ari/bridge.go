package ari

import (
	"context"
	"net/http"
	"strings"
	"time"

	lib "github.com/CyCoreSystems/ari/v5"
)

// CreateBridge makes a mixing bridge. Features may add "dtmf_events" (key
// presses become events) and "proxy_media" (sound always flows through
// Asterisk, as recording needs). A bridge that exists already is success; it
// stays until DeleteBridge, also without channels. An id must not be used again
// within milliseconds of its DeleteBridge: in 13 of 100 tries Asterisk took the
// dying bridge for the new one.
func CreateBridge(bridge string, features ...string) Request {
	kind := strings.Join(append([]string{"mixing"}, features...), ",")
	return post("bridge.create", "bridges", bridge).with("type", kind).Or(http.StatusConflict)
}

// DeleteBridge ends a bridge; one that is gone already, or going (409 for about
// 0.1 ms), is success. Channels in it stay in the application.
func DeleteBridge(bridge string) Request {
	return remove("bridge.delete", "bridges", bridge).Or(http.StatusNotFound, http.StatusConflict)
}

// AddToBridge moves channels into the bridge. Behind a prompt that plays it
// waits until the prompt ends, so Do sends it apart; after StopPlayback in
// the same Batch it may go over the socket. A channel whose StasisStart has
// not come yet is refused (409 or 422). Neither side is told by SIP with whom it
// is connected now: a telephone shows what it was called with.
func AddToBridge(bridge string, channels ...string) Request {
	return post("bridge.add", "bridges", bridge, "addChannel").
		with("channel", strings.Join(channels, ",")).with("inhibitConnectedLineUpdates", "true").patient()
}

// RemoveFromBridge takes channels out; they stay in the application. A channel
// that is not in this bridge is a 422 (IsInvalid).
func RemoveFromBridge(bridge string, channels ...string) Request {
	return post("bridge.remove", "bridges", bridge, "removeChannel").
		with("channel", strings.Join(channels, ",")).patient()
}

// Bridges lists every bridge of this Asterisk.
func Bridges(ctx context.Context, d Doer) ([]lib.BridgeData, error) {
	return Fetch[[]lib.BridgeData](ctx, d, get("bridge.list", "bridges").patient())
}

// Bridge reads one bridge.
func Bridge(ctx context.Context, d Doer, bridge string) (lib.BridgeData, error) {
	return Fetch[lib.BridgeData](ctx, d, get("bridge.get", "bridges", bridge))
}

// Recording describes a recording to be made of a bridge.
type Recording struct {
	Name    string        // path below Asterisk's recording folder, without ending
	Format  string        // "wav", "wav16", "alaw", "ogg" …
	Max     time.Duration // longest; 0 means no limit
	Replace bool          // overwrite a file of that name; otherwise it is a 409
	Beep    bool          // a tone before it begins; only of a channel
}

// RecordBridge records everyone in the bridge. (A channel that is in a bridge
// refuses to be recorded.)
func RecordBridge(bridge string, rec Recording) Request {
	exists := "fail"
	if rec.Replace {
		exists = "overwrite"
	}
	return post("bridge.record", "bridges", bridge, "record").
		with("name", rec.Name).with("format", rec.Format).
		with("maxDurationSeconds", seconds(rec.Max)).with("ifExists", exists).patient()
}

// RecordChannel records what a channel says, outside of any bridge (a message
// left at night). silence ends it after so long without speech (0: never);
// terminate is the key that ends it ("#", "any" or empty).
func RecordChannel(channel string, rec Recording, silence time.Duration, terminate string) Request {
	r := RecordBridge("", rec)
	r.Verb, r.path = "channel.record", post("", "channels", channel, "record").path
	if rec.Beep {
		r = r.with("beep", "true")
	}
	return r.with("maxSilenceSeconds", seconds(silence)).with("terminateOn", terminate)
}

// StopRecording ends and keeps a recording; its RecordingFinished follows. One
// that is over already is success.
func StopRecording(name string) Request { return live("stop", http.MethodPost, name, "stop") }

// DiscardRecording ends a recording and throws it away.
func DiscardRecording(name string) Request { return live("discard", http.MethodDelete, name) }

// PauseRecording leaves out what is said from now on: the file has no gap.
func PauseRecording(name string) Request { return live("pause", http.MethodPost, name, "pause") }

// UnpauseRecording ends PauseRecording.
func UnpauseRecording(name string) Request { return live("unpause", http.MethodDelete, name, "pause") }

// MuteRecording writes silence from now on: the file keeps its length, so the
// gap can be heard and its place is known.
func MuteRecording(name string) Request { return live("mute", http.MethodPost, name, "mute") }

// UnmuteRecording ends MuteRecording.
func UnmuteRecording(name string) Request { return live("unmute", http.MethodDelete, name, "mute") }

// live is an operation on a recording being made. Its name may contain
// slashes, which Asterisk wants escaped.
func live(verb, method string, name string, operation ...string) Request {
	r := request("recording."+verb, method, append([]string{"recordings", "live", name}, operation...)...)
	if verb == "stop" || verb == "discard" {
		r = r.Or(http.StatusNotFound)
	}
	return r.patient()
}

// Recordings lists the stored recordings; it reads the disk.
func Recordings(ctx context.Context, d Doer) ([]lib.StoredRecordingData, error) {
	return Fetch[[]lib.StoredRecordingData](ctx, d, get("recording.list", "recordings", "stored").patient())
}

// DeleteRecording deletes a stored recording; one that is gone is success.
func DeleteRecording(name string) Request {
	return remove("recording.delete", "recordings", "stored", name).Or(http.StatusNotFound).patient()
}

// CopyRecording copies a stored recording; a taken name is a 409.
func CopyRecording(name, to string) Request {
	return post("recording.copy", "recordings", "stored", name, "copy").
		with("destinationRecordingName", to).patient()
}

// LiveRecordingOf asks for a recording being made; there being none of that
// name is a 404.
func LiveRecordingOf(name string) Request {
	return get("recording.get", "recordings", "live", name)
}
