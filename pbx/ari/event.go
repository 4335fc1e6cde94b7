package ari

import (
	"time"

	lib "github.com/CyCoreSystems/ari/v5"
)

// Type is the type of an event, in Asterisk's words.
type Type string

// The events this package knows. Any other is counted and skipped.
const (
	StasisStart          Type = "StasisStart" // a channel entered the application: Channel, Args, Replaces
	StasisEnd            Type = "StasisEnd"   // it left the application, or was replaced
	ChannelCreated       Type = "ChannelCreated"
	ChannelDestroyed     Type = "ChannelDestroyed"     // Cause, CauseText
	ChannelHangupRequest Type = "ChannelHangupRequest" // Cause, Soft; the channel may still be in the application
	ChannelStateChange   Type = "ChannelStateChange"   // Channel.State: Ring, Ringing, Up …
	ChannelDtmf          Type = "ChannelDtmfReceived"  // Digit, Duration
	ChannelEnteredBridge Type = "ChannelEnteredBridge" // Channel, Bridge
	ChannelLeftBridge    Type = "ChannelLeftBridge"    // Channel, Bridge
	ChannelHold          Type = "ChannelHold"
	ChannelUnhold        Type = "ChannelUnhold"
	ChannelVarset        Type = "ChannelVarset" // Name, Value
	ChannelDialplan      Type = "ChannelDialplan"
	ChannelCallerID      Type = "ChannelCallerId"
	ChannelConnectedLine Type = "ChannelConnectedLine"
	ChannelUserevent     Type = "ChannelUserevent"       // Name
	TalkingStarted       Type = "ChannelTalkingStarted"  // needs TALK_DETECT on the channel
	TalkingFinished      Type = "ChannelTalkingFinished" // Duration
	Dial                 Type = "Dial"                   // Channel is the one called, DialStatus
	BridgeCreated        Type = "BridgeCreated"
	BridgeDestroyed      Type = "BridgeDestroyed"
	BridgeMerged         Type = "BridgeMerged"
	BlindTransfer        Type = "BridgeBlindTransfer"
	AttendedTransfer     Type = "BridgeAttendedTransfer"
	PlaybackStarted      Type = "PlaybackStarted"
	PlaybackContinuing   Type = "PlaybackContinuing"
	PlaybackFinished     Type = "PlaybackFinished" // Playback.State: done or failed
	RecordingStarted     Type = "RecordingStarted"
	RecordingFinished    Type = "RecordingFinished" // Recording.Length
	RecordingFailed      Type = "RecordingFailed"   // Recording.Cause
	EndpointStateChange  Type = "EndpointStateChange"
	PeerStatusChange     Type = "PeerStatusChange"
	ContactStatusChange  Type = "ContactStatusChange"
	// The following are read by Conn itself.
	RESTResponse            Type = "RESTResponse"
	ApplicationReplaced     Type = "ApplicationReplaced"
	ApplicationRegistered   Type = "ApplicationRegistered"
	ApplicationUnregistered Type = "ApplicationUnregistered"
)

// known reports whether events of this type are handed over.
func (t Type) known() bool {
	switch t {
	case StasisStart, StasisEnd, ChannelCreated, ChannelDestroyed, ChannelHangupRequest,
		ChannelStateChange, ChannelDtmf, ChannelEnteredBridge, ChannelLeftBridge, ChannelHold,
		ChannelUnhold, ChannelVarset, ChannelDialplan, ChannelCallerID, ChannelConnectedLine,
		ChannelUserevent, TalkingStarted, TalkingFinished, Dial, BridgeCreated, BridgeDestroyed,
		BridgeMerged, BlindTransfer, AttendedTransfer, PlaybackStarted, PlaybackContinuing,
		PlaybackFinished, RecordingStarted, RecordingFinished, RecordingFailed,
		EndpointStateChange, PeerStatusChange, ContactStatusChange:
		return true
	}
	return false
}

// Event is what Asterisk told, as far as a call needs it; Decode gives the
// rest. Fields that its type does not have are empty. Events are shared and
// must not be changed.
type Event struct {
	Type       Type
	Time       time.Time     // Asterisk's clock, milliseconds
	Channel    Channel       // the channel it is about; of Dial, the one called
	Replaces   string        // StasisStart: id of the channel this one took the place of
	Bridge     string        // bridge id
	Playback   PlaybackState // a playback's progress
	Recording  LiveRecording // a recording's progress
	Endpoint   EndpointState // a phone's state
	Args       []string      // StasisStart: the arguments of Stasis() or of the originate
	Digit      string        // one of 0-9 * # A-D
	Duration   time.Duration // of the key press or the speech
	Cause      int           // Q.850 cause: 16 normal, 17 busy, 19 no answer, 21 rejected …
	CauseText  string
	Soft       bool   // ChannelHangupRequest: asked for by a request, not by the telephone
	DialStatus string // "" (dialling), RINGING, PROGRESS, ANSWER, BUSY, NOANSWER, CANCEL …
	Name       string // variable or user event
	Value      string // the variable's value

	raw string
}

// Party is one side of a call as its signalling names it.
type Party struct{ Name, Number string }

// Channel is one leg of a call.
type Channel struct {
	ID        string
	Name      string // technology/peer-number, for example PJSIP/8001-00000007
	State     string // Down, Ring, Ringing, Up, Busy …
	Caller    Party
	Connected Party
	Account   string
	Language  string
	Created   time.Time
	Dialplan  Position
}

// Position is where in the dialplan a channel is.
type Position struct {
	Context, Exten string
	Priority       int
	App            string // the dialplan application, "Stasis" for ours
	AppData        string // its arguments: application name, then the others
}

// PlaybackState is a prompt being played.
type PlaybackState struct {
	ID     string
	State  string // queued, playing, continuing, paused, done, failed
	Media  string
	Target string // id of the channel or bridge
}

// LiveRecording is a recording being made.
type LiveRecording struct {
	Name   string
	Format string
	State  string // queued, recording, paused, done, failed, canceled
	Target string // id of the channel or bridge
	Length time.Duration
	Cause  string // why it failed
}

// EndpointState is a phone as Asterisk sees it.
type EndpointState struct {
	Technology, Resource string
	State                string // online, offline, unknown
	// Contact is the state of the contact or peer the event told of:
	// Reachable, Unreachable, NonQualified, Removed …
	Contact string
}

// ID is the endpoint's name for Watch: technology/resource.
func (e EndpointState) ID() string {
	if e.Resource == "" {
		return ""
	}
	return e.Technology + "/" + e.Resource
}

// Decode gives the whole event in the library's type for it (for example
// *ari.BridgeAttendedTransfer), for the rare field that Event lacks.
func (e *Event) Decode() (lib.Event, error) { return lib.DecodeEvent([]byte(e.raw)) }

// JSON is the event as Asterisk sent it.
func (e *Event) JSON() string { return e.raw }
