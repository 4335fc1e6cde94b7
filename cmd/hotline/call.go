package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"hotline/phone"
	"hotline/site"
)

// callCommand is a citizen's telephone.
func callCommand(p *places) *cobra.Command {
	var (
		keys, from string
		listen     bool
		after      time.Duration
		wait       time.Duration
		old        string
	)
	cmd := &cobra.Command{
		Use:   "call NUMBER",
		Short: "call the hotline as a citizen, and print what happens as it happens",
		Example: `  hotline call 12345
  hotline call 12345 --keys "2,1"          a comma waits a second
  hotline call 12345 --listen              name the prompts that are heard`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := site.Read(p.state)
			if err != nil {
				return err
			}
			o := phone.DialOptions{}
			if old != "" {
				o.Headers = append(o.Headers, phone.Header{Name: "Diversion", Value: "<sip:" + old + "@000.invalid>"})
			}
			c := citizen{keys: keys, after: after, wait: wait}
			if listen {
				if c.prompts, err = prompts(cmd.Context(), p); err != nil {
					return err
				}
			}
			return c.call(
				cmd.Context(), cmd.OutOrStdout(), phone.Options{Server: at.SIP, Bind: "127.0.0.2", Number: from}, args[0], o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&keys, "keys", "", "keys to press, one second after the answer; a comma waits a second")
	f.BoolVar(&listen, "listen", false, "name the prompts heard, by comparing the sound with our own files")
	f.StringVar(&from, "from", "00055501", "the caller's number, as the trunk shows it")
	f.DurationVar(&after, "hangup", 0, "hang up after so long; 0: wait for the other side, or Ctrl-C")
	f.DurationVar(&wait, "wait", time.Second, "how long after the answer the first key is pressed")
	f.StringVar(&old, "diverted-from", "", "the old number this call was diverted from")
	return cmd
}

// prompts are the sounds that can be named: those the controller plays.
func prompts(ctx context.Context, p *places) (*phone.Library, error) {
	c, err := loadCity(p)
	if err != nil {
		return nil, err
	}
	library, err := speak(ctx, c, p)
	if err != nil {
		return nil, err
	}
	samples := map[string][]int16{}
	for _, sound := range library.All() {
		wav, err := os.ReadFile(sound.Path + ".wav")
		if err != nil {
			return nil, err
		}
		if samples[sound.Key], err = phone.DecodeWAV(wav); err != nil {
			return nil, err
		}
	}
	return phone.NewLibrary(samples), nil
}

type citizen struct {
	keys        string
	after, wait time.Duration
	prompts     *phone.Library
}

// call dials, presses the keys, and narrates until the call is over.
func (c citizen) call(ctx context.Context, w io.Writer, o phone.Options, number string, d phone.DialOptions) error {
	p, err := phone.Open(o)
	if err != nil {
		return err
	}
	defer func() { _ = p.Close() }()
	// The call outlives Ctrl-C by the moment it takes to say goodbye.
	call, err := p.Dial(context.WithoutCancel(ctx), number, d)
	if err != nil {
		return err
	}
	act, done := context.WithCancel(ctx)
	defer done()
	go c.act(act, call)
	if err := phone.Narrate(context.WithoutCancel(ctx), w, call, c.prompts); err != nil {
		return err
	}
	if e := call.Ending(); e.Err != nil {
		return fmt.Errorf("the call failed: %w", e.Err)
	}
	return nil
}

// act presses the keys and hangs up in time.
func (c citizen) act(ctx context.Context, call *phone.Call) {
	if c.keys != "" {
		if _, err := call.Wait(ctx, phone.Answered); err == nil && sleep(ctx, c.wait) {
			_ = call.Press(ctx, c.keys)
		}
	}
	if c.after > 0 {
		sleep(ctx, c.after)
	} else {
		<-ctx.Done()
	}
	_ = call.Hangup(context.WithoutCancel(ctx))
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
