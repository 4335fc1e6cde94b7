// Package pbx is Asterisk as the hotline sees it: the lines of callers, the
// legs of agents' telephones, recordings, and what a new controller finds. ARI
// itself is in pbx/ari.
package pbx

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/pbx/ari"
	"hotline/routing"
)

// varPlace is the variable in which a channel carries its caller's place.
const varPlace = "HOTLINE_PLACE"

// Alive is the global variable by which a controller proves that it lives: the
// time in whole seconds.
const Alive = "HOTLINE_ALIVE"

const (
	doorAgent   = "agent" // argument of the legs we call ourselves
	agentPrefix = "agent."
	nodePrefix  = "node-" // an endpoint that is another Asterisk
	bridgeOf    = "b."
)

// events are those that mean something here; Asterisk sends no others.
var events = [...]ari.Type{
	ari.StasisStart, ari.ChannelHangupRequest, ari.ChannelDestroyed,
	ari.ChannelStateChange, ari.ChannelDtmf, ari.PlaybackFinished,
	ari.RecordingFinished, ari.RecordingFailed,
}

// Sounds turns words into media that Asterisk can play ("sound:/…"), one or
// more for each part.
type Sounds interface {
	Media(parts []ivr.Part) ([]string, error)
}

// Ears hear what happens at the exchange. They are called from its reader and
// must not wait.
type Ears struct {
	// Arrived: a caller reached the application. Line takes his line over; it
	// must be called before Arrived returns, or nothing of it is heard.
	Arrived func(a Arrival, line func() *Line)
	// Leg brings news of an agent's leg.
	Leg func(routing.LegNews)
	// Trouble is something to log; call may be empty.
	Trouble func(call hotline.CallID, doing string, err error)
}

// Options say which Asterisk, and how to speak to it.
type Options struct {
	ARI    ari.Config // of the controller's own user (ari.Take), with App
	Sounds Sounds
	// Music is the class of music on hold callers hear.
	Music string
	// LegTimeout bounds an agent's ringing in Asterisk, should the controller
	// die meanwhile; longer than routing's own limit.
	LegTimeout time.Duration
}

// Exchange is one connection to one Asterisk.
type Exchange struct {
	conn  *ari.Conn
	first sync.Once // conn is set by whoever knows it first
	opt   Options
	ears  Ears

	legsBox *ari.Mailbox
	pumps   sync.WaitGroup

	mu      sync.Mutex
	legs    map[hotline.AgentID]*leg
	listing int             // how many take over what they listed
	ended   map[string]bool // channels that ended meanwhile, and nobody listened to them
}

// A connection that Asterisk leaves deaf (ari.ErrDeaf) is opened anew deafPause
// later. An Asterisk that is only slow to tell its first event must not be taken
// for one that never will: it gets firstHear, then twice as long each time, up to
// longestHear.
const (
	firstHear   = 300 * time.Millisecond
	longestHear = 16 * firstHear
	deafPause   = 50 * time.Millisecond
)

// Connect opens the connection, and opens it anew where Asterisk leaves it deaf.
// Arrivals are told from then on; List tells what was there before.
func Connect(ctx context.Context, o Options, ears Ears) (*Exchange, error) {
	o.ARI.Events = events[:]
	for o.ARI.Hear = firstHear; ; o.ARI.Hear *= 2 {
		x, err := connect(ctx, o, ears)
		if !errors.Is(err, ari.ErrDeaf) || o.ARI.Hear >= longestHear {
			return x, err
		}
		ears.trouble("", "connect to Asterisk; trying again", err)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(deafPause):
		}
	}
}

func connect(ctx context.Context, o Options, ears Ears) (*Exchange, error) {
	x := &Exchange{opt: o, ears: ears, legs: map[hotline.AgentID]*leg{}, legsBox: ari.NewMailbox(mostLegEvents)}
	conn, err := ari.Connect(ctx, o.ARI, func(c *ari.Conn, e *ari.Event) {
		x.speakOver(c) // an arrival may be before Connect returns
		x.arrived(c, e)
	})
	if err != nil {
		return nil, err
	}
	x.speakOver(conn)
	x.pumps.Go(x.hearLegs)
	return x, nil
}

// speakOver has everything asked over that connection.
func (x *Exchange) speakOver(c *ari.Conn) { x.first.Do(func() { x.conn = c }) }

// mostLegEvents is how many unread events of all agents' legs may pile up; more
// means that we are stuck, and the connection is given up and made anew.
const mostLegEvents = 8192

// Done is closed when the connection has ended; Err says why.
func (x *Exchange) Done() <-chan struct{} { return x.conn.Done() }

