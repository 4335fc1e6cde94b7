package phone

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// requestLimit bounds the wait for an answer to BYE, CANCEL and REGISTER: on a
// dead exchange SIP itself would wait 32 s.
const requestLimit = 2 * time.Second

// Side is who ended a call.
type Side int

// Who ended a call; Nobody when it failed.
const (
	Nobody Side = iota
	Us
	Them
)

// String gives the side in plain English.
func (s Side) String() string { return [...]string{"nobody", "us", "them"}[s] }

// Ending is how a call ended.
type Ending struct {
	// By is who ended it: hung up, cancelled, refused.
	By Side
	// Answered tells whether the call ever stood.
	Answered bool
	// Code is the final SIP code of the INVITE: 200, 486, 487 …; 0 without one.
	Code int
	// Reason is the phrase of that code, or what the BYE's Reason header said.
	Reason string
	// At is the moment of it: their BYE was read, or our BYE or refusal was about
	// to be sent.
	At time.Time
	// Talked is the time from the answer to the end.
	Talked time.Duration
	// Err is set when the call failed rather than ended.
	Err error
}

// Call is one call of a telephone. It is safe for concurrent use.
type Call struct {
	phone    *Phone
	incoming bool
	peer     string // the number at the other end
	invite   *sip.Request
	began    time.Time
	tag      string // our tag in the dialog; guarded by phone.mu

	ctx      context.Context // ends the call
	stop     context.CancelFunc
	hang     chan struct{} // closed when we want to hang up
	hangOnce sync.Once
	done     chan struct{}

	diary diary
	ear   *ear
	mouth *mouth
	media mediaLoop

	mu         sync.Mutex
	answeredAt time.Time
	byeAt      time.Time // their BYE was read
	byeReason  string
	ending     Ending
	cancel     *sip.Request // the CANCEL for the INVITE, once a provisional came
	heard1xx   chan struct{}
	dialogue   dialogue // once the call stands
}

func (p *Phone) newCall(ctx context.Context, incoming bool) *Call {
	c := &Call{phone: p, incoming: incoming, began: time.Now(), hang: make(chan struct{}), done: make(chan struct{}), heard1xx: make(chan struct{})}
	c.ctx, c.stop = context.WithCancel(ctx)
	c.ear = newEar(c, p.opts.Hear)
	c.mouth = newMouth(c, p.opts)
	return c
}

// ID is the call's Call-ID; empty until the INVITE is made.
func (c *Call) ID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.invite == nil || c.invite.CallID() == nil {
		return ""
	}
	return c.invite.CallID().Value()
}

// Incoming tells whether the other side called.
func (c *Call) Incoming() bool { return c.incoming }

// Number is the number at the other end: dialled, or calling.
func (c *Call) Number() string { return c.peer }

// Dialled is the number that was dialled, as the other side sees it.
func (c *Call) Dialled() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.incoming || c.invite == nil || c.invite.To() == nil {
		return c.peer
	}
	return unescapeUser(c.invite.To().Address.User)
}

// Name is the display name an incoming call shows.
func (c *Call) Name() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.incoming || c.invite == nil || c.invite.From() == nil {
		return ""
	}
	return c.invite.From().DisplayName
}

// Header is a header of an incoming INVITE, empty when it is not there.
func (c *Call) Header(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.incoming || c.invite == nil {
		return ""
	}
	if h := c.invite.GetHeader(name); h != nil {
		return h.Value()
	}
	return ""
}

// Began is the moment of the INVITE, from which events are counted.
func (c *Call) Began() time.Time { return c.began }

// Done is closed when the call is over.
func (c *Call) Done() <-chan struct{} { return c.done }

// Ending tells how the call ended; the zero value while it lasts.
func (c *Call) Ending() Ending {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending
}

// Hangup ends the call – CANCEL before the answer, BYE after it, a refusal of an
// incoming one – and waits until it is over or ctx ends.
func (c *Call) Hangup(ctx context.Context) error {
	c.hangUp()
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("hang up: %w", context.Cause(ctx))
	}
}

func (c *Call) hangUp() { c.hangOnce.Do(func() { close(c.hang) }) }

// toldToEnd is closed when we want the call to end, for whatever cause.
func (c *Call) toldToEnd() bool {
	select {
	case <-c.hang:
		return true
	case <-c.ctx.Done():
		return true
	default:
		return false
	}
}

// dialogue is what a call's two directions have in common in diago.
type dialogue interface {
	Context() context.Context
	Hangup(ctx context.Context) error
	Refer(ctx context.Context, to sip.Uri, headers ...sip.Header) error
	Close() error
}

