package ivr

import "context"

// SayStep says something and goes on. Keys pressed meanwhile are kept for the
// next question.
type SayStep struct {
	Say      []string
	Next     string
	Farewell bool // the last words: nothing comes after them
}

func (s SayStep) begin(c *Call) {
	if s.Farewell {
		c.Phase = InFarewell
	}
}

// Play says it.
func (s SayStep) Play(ctx context.Context, c *Call) (string, error) {
	return s.Next, c.Line.Say(ctx, c.speech(s.Say))
}

// Exits is the next step.
func (s SayStep) Exits() []Exit { return []Exit{{To: s.Next}} }

// Prompts is what is said.
func (s SayStep) Prompts() []string { return s.Say }

// EndStep hangs up.
type EndStep struct{}

// Play hangs up. The line's end, which is heard at once, does not stop it.
func (EndStep) Play(ctx context.Context, c *Call) (string, error) {
	return "", c.Line.End(context.WithoutCancel(ctx))
}

// Exits is the end.
func (EndStep) Exits() []Exit { return []Exit{{}} }

// Prompts is nothing.
func (EndStep) Prompts() []string { return nil }
