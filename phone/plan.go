package phone

import (
	"context"
	"fmt"
	"io"
	"time"
)

// CallPlan is what a citizen does in one call: the command `hotline call`.
type CallPlan struct {
	// To is the number dialled.
	To string
	// Dial are the options of that call.
	Dial DialOptions
	// Keys are pressed after the answer, as Press takes them: "2,1".
	Keys string
	// Before is the time between the answer and the first key. Default 1 s.
	Before time.Duration
	// Stay is how long after the answer (and the keys) the citizen hangs up; 0
	// stays until the other side does or ctx ends.
	Stay time.Duration
	// Tone is spoken all the while, in Hz; 0 is silence.
	Tone float64
	// Prompts are named when they are heard; nil names none.
	Prompts *Library
}

// Citizen opens a telephone, makes the planned call, tells it to w line by line
// and returns how it ended.
func Citizen(ctx context.Context, w io.Writer, o Options, plan CallPlan) (Ending, error) {
	p, err := Open(o)
	if err != nil {
		return Ending{}, err
	}
	defer p.Close()
	call, err := p.Dial(ctx, plan.To, plan.Dial)
	if err != nil {
		return Ending{}, err
	}
	acted := make(chan error, 1)
	go func() { acted <- call.act(plan) }()
	// The call ends with ctx; its last line is still told.
	err = Narrate(context.WithoutCancel(ctx), w, call, plan.Prompts)
	if err != nil {
		call.hangUp()
	}
	if wrong := <-acted; err == nil && !call.Ending().Answered {
		wrong = nil // nobody to press keys for; the ending says why
	} else if err == nil {
		err = wrong
	}
	return call.Ending(), err
}

// act does the citizen's part of the call.
func (c *Call) act(plan CallPlan) error {
	ctx := c.ctx // ends with the call
	c.Tone(plan.Tone)
	if _, err := c.Wait(ctx, Answered); err != nil {
		return err
	}
	if plan.Keys != "" {
		before := plan.Before
		if before == 0 {
			before = time.Second
		}
		if pause(ctx, before) {
			if err := c.Press(ctx, plan.Keys); err != nil && ctx.Err() == nil {
				c.hangUp()
				return err
			}
		}
	}
	if plan.Stay > 0 && pause(ctx, plan.Stay) {
		c.hangUp()
	}
	return nil
}

// pause waits for d; false when ctx ended before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// AgentPlan is what an agent does at a telephone: the command `hotline agent`.
type AgentPlan struct {
	// SignIn is dialled after registering, for example *1001#1234; empty: nothing.
	SignIn string
	// SignOut is dialled at the end; empty: nothing.
	SignOut string
	// Policy is what each call meets.
	Policy Policy
	// Calls ends the work after so many calls; 0 works until ctx ends.
	Calls int
	// Prompts are named when they are heard; nil names none.
	Prompts *Library
}

// Agent opens a telephone, registers it, signs in, and tells each call to w line
// by line, until the planned calls are over or ctx ends.
func Agent(ctx context.Context, w io.Writer, o Options, plan AgentPlan) error {
	o.OnInvite = func(*Call) Policy { return plan.Policy }
	p, err := Open(o)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.Register(ctx); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%s is registered at %s\n", o.Number, o.Server); err != nil {
		return err
	}
	if plan.SignIn != "" {
		if err := p.signIn(ctx, w, plan); err != nil {
			return err
		}
	}
	if plan.SignOut != "" {
		defer p.signOut(context.WithoutCancel(ctx), plan.SignOut)
	}
	for n := 0; plan.Calls == 0 || n < plan.Calls; n++ {
		call, err := p.NextCall(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil // told to stop
			}
			return err
		}
		if err := p.tellUntil(ctx, w, call, plan.Prompts); err != nil {
			return err
		}
	}
	return nil
}

const signOutWithin = 5 * time.Second

// signOut dials the code and waits for the end of the call, not for ever: the
// telephone is about to be put away.
func (p *Phone) signOut(ctx context.Context, code string) {
	ctx, cancel := context.WithTimeout(ctx, signOutWithin)
	defer cancel()
	if call, err := p.Dial(ctx, code, DialOptions{}); err == nil {
		<-call.Done()
	}
}

// tellUntil narrates a call and hangs it up when ctx ends.
func (p *Phone) tellUntil(ctx context.Context, w io.Writer, call *Call, prompts *Library) error {
	defer context.AfterFunc(ctx, call.hangUp)()
	return Narrate(context.WithoutCancel(ctx), w, call, prompts)
}

// signIn dials the code (Narrate does not tell its PIN) and waits until the
// exchange has said what it has to say.
func (p *Phone) signIn(ctx context.Context, w io.Writer, plan AgentPlan) error {
	call, err := p.Dial(ctx, plan.SignIn, DialOptions{})
	if err != nil {
		return err
	}
	if err := Narrate(context.WithoutCancel(ctx), w, call, plan.Prompts); err != nil {
		return err
	}
	if end := call.Ending(); !end.Answered {
		return fmt.Errorf("signing in: %s", end)
	}
	return nil
}
