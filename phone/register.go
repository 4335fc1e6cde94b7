package phone

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/emiago/diago"
	"github.com/emiago/sipgo/sip"
)

// registration keeps a telephone's account known to its exchange.
type registration struct {
	mu   sync.Mutex
	stop context.CancelFunc // nil: not registered
	done chan struct{}
	last error
}

// Register signs the account on and keeps it so until Unregister or Close: at
// three quarters of the time granted it registers again, and while the exchange
// does not answer it tries once a second. Only the first attempt's failure is
// returned; Registered tells of the later ones.
func (p *Phone) Register(ctx context.Context) error {
	if p.opts.Number == "" || p.opts.Password == "" {
		return errors.New("registering needs the account's Number and Password")
	}
	a := &p.account
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stop != nil {
		return nil
	}
	if err := p.registerOnce(ctx); err != nil {
		return fmt.Errorf("register %s: %w", p.opts.Number, err)
	}
	if !p.enter(nil) {
		return fmt.Errorf("register %s: the telephone is closed", p.opts.Number)
	}
	keep, stop := context.WithCancel(p.ctx)
	a.stop, a.done, a.last = stop, make(chan struct{}), nil
	go func() {
		defer p.wg.Done()
		defer close(a.done)
		p.keepRegistered(keep)
	}()
	return nil
}

// Registered tells whether the account is signed on, as far as the telephone knows.
func (p *Phone) Registered() bool {
	p.account.mu.Lock()
	defer p.account.mu.Unlock()
	return p.account.stop != nil && p.account.last == nil
}

// RegisterError is why the latest attempt to register failed; nil when it did not.
func (p *Phone) RegisterError() error {
	p.account.mu.Lock()
	defer p.account.mu.Unlock()
	return p.account.last
}

// Unregister signs the account off. It does nothing when it is not signed on.
func (p *Phone) Unregister(ctx context.Context) error {
	a := &p.account
	a.mu.Lock()
	stop, done := a.stop, a.done
	a.stop = nil
	a.mu.Unlock()
	if stop == nil {
		return nil
	}
	stop()
	<-done
	t, err := p.transaction(ctx)
	if err != nil {
		return err
	}
	if err := t.Unregister(ctx); err != nil {
		return fmt.Errorf("unregister %s: %w", p.opts.Number, err)
	}
	return nil
}

func (p *Phone) transaction(ctx context.Context) (*diago.RegisterTransaction, error) {
	registrar := p.server
	registrar.User = escapeUser(p.opts.Number) // goes into To, and not into the request's own address
	if p.opts.TLS != nil {
		registrar.UriParams = sip.NewParams()
		registrar.UriParams.Add("transport", p.network)
	}
	return p.dg.RegisterTransaction(ctx, registrar, diago.RegisterOptions{
		Username: p.opts.Number,
		Password: p.opts.Password,
		Expiry:   p.opts.Expiry,
	})
}

// registerOnce uses a fresh transaction, as an exchange that was restarted does
// not know the older one's nonce.
func (p *Phone) registerOnce(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, requestLimit)
	defer stop()
	t, err := p.transaction(ctx)
	if err != nil {
		return err
	}
	return t.Register(ctx)
}

func (p *Phone) keepRegistered(ctx context.Context) {
	wait := p.opts.Expiry * 3 / 4
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		err := p.registerOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		p.account.mu.Lock()
		p.account.last = err
		p.account.mu.Unlock()
		wait = p.opts.Expiry * 3 / 4
		if err != nil {
			wait = time.Second
		}
	}
}
