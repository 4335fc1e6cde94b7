package phone

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emiago/diago"
	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// DialOptions change one outgoing call; the zero value calls as the telephone.
type DialOptions struct {
	// From replaces the telephone's own number and name.
	From *Identity
	// Headers are added to the INVITE: Diversion, History-Info …
	Headers []Header
	// CallID replaces the random Call-ID, for example to use one twice.
	CallID string
}

// Dial sends an INVITE for the number and returns at once; what becomes of it is
// in the call's events. The number may hold any sign: '#' leaves as %23. The call
// lasts until somebody hangs up or ctx ends.
func (p *Phone) Dial(ctx context.Context, number string, o DialOptions) (*Call, error) {
	headers, err := p.inviteHeaders(o)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", number, err)
	}
	to := p.server
	to.User = escapeUser(number)
	d, err := p.dg.NewDialog(to, diago.NewDialogOptions{Transport: p.network})
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", number, err)
	}
	c := p.newCall(ctx, false)
	c.peer = number
	if !p.enter(c) {
		c.stop()
		return nil, fmt.Errorf("dial %s: the telephone is closed", number)
	}
	go c.runOutgoing(&outgoing{DialogClientSession: d, headers: headers})
	return c, nil
}

func (p *Phone) inviteHeaders(o DialOptions) ([]sip.Header, error) {
	id := Identity{Number: p.opts.Number, Name: p.opts.Name}
	if o.From != nil {
		id = *o.From
	}
	host := p.bind
	if p.opts.Password != "" {
		host = p.server.Host // an account's address is at its exchange
	}
	headers := []sip.Header{id.from(host)}
	if o.CallID != "" {
		callID := sip.CallIDHeader(o.CallID)
		headers = append(headers, &callID)
	}
	for _, h := range o.Headers {
		header, err := h.header(id.Raw)
		if err != nil {
			return nil, err
		}
		headers = append(headers, header)
	}
	return headers, nil
}

// outgoing is a dialogue we began.
type outgoing struct {
	*diago.DialogClientSession
	headers []sip.Header
}

func (c *Call) runOutgoing(d *outgoing) {
	c.finish(c.invites(d))
}

// invites sends the INVITE and lives the call to its end.
func (c *Call) invites(d *outgoing) Ending {
	defer d.Close()
	ctx, force := context.WithCancelCause(context.Background())
	defer force(nil)
	pending, settle := context.WithCancel(context.Background())
	cancelled := make(chan struct{})
	go func() {
		defer close(cancelled)
		c.cancelWhenTold(pending, force)
	}()

	c.emit(Event{Kind: Dialled, Number: c.peer})
	err := c.inviteAndWait(ctx, d)
	settle()
	<-cancelled
	if err != nil {
		return c.unanswered(d, err)
	}
	return c.talk(d, 0)
}

// inviteAndWait returns when the call stands, media running, or with the refusal.
func (c *Call) inviteAndWait(ctx context.Context, d *outgoing) error {
	med, err := d.Invite(ctx, diago.InviteClientOptions{
		Headers:          d.headers,
		EarlyMediaDetect: true,
		OnResponse:       func(r *sip.Response) error { c.onResponse(d, r); return nil },
		Username:         c.phone.opts.Number,
		Password:         c.phone.opts.Password,
	})
	if errors.Is(err, diago.ErrClientEarlyMedia) {
		c.media.start(c, med)
		err = d.WaitAnswer(ctx, med, sipgo.AnswerOptions{
			OnResponse: func(r *sip.Response) error { c.onResponse(d, r); return nil },
			Username:   c.phone.opts.Number,
			Password:   c.phone.opts.Password,
		})
	}
	if err != nil {
		return err
	}
	if d.LoadState() == sip.DialogStateEnded {
		return errNoCommonCodec // diago acknowledged and hung up by itself
	}
	at := time.Now()
	if err := d.Ack(ctx); err != nil {
		return fmt.Errorf("acknowledge the answer: %w", err)
	}
	c.media.start(c, med)
	c.answered(at)
	return nil
}

