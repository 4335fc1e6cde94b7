package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"hotline/phone"
	"hotline/site"
)

// callCommand is a citizen's telephone.
func callCommand(p *places) *cobra.Command {
	var (
		plan      phone.CallPlan
		from, old string
		listen    bool
	)
	cmd := &cobra.Command{
		Use:   "call NUMBER",
		Short: "call the hotline as a citizen, and print what happens as it happens",
		Example: `  hotline call 12345
  hotline call 12345 --keys "2,1"          a comma waits a second
  hotline call 12345 --listen              name the prompts that are heard
  hotline call 8102                        the internal number of an old hotline`,
		Args: exactly("the number to call", "12345"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := goodKeys(plan.Keys); err != nil {
				return err
			}
			at, err := site.Read(p.state)
			if err != nil {
				return err
			}
			phone.Quiet() // what happens is printed; the SIP library's lines would stand between
			plan.To = args[0]
			if old != "" {
				plan.Dial.Headers = append(plan.Dial.Headers, phone.Header{Name: "Diversion", Value: "<sip:" + old + "@000.invalid>"})
			}
			if listen {
				if plan.Prompts, err = prompts(cmd.Context(), p); err != nil {
					return err
				}
			}
			end, err := phone.Citizen(cmd.Context(), cmd.OutOrStdout(), phone.Options{Server: at.Trunk(), Bind: citizenAddress, Number: from}, plan)
			if err != nil {
				return err
			}
			if end.Err != nil {
				return fmt.Errorf("the call failed: %w", end.Err)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&plan.Keys, "keys", "", "keys to press after the answer; a comma waits a second")
	f.DurationVar(&plan.Before, "wait", time.Second, "how long after the answer the first key is pressed")
	f.DurationVar(&plan.Stay, "hangup", 0, "hang up so long after the answer and the keys; 0: wait for the other side, or Ctrl-C")
	f.Float64Var(&plan.Tone, "tone", 0, "say a steady tone of so many Hz")
	f.BoolVar(&listen, "listen", false, "name the prompts heard, by comparing the sound with our own files")
	f.StringVar(&from, "from", "00055501", "the caller's number, as the trunk shows it")
	f.StringVar(&old, "diverted-from", "", "the old number this call was diverted from")
	return cmd
}

// citizenAddress is where the demo's citizens call from: the trunk's address
// (trunk.match in configs/hotline.yaml).
const citizenAddress = "127.0.0.2"

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