// Err tells why the connection ended.
func (x *Exchange) Err() error { return x.conn.Err() }

// Replaced tells that another controller is in charge of this Asterisk now.
func (x *Exchange) Replaced() bool {
	err := x.conn.Err()
	return isAny(err, ari.ErrReplaced, ari.ErrUnauthorized, ari.ErrStale)
}

// Close ends the connection and hangs nothing up.
func (x *Exchange) Close() {
	x.conn.Close()
	x.legsBox.Release() // a mailbox that watches no leg is not ended by the connection
	x.pumps.Wait()
}

// Arrival is a caller's channel in the application.
type Arrival struct {
	Call                   hotline.CallID
	Door                   string // trunk, phone or code (extensions.conf)
	Dialled                string
	Caller                 hotline.Phone
	At                     time.Time // when it reached Asterisk
	Answered               bool
	To, Diversion, History string // headers, from the trunk only
	// Left is when a caller hung up whom only the dialplan held, DoorLeft; Call,
	// Caller and At are his. Talked is how long a telephone on duty talked to him.
	Left   time.Time
	Talked time.Duration
}

// DoorLeft is the door of what is known of a caller who hung up while no controller
// served (extensions.conf).
const DoorLeft = "left"

// arrived takes what belongs to nobody yet: new channels.
func (x *Exchange) arrived(c *ari.Conn, e *ari.Event) {
	if e.Type == ari.ChannelHangupRequest || e.Type == ari.ChannelDestroyed {
		x.unheard(e)
		return
	}
	if e.Type != ari.StasisStart || len(e.Args) == 0 || e.Args[0] == doorRecorder {
		return
	}
	if e.Args[0] == doorAgent {
		x.stray(e.Channel.ID)
		return
	}
	x.ears.Arrived(arrival(e.Channel), func() *Line { return newLine(x, c, e.Channel) })
}

// told gives the arguments with which the dialplan handed a channel over, door first
// (extensions.conf); they are what the channel is doing until it is handed back.
func told(ch ari.Channel) (args [6]string) {
	_, data, _ := strings.Cut(ch.Dialplan.AppData, ",")
	copy(args[:], strings.Split(data, ","))
	return args
}

func arrival(ch ari.Channel) Arrival {
	args := told(ch)
	a := Arrival{
		Call: hotline.CallID(ch.ID), Door: args[0], Dialled: args[1],
		Caller: hotline.ParsePhone(ch.Caller.Number), At: ch.Created.UTC(), Answered: ch.State == stateUp,
		To: args[2], Diversion: args[3], History: args[4],
	}
	if a.Door == DoorLeft {
		a.leave(args[5])
	}
	return a
}

// leave reads what the dialplan knows of a caller who is gone.
func (a *Arrival) leave(known string) {
	parts := append(strings.Split(known, ":"), "", "", "", "")
	a.Call, a.Caller = hotline.CallID(parts[0]), hotline.ParsePhone(parts[1])
	_, arrived, _ := strings.Cut(parts[0], "-") // systemname-seconds.number
	seconds := func(s string) int64 {
		s, _, _ = strings.Cut(s, ".")
		n, _ := strconv.ParseInt(s, 10, 64)
		return n
	}
	a.At, a.Left = time.Unix(seconds(arrived), 0).UTC(), time.Unix(seconds(parts[2]), 0).UTC()
	a.Talked = time.Duration(seconds(parts[3])) * time.Second
}

// States of a channel, in Asterisk's words.
const (
	stateDown    = "Down"
	stateRinging = "Ringing"
	stateUp      = "Up"
)

// HangUpFrom hangs up what came from another Asterisk, which died: the ends here of
// legs that were made there.
func (x *Exchange) HangUpFrom(ctx context.Context, node string) error {
	channels, err := ari.Channels(ctx, x.conn)
	if err != nil {
		return err
	}
	for _, ch := range channels {
		_, ours := offerOf(ch.ID)
		if !ours && strings.HasPrefix(ch.Name, "PJSIP/"+nodePrefix+node+"-") {
			if err := x.conn.Do(ctx, ari.Hangup(ch.ID, "normal")); err != nil {
				return err
			}
		}
	}
	return nil
}

// SetGlobal sets a global variable of the dialplan.
func (x *Exchange) SetGlobal(ctx context.Context, name, value string) error {
	return x.conn.Do(ctx, ari.SetGlobal(name, value))
}

func (x *Exchange) trouble(call hotline.CallID, doing string, err error) {
	x.ears.trouble(call, doing, err)
}

func (e Ears) trouble(call hotline.CallID, doing string, err error) {
	if e.Trouble != nil && err != nil {
		e.Trouble(call, doing, err)
	}
}
