package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hotline/phone"
	"hotline/site"
)

// agentCommand is an agent's telephone.
func agentCommand(p *places) *cobra.Command {
	var a deskPhone
	cmd := &cobra.Command{
		Use:   "agent PHONE",
		Short: "be an agent's telephone: register, sign in, answer, talk, hang up; Ctrl-C signs out",
		Example: `  hotline agent 8001 --as 1001
  hotline agent 8001 --as 1001 --talk 30s      hang up after half a minute
  hotline agent 8001 --as 1001 --decline 486`,
		Args: exactly("a telephone", "8001"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := goodDecline(a.decline); err != nil {
				return err
			}
			at, err := site.Read(p.state)
			if err != nil {
				return err
			}
			password, pin, err := secrets(p, args[0], a.as, a.passwordFile)
			if err != nil {
				return err
			}
			phone.Quiet() // what happens is printed; the SIP library's lines would stand between
			plan := phone.AgentPlan{Policy: a.policy(), Calls: a.calls}
			if a.as != "" {
				plan.SignIn, plan.SignOut = "*"+a.as+"#"+pin, "*0"
			}
			if plan.Prompts, err = prompts(cmd.Context(), p); err != nil {
				return err
			}
			return phone.Agent(cmd.Context(), cmd.OutOrStdout(), phone.Options{Server: at.SIP, Number: args[0], Password: password}, plan)
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.as, "as", "", "the agent (工号) who signs in; empty: nobody, the phone only registers")
	f.DurationVar(&a.answer, "answer", 2*time.Second, "how long the phone rings before it is answered or declined")
	f.DurationVar(&a.talk, "talk", 0, "hang up after so long; 0: until the caller hangs up")
	f.IntVar(&a.decline, "decline", 0, "decline every call with this SIP code: 486, 480 or 603")
	f.BoolVar(&a.ignore, "ignore", false, "let it ring and never answer")
	f.Float64Var(&a.tone, "tone", 0, "say a steady tone of so many Hz")
	f.IntVar(&a.calls, "calls", 0, "end after so many calls; 0: never")
	f.StringVar(&a.passwordFile, "password-file", "", "file with the phone's password on its first line and the agent's PIN on its second; demo accounts need none")
	return cmd
}

// deskPhone is how the telephone behaves.
type deskPhone struct {
	as, passwordFile string
	answer, talk     time.Duration
	tone             float64
	decline, calls   int
	ignore           bool
}

func (a deskPhone) policy() phone.Policy {
	switch {
	case a.decline != 0:
		return phone.Decline(a.answer, a.decline)
	case a.ignore:
		return phone.RingOn()
	default:
		return phone.Answer(a.answer).Talk(a.talk).Tone(a.tone)
	}
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
