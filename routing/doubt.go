package routing

import "context"

// Doubt has the board compared with the image at once, and written back where it
// differs: Redis is known to have forgotten something. Nobody is offered before.
func (d *Dispatcher) Doubt(ctx context.Context) error {
	return d.do(ctx, func(context.Context) {
		if d.loaded {
			d.stale, d.retry = true, d.now()
		}
	})
}
