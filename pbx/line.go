package pbx

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/pbx/ari"
)

// Line is one caller's line. It implements ivr.Line and ivr.Machine; its verbs
// are called by one goroutine, the call's.
type Line struct {
	x       *Exchange
	conn    *ari.Conn
	id      string
	account string
	box     *ari.Mailbox

	// OnAgent: answered only when an agent is found. Set before the first verb.
	OnAgent bool

	over chan struct{} // closed when the pump has ended

	// Of the pump.
	lastKey   string
	lastKeyAt time.Time

	// Of the call's goroutine.
	answered bool
	playing  string // id of the playback that may sound; "" none
	tag      string
	nth      int
	music    bool
	ringing  bool
	bridged  bool   // its bridge exists
	inside   bool   // the caller may be in it
	closed   bool   // we hung up
	place    string // to be written on the channel
	placeNow bool   // and not only when he has waited a moment
	found    bool   // taken over: what sounds may be of another controller

	mu       sync.Mutex
	ended    context.CancelCauseFunc
	why      error
	keys     []byte
	wake     chan struct{} // a key, or a playback that finished
	finished string        // the playback that finished last
	sounding string        // the playback that is doubted
	doubts   *time.Timer
	recorded map[string]chan struct{}

	pauses chan pause // asked for by others, done by the call's goroutine
}

// mostEvents is how many unread events of a call may pile up before it starts
// again where it stands.
const mostEvents = 128

func newLine(x *Exchange, c *ari.Conn, ch ari.Channel) *Line {
	l := &Line{
		x: x, conn: c, id: ch.ID, account: accountOf(ch), box: ari.NewMailbox(mostEvents), answered: ch.State == stateUp,
		over: make(chan struct{}), wake: make(chan struct{}, 1), recorded: map[string]chan struct{}{},
		pauses: make(chan pause),
	}
	c.Watch(l.box, ch.ID)
	return l
}

// Listen begins to hear the line: ended is called with the cause when the
// caller hangs up, the line is lost or fell behind. tag is what the line was
// saying when another controller left it; "" is nothing.
func (l *Line) Listen(ended context.CancelCauseFunc, tag string) {
	l.mu.Lock()
	l.ended = ended
	why := l.why
	l.mu.Unlock()
	if why != nil { // it was over before it was listened to
		ended(why)
	}
	go l.pump()
	if tag != "" {
		l.tag = tag
		for nth := range 2 {
			_, _ = l.conn.Start(ari.StopPlayback(l.playback(nth)))
		}
	}
}

// Release ends the listening and waits for it. Nothing is hung up.
func (l *Line) Release() {
	l.believe()
	l.box.Release()
	<-l.over
}

// pump reads the line's events until its mailbox ends.
func (l *Line) pump() {
	defer close(l.over)
	for e := range l.box.Events() {
		l.hear(e)
	}
	if l.severed(l.box.Err()) == nil {
		l.end(ivr.ErrResync) // it fell behind
	}
}

// severed ends the play of the call here where err says that the connection ended, and
// gives the cause: another controller, or the next connection, plays it on. Of what was
// asked last it is not known whether it was done. nil: err says something else.
func (l *Line) severed(err error) error {
	var why error
	switch {
	case isAny(err, ari.ErrClosed, ari.ErrReplaced, ari.ErrUnauthorized, ivr.ErrHandOver):
		why = ivr.ErrHandOver
	case isAny(err, ari.ErrLost, ivr.ErrResync):
		why = ivr.ErrResync
	default:
		return nil
	}
	l.end(why)
	return why
}

func (l *Line) end(why error) {
	l.mu.Lock()
	if l.why == nil {
		l.why = why
	}
	ended := l.ended
	l.mu.Unlock()
	if ended != nil {
		ended(why)
	}
}

func (l *Line) hear(e *ari.Event) {
	switch e.Type {
	case ari.ChannelHangupRequest, ari.ChannelDestroyed:
		if e.Channel.ID == l.id {
			l.end(ivr.ErrHungUp)
		}
	case ari.ChannelDtmf:
		if l.echoed(e) {
			return
		}
		l.mu.Lock()
		if len(l.keys) < mostKeys && e.Digit != "" {
			l.keys = append(l.keys, e.Digit[0])
		}
		l.mu.Unlock()
		l.nudge()
	case ari.PlaybackFinished:
		l.mu.Lock()
		l.finished = e.Playback.ID
		l.mu.Unlock()
		l.nudge()
	case ari.RecordingFinished, ari.RecordingFailed:
		l.mu.Lock()
		if done := l.recorded[e.Recording.Name]; done != nil {
			close(done)
			delete(l.recorded, e.Recording.Name)
		}
		l.mu.Unlock()
	}
}

func (l *Line) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *Line) playback(nth int) string { return l.id + "." + l.tag + "." + strconv.Itoa(nth) }

// batch sends requests in one go.
func (l *Line) batch(ctx context.Context, requests ...ari.Request) error {
	if len(requests) == 0 {
		return nil
	}
	return l.gone(l.conn.Batch(ctx, requests...))
}