var errNoCommonCodec = errors.New("the answer named no codec we offered")

// onResponse runs between a response's arrival and diago's own handling of it.
func (c *Call) onResponse(d *outgoing, r *sip.Response) {
	if r.IsSuccess() {
		// The answer's SDP is about to change the media session under our loops.
		c.media.yield()
		if tag, ok := d.InviteRequest.From().Params.Get("tag"); ok {
			c.phone.know(c, tag)
		}
	}
	if r.IsProvisional() {
		c.provisional(d.InviteRequest)
	}
	switch {
	case r.StatusCode == sip.StatusRinging:
		c.emit(Event{Kind: Ringing, Code: r.StatusCode})
	case r.StatusCode == sip.StatusSessionInProgress && r.Body() != nil:
		c.emit(Event{Kind: EarlyMedia, Code: r.StatusCode})
	}
}

// provisional makes the CANCEL ready: from here on one may be sent (RFC 3261, 9.1).
func (c *Call) provisional(invite *sip.Request) {
	cancel := cancelFor(invite)
	c.mu.Lock()
	first := c.cancel == nil
	c.cancel = cancel
	c.invite = invite.Clone()
	c.mu.Unlock()
	if first {
		close(c.heard1xx)
	}
}

// cancelWhenTold sends the CANCEL itself instead of letting sipgo do it, because
// sipgo forgets an answer that crosses its CANCEL and leaves that call standing.
func (c *Call) cancelWhenTold(pending context.Context, force context.CancelCauseFunc) {
	select {
	case <-pending.Done():
		return
	case <-c.hang:
	case <-c.ctx.Done():
	}
	defer force(sipgo.WaitAnswerForceCancelErr)
	select {
	case <-pending.Done():
		return
	case <-c.heard1xx:
	case <-time.After(requestLimit):
		return // nobody there to cancel it with
	}
	c.mu.Lock()
	cancel := c.cancel
	c.mu.Unlock()
	ctx, stop := context.WithTimeout(pending, requestLimit)
	defer stop()
	// Whatever the answer is: the INVITE's own final response decides.
	_, _ = c.phone.request(ctx, cancel)
	<-ctx.Done()
}

func cancelFor(invite *sip.Request) *sip.Request {
	r := sip.NewRequest(sip.CANCEL, *invite.Recipient.Clone())
	r.AppendHeader(sip.HeaderClone(invite.Via()))
	r.AppendHeader(sip.HeaderClone(invite.From()))
	r.AppendHeader(sip.HeaderClone(invite.To()))
	r.AppendHeader(sip.HeaderClone(invite.CallID()))
	r.AppendHeader(&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	hops := sip.MaxForwardsHeader(70)
	r.AppendHeader(&hops)
	sip.CopyHeaders("Route", invite, r)
	r.SetBody(nil)
	r.SetTransport(invite.Transport())
	r.SetSource(invite.Source())
	r.Laddr = invite.Laddr
	return r
}

// request sends a ready request from the telephone's socket as it is.
func (p *Phone) request(ctx context.Context, r *sip.Request) (*sip.Response, error) {
	client, err := sipgo.NewClient(p.ua)
	if err != nil {
		return nil, err
	}
	return client.Do(ctx, r, func(*sipgo.Client, *sip.Request) error { return nil })
}

// unanswered tells how a call ended that never stood.
func (c *Call) unanswered(d *outgoing, err error) Ending {
	var refused *sipgo.ErrDialogResponse
	switch {
	case errors.As(err, &refused):
		end := Ending{By: Them, Code: refused.Res.StatusCode, Reason: refused.Res.Reason}
		if c.toldToEnd() && end.Code == sip.StatusRequestTerminated {
			end.By = Us
		}
		return end
	case c.toldToEnd() && errors.Is(err, context.Canceled):
		return Ending{By: Us, Reason: "cancelled without an answer from the other side"}
	}
	if d.LoadState() == sip.DialogStateConfirmed {
		err = errors.Join(err, c.bye(d))
	}
	return Ending{Err: err}
}