// talk holds an answered call until somebody ends it; limit 0 means no limit.
func (c *Call) talk(d dialogue, limit time.Duration) Ending {
	var over <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		over = timer.C
	}
	c.mu.Lock()
	c.dialogue = d
	c.mu.Unlock()
	end := Ending{By: Us, Answered: true, Code: 200}
	select {
	case <-d.Context().Done():
		end.By = Them
		return end
	case <-c.hang:
	case <-c.ctx.Done():
	case <-over:
	}
	end.At = time.Now()
	end.Err = c.bye(d)
	return end
}

// Refer asks the other side to call target instead (a blind transfer), for example
// sip:00012345@127.0.0.1, and gives the code it answers: 202 where it obeys.
func (c *Call) Refer(ctx context.Context, target string) (code int, err error) {
	var to sip.Uri
	if err := sip.ParseUri(target, &to); err != nil {
		return 0, fmt.Errorf("transfer to %q: %w", target, err)
	}
	c.mu.Lock()
	d := c.dialogue
	c.mu.Unlock()
	if d == nil {
		return 0, errors.New("a call can be transferred once it stands")
	}
	err = d.Refer(ctx, to)
	var refused sipgo.ErrDialogResponse
	if errors.As(err, &refused) {
		return refused.Res.StatusCode, nil
	}
	if err != nil {
		return 0, fmt.Errorf("transfer: %w", err)
	}
	return sip.StatusAccepted, nil
}

// bye hangs up; a call the other side does not know any more is over too.
func (c *Call) bye(d dialogue) error {
	ctx, stop := context.WithTimeout(context.Background(), requestLimit)
	defer stop()
	err := d.Hangup(ctx)
	var refused sipgo.ErrDialogResponse
	if err == nil || errors.As(err, &refused) && refused.Res.StatusCode == sip.StatusCallTransactionDoesNotExists {
		return nil
	}
	return fmt.Errorf("no answer to our BYE: %w", err)
}

// finish closes the call's media and writes its last event.
func (c *Call) finish(end Ending) {
	now := time.Now()
	c.media.stop()
	c.stop()
	c.mu.Lock()
	if end.By == Them {
		end.At = c.byeAt
	}
	if end.At.IsZero() {
		end.At = now
	}
	if end.Answered && !c.answeredAt.IsZero() {
		end.Talked = end.At.Sub(c.answeredAt)
	}
	if end.Reason == "" {
		end.Reason = c.byeReason
	}
	c.ending = end
	c.mu.Unlock()
	c.emit(Event{Kind: Ended})
	c.phone.forget(c)
	close(c.done)
}

func (c *Call) answered(at time.Time) {
	c.mu.Lock()
	c.answeredAt = at
	c.mu.Unlock()
	c.emit(Event{Kind: Answered, At: at.Sub(c.began), Code: 200})
}

// receive stands before diago's handling of each request. It counts the handlers
// of INVITEs, which diago ends with a BYE of its own when BYE and ACK overtook one
// another: the socket must not be closed before.
func (p *Phone) receive(next sipgo.RequestHandler) sipgo.RequestHandler {
	return func(req *sip.Request, tx sip.ServerTransaction) {
		switch req.Method {
		case sip.INVITE:
			if !p.enter(nil) {
				_ = tx.Respond(sip.NewResponseFromRequest(req, sip.StatusTemporarilyUnavailable, phrase(sip.StatusTemporarilyUnavailable), nil))
				return
			}
			defer p.wg.Done()
		case sip.BYE:
			p.noteBye(req)
		}
		next(req, tx)
	}
}

// noteBye keeps when a BYE came and what its Reason header says (RFC 3326);
// Asterisk writes the cause of the hang-up there.
func (p *Phone) noteBye(bye *sip.Request) {
	at := time.Now()
	if bye.To() == nil {
		return
	}
	tag, _ := bye.To().Params.Get("tag")
	p.mu.Lock()
	c := p.byTag[tag]
	p.mu.Unlock()
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byeAt.IsZero() { // else it was sent again
		c.byeAt = at
	}
	if reason := bye.GetHeader("Reason"); reason != nil {
		c.byeReason = reason.Value()
	}
}

// know lets a BYE find its call by our tag.
func (p *Phone) know(c *Call, tag string) {
	p.mu.Lock()
	c.tag = tag
	p.byTag[tag] = c
	p.mu.Unlock()
}