// gone turns "no such channel" into the end of the call, and the end of the connection
// into the end of its play here. The connection's own word of that may be late, when its
// reader stands still.
func (l *Line) gone(err error) error {
	if why := l.severed(err); why != nil {
		return why
	}
	if ari.IsNotFound(err) {
		l.end(ivr.ErrHungUp)
		return ivr.ErrHungUp
	}
	return err
}

// up makes the line one that can be spoken to: answered, and apart from whom the
// caller talked to.
func (l *Line) up(ctx context.Context) error {
	l.part(ctx)
	if l.answered {
		return nil
	}
	if err := l.gone(l.conn.Do(ctx, ari.Answer(l.id))); err != nil {
		return err
	}
	l.answered, l.ringing = true, false
	return nil
}

// hush stops what sounds.
func (l *Line) hush(rs []ari.Request) []ari.Request {
	if l.playing != "" {
		rs = append(rs, ari.StopPlayback(l.playing))
		l.playing = ""
	}
	if l.music {
		rs = append(rs, ari.StopMOH(l.id))
		l.music = false
	}
	return rs
}

// quiet stops what sounds, when the call's context may have ended.
func (l *Line) quiet() {
	for _, r := range l.hush(nil) {
		if _, err := l.conn.Start(r); err != nil {
			return
		}
	}
}

// play begins to say parts, in place of what sounds; without words it does
// nothing.
func (l *Line) play(ctx context.Context, tag string, parts []ivr.Part) error {
	media, err := l.x.opt.Sounds.Media(parts)
	if err != nil {
		return err
	}
	if err := l.up(ctx); err != nil {
		return err
	}
	if len(media) == 0 {
		return l.batch(ctx, l.hush(nil)...)
	}
	if tag != l.tag {
		l.tag, l.nth = tag, 0
	}
	rs := l.hush(nil)
	l.playing = l.playback(l.nth)
	l.nth = 1 - l.nth
	l.mu.Lock()
	l.finished = ""
	l.mu.Unlock()
	l.doubt(ctx, l.playing)
	// An error may hide a playback that began all the same: it stays to be stopped.
	return l.batch(ctx, append(rs, ari.Play(l.id, l.playing, "", media...))...)
}

// doubtEvery is longer than nearly every prompt.
const doubtEvery = 8 * time.Second

// doubt looks now and then whether a playback is still going on: should its end
// never be told, the caller would stand in silence.
func (l *Line) doubt(ctx context.Context, playback string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.doubts != nil {
		l.doubts.Stop()
	}
	l.sounding = playback
	l.doubts = time.AfterFunc(doubtEvery, func() {
		if !l.doubted(playback) {
			return
		}
		err := l.conn.Do(context.WithoutCancel(ctx), ari.PlaybackOf(playback))
		l.mu.Lock()
		defer l.mu.Unlock()
		switch {
		case l.sounding != playback || l.finished == playback || ctx.Err() != nil:
		case ari.IsNotFound(err):
			l.finished = playback
			l.nudge()
		default:
			l.doubts.Reset(doubtEvery)
		}
	})
}

// doubted tells whether the playback is the one that sounds and has not ended.
func (l *Line) doubted(playback string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sounding == playback && l.finished != playback
}

// believe ends all doubt.
func (l *Line) believe() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sounding = ""
	if l.doubts != nil {
		l.doubts.Stop()
	}
}

// said tells whether the playback is over.
func (l *Line) said() bool {
	if l.playing == "" {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.finished == l.playing {
		l.playing = ""
		return true
	}
	return false
}

// Say says s and returns when it is over.
func (l *Line) Say(ctx context.Context, s ivr.Speech) error {
	if err := l.play(ctx, s.Tag, s.Parts); err != nil {
		return err
	}
	for !l.said() {
		select {
		case <-l.wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// End hangs up; a second time it does nothing. Where the connection ended meanwhile,
// nobody has hung up: whoever plays on does.
func (l *Line) End(ctx context.Context) error {
	if l.closed {
		return nil
	}
	l.closed = true
	err := l.conn.Do(ctx, ari.Hangup(l.id, "normal"))
	if why := l.severed(err); why != nil {
		return why
	}
	return err
}

// accountOf reads the account from a channel's name, PJSIP/8001-0000002a.
func accountOf(ch ari.Channel) string {
	name := strings.TrimPrefix(ch.Name, "PJSIP/")
	if i := strings.LastIndexByte(name, '-'); i > 0 && told(ch)[0] != "trunk" {
		return name[:i]
	}
	return ""
}

// Call is the call's id.
func (l *Line) Call() hotline.CallID { return hotline.CallID(l.id) }

// Found tells of a line that was taken up; it did not arrive here.
func (l *Line) Found() bool { return l.found }

// Account is the telephone's account the call came from; "" from the trunk.
func (l *Line) Account() string { return l.account }

// Take records a message.
func (l *Line) Take(ctx context.Context, s ivr.Speech, name string, longest time.Duration) (string, error) {
	if err := l.Say(ctx, s); err != nil {
		return "", err
	}
	return l.message(ctx, name, longest)
}
