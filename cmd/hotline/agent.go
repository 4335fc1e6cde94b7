package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hotline/phone"
	"hotline/site"
)

// agentCommand is an agent's telephone.
func agentCommand(p *places) *cobra.Command {
	a := deskPhone{}
	var passwordFile string
	cmd := &cobra.Command{
		Use:   "agent PHONE",
		Short: "be an agent's telephone: register, sign in, answer, talk, hang up",
		Example: `  hotline agent 8001 --as 1001
  hotline agent 8001 --as 1001 --talk 30s      hang up after half a minute
  hotline agent 8001 --as 1001 --decline 486`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := site.Read(p.state)
			if err != nil {
				return err
			}
			secret, pin, err := secrets(p, args[0], a.as, passwordFile)
			if err != nil {
				return err
			}
			a.pin = pin
			return a.work(cmd.Context(), cmd.OutOrStdout(), phone.Options{Server: at.SIP, Number: args[0], Password: secret})
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.as, "as", "", "the agent (工号) who signs in; empty: nobody, the phone only registers")
	f.DurationVar(&a.answer, "answer", 2*time.Second, "how long the phone rings before it is answered")
	f.DurationVar(&a.talk, "talk", 0, "hang up after so long; 0: until the caller hangs up")
	f.IntVar(&a.decline, "decline", 0, "decline every call with this SIP code: 486, 480 or 603")
	f.BoolVar(&a.ignore, "ignore", false, "let it ring and never answer")
	f.IntVar(&a.calls, "calls", 0, "end after so many calls; 0: never")
	f.StringVar(&passwordFile, "password-file", "", "file with the phone's password on its first line and the agent's PIN on its second; demo accounts need none")
	return cmd
}

// secrets are the phone's password and the agent's PIN: from a file, or of the
// demo accounts. They are never arguments, which other users could read.
func secrets(p *places, id, as, file string) (password, pin string, err error) {
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return "", "", fmt.Errorf("the password file cannot be read: %w", err)
		}
		password, pin, _ = strings.Cut(strings.TrimSpace(string(b)), "\n")
		return password, strings.TrimSpace(pin), nil
	}
	d, err := readDemo(p.state)
	if err != nil {
		return "", "", err
	}
	password, ok := d.Phones[id]
	if !ok {
		return "", "", fmt.Errorf("%s is none of the demo phones; give its password with --password-file", id)
	}
	if as != "" {
		if pin, ok = d.PINs[as]; !ok {
			return "", "", fmt.Errorf("%s is none of the demo agents; give the password and the PIN with --password-file", as)
		}
	}
	return password, pin, nil
}

// deskPhone is how the telephone behaves.
type deskPhone struct {
	as, pin      string
	answer, talk time.Duration
	decline      int
	ignore       bool
	calls        int
}

func (a deskPhone) policy(*phone.Call) phone.Policy {
	switch {
	case a.decline != 0:
		return phone.Decline(a.answer, a.decline)
	case a.ignore:
		return phone.RingOn()
	case a.talk > 0:
		return phone.Answer(a.answer).Talk(a.talk)
	default:
		return phone.Answer(a.answer)
	}
}

// work registers, signs in and takes calls until ctx ends.
func (a deskPhone) work(ctx context.Context, w io.Writer, o phone.Options) error {
	o.OnInvite = a.policy
	p, err := phone.Open(o)
	if err != nil {
		return err
	}
	defer func() { _ = p.Close() }()
	if err := p.Register(ctx); err != nil {
		return fmt.Errorf("phone %s cannot register: %w", o.Number, err)
	}
	fmt.Fprintf(w, "phone %s is registered\n", o.Number)
	if a.as != "" {
		if err := a.signIn(ctx, w, p); err != nil {
			return err
		}
		defer a.signOut(context.WithoutCancel(ctx), p)
	}
	for n := 1; ; n++ {
		call, err := p.NextCall(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "call %d from %s\n", n, call.Number())
		if err := phone.Narrate(ctx, w, call, nil); err != nil && ctx.Err() == nil {
			return err
		}
		if n == a.calls {
			return nil
		}
	}
}

func (a deskPhone) signIn(ctx context.Context, w io.Writer, p *phone.Phone) error {
	if err := dialCode(ctx, p, "*"+a.as+"#"+a.pin); err != nil {
		return fmt.Errorf("agent %s cannot sign in: %w", a.as, err)
	}
	fmt.Fprintf(w, "agent %s dialled his sign-in code\n", a.as)
	return nil
}

func (a deskPhone) signOut(ctx context.Context, p *phone.Phone) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_ = dialCode(ctx, p, "*0")
}

// dialCode dials a short code and listens to the answer.
func dialCode(ctx context.Context, p *phone.Phone, code string) error {
	call, err := p.Dial(ctx, code, phone.DialOptions{})
	if err != nil {
		return err
	}
	select {
	case <-call.Done():
		return call.Ending().Err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
