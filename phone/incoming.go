package phone

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/emiago/diago"
	"github.com/emiago/sipgo/sip"
)

// Policy is what an incoming call meets. Make one with Answer, Decline, Redirect,
// RingOn or Ignore.
type Policy struct {
	act    action
	after  time.Duration
	code   int
	target string
	talk   time.Duration
	hz     float64
}

type action int

const (
	answer action = iota
	decline
	redirect
	ringOn
	ignore
)

// Answer rings for d, then answers.
func Answer(d time.Duration) Policy { return Policy{act: answer, after: d} }

// Talk makes the answering side hang up after d of talk; 0 leaves it to the other.
func (p Policy) Talk(d time.Duration) Policy { p.talk = d; return p }

// Tone makes the answering side speak a tone of hz from the answer on.
func (p Policy) Tone(hz float64) Policy { p.hz = hz; return p }

// Decline rings for d, then refuses: 486 busy here, 480 temporarily unavailable,
// 603 decline, or any other code from 400 to 699.
func Decline(d time.Duration, code int) Policy { return Policy{act: decline, after: d, code: code} }

// Redirect rings for d, then answers 302 with the target, a number or a sip: address.
func Redirect(d time.Duration, target string) Policy {
	return Policy{act: redirect, after: d, target: target}
}

// RingOn rings and never answers.
func RingOn() Policy { return Policy{act: ringOn} }

// Ignore says nothing at all beyond the transaction's own 100 Trying.
func Ignore() Policy { return Policy{act: ignore} }

// OnInvite replaces what decides about incoming calls from now on.
func (p *Phone) OnInvite(decide func(*Call) Policy) {
	p.mu.Lock()
	p.onInvite = decide
	p.mu.Unlock()
}

// NextCall waits for the next incoming call that NextCall has not given yet. Up
// to a hundred are kept; beyond that, those that are already over are forgotten.
func (p *Phone) NextCall(ctx context.Context) (*Call, error) {
	for {
		if c := p.incoming.take(); c != nil {
			return c, nil
		}
		select {
		case <-p.incoming.more:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for a call at %s: %w", p.opts.Number, context.Cause(ctx))
		case <-p.ctx.Done():
			return nil, fmt.Errorf("waiting for a call at %s: the telephone is closed", p.opts.Number)
		}
	}
}

// mailbox keeps incoming calls for NextCall.
type mailbox struct {
	mu    sync.Mutex
	calls []*Call
	more  chan struct{}
}

func (m *mailbox) put(c *Call) {
	m.mu.Lock()
	if len(m.calls) >= 100 {
		kept := m.calls[:0]
		for _, old := range m.calls {
			select {
			case <-old.done:
			default:
				kept = append(kept, old)
			}
		}
		clear(m.calls[len(kept):])
		m.calls = kept
	}
	m.calls = append(m.calls, c)
	m.mu.Unlock()
	select {
	case m.more <- struct{}{}:
	default:
	}
}

func (m *mailbox) take() *Call {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.calls) == 0 {
		return nil
	}
	c := m.calls[0]
	m.calls[0] = nil
	m.calls = m.calls[1:]
	if len(m.calls) > 0 {
		select {
		case m.more <- struct{}{}:
		default:
		}
	}
	return c
}

// serve lives one incoming call; diago gives it a goroutine of its own.
func (p *Phone) serve(d *diago.DialogServerSession) {
	c := p.newCall(p.ctx, true)
	c.peer = unescapeUser(d.FromUser())
	c.invite = d.InviteRequest.Clone()
	if !p.enter(c) {
		c.stop()
		return
	}
	p.mu.Lock()
	decide := p.onInvite
	p.mu.Unlock()
	if tag, ok := d.InviteRequest.To().Params.Get("tag"); ok {
		p.know(c, tag)
	}
	c.emit(Event{Kind: Offered, Number: c.peer})
	p.incoming.put(c)
	c.finish(c.meet(d, decide(c)))
}

func (c *Call) meet(d *diago.DialogServerSession, policy Policy) Ending {
	if policy.act != ignore {
		if err := d.Ringing(); err != nil {
			return c.refusedByThem(d, err)
		}
		c.emit(Event{Kind: Ringing, Code: sip.StatusRinging})
	}
	var act <-chan time.Time
	if policy.act != ringOn && policy.act != ignore {
		timer := time.NewTimer(policy.after)
		defer timer.Stop()
		act = timer.C
	}
	select {
	case <-d.Context().Done():
		return c.refusedByThem(d, nil)
	case <-c.hang:
		return c.refuse(d, sip.StatusBusyHere, nil)
	case <-c.ctx.Done():
		return c.refuse(d, sip.StatusTemporarilyUnavailable, nil)
	case <-act:
	}
	switch policy.act {
	case decline:
		return c.refuse(d, policy.code, nil)
	case redirect:
		return c.refuse(d, sip.StatusMovedTemporarily, c.phone.contactOf(policy.target))
	}
	return c.answer(d, policy)
}

func (c *Call) answer(d *diago.DialogServerSession, policy Policy) Ending {
	if !canSpeak(d.InviteRequest.Body()) {
		return c.refuse(d, sip.StatusNotAcceptableHere, nil) // diago would agree on keys alone
	}
	med, err := d.Answer(diago.AnswerOptions{})
	if err != nil {
		if d.Context().Err() != nil {
			if sent := d.InviteResponse; sent != nil && sent.IsSuccess() && !errors.Is(context.Cause(d.Context()), sip.ErrTransactionCanceled) {
				return Ending{By: Them, Answered: true, Code: 200} // their BYE came with their ACK
			}
			return c.refusedByThem(d, err)
		}
		if d.LoadState() >= sip.DialogStateEstablished {
			return Ending{Err: errors.Join(fmt.Errorf("our answer was not acknowledged: %w", err), c.bye(d))}
		}
		// diago could not agree on media and has answered nothing yet.
		end := c.refuse(d, sip.StatusNotAcceptableHere, nil)
		end.Err = err
		return end
	}
	if policy.hz > 0 {
		c.Tone(policy.hz)
	}
	at := time.Now()
	c.media.start(c, med)
	c.answered(at)
	return c.talk(d, policy.talk)
}

// refusedByThem is the caller's giving up while it rang.
func (c *Call) refusedByThem(d *diago.DialogServerSession, err error) Ending {
	cause := context.Cause(d.Context())
	if errors.Is(cause, sip.ErrTransactionCanceled) || errors.Is(cause, context.Canceled) || errors.Is(err, sip.ErrTransactionCanceled) {
		return Ending{By: Them, Code: sip.StatusRequestTerminated, Reason: "Request Terminated"}
	}
	return Ending{Err: errors.Join(err, cause)}
}

func (c *Call) refuse(d *diago.DialogServerSession, code int, contact sip.Header) Ending {
	reason := phrase(code)
	var headers []sip.Header
	if contact != nil {
		headers = append(headers, contact)
	}
	at := time.Now()
	if err := d.Respond(code, reason, nil, headers...); err != nil {
		return c.refusedByThem(d, err)
	}
	return Ending{By: Us, Code: code, Reason: reason, At: at}
}

func (p *Phone) contactOf(target string) sip.Header {
	uri := p.server
	uri.User = escapeUser(target)
	if strings.HasPrefix(target, "sip:") {
		if err := sip.ParseUri(target, &uri); err != nil {
			uri = sip.Uri{Scheme: "sip", User: escapeUser(target), Host: p.server.Host}
		}
	}
	return &sip.ContactHeader{Address: uri}
}

func phrase(code int) string {
	switch code {
	case sip.StatusMovedTemporarily:
		return "Moved Temporarily"
	case sip.StatusTemporarilyUnavailable:
		return "Temporarily Unavailable"
	case sip.StatusBusyHere:
		return "Busy Here"
	case sip.StatusNotAcceptableHere:
		return "Not Acceptable Here"
	case sip.StatusGlobalDecline:
		return "Decline"
	}
	return "Declined"
}
