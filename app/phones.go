package app

import (
	"context"
	"errors"
	"time"

	"hotline"
	asteriskconfig "hotline/asterisk-config"
	"hotline/pbx"
)

// newPhones makes the telephones known that Asterisk has not heard of: all, where it has
// just started.
func (a *App) newPhones(ctx context.Context, n *node, x *pbx.Exchange) error {
	return a.tellPhones(ctx, n, x, false)
}

// keepPhones has Asterisk know every telephone, and tries again where it did not
// answer, or SQL is away, until it does.
func (a *App) keepPhones(ctx context.Context, n *node, x *pbx.Exchange) {
	for tried := 0; ; tried++ {
		err := a.pushPhones(ctx, n, x)
		if ctx.Err() != nil || x.Err() != nil {
			return
		}
		if err == nil {
			if tried > 0 {
				a.log.Info("Asterisk knows the telephones", "asterisk", n.Name)
			}
			return
		}
		if tried == 0 {
			a.log.Error("the telephones are as Asterisk has them, until it can be told", "asterisk", n.Name, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-x.Done():
			return
		case <-time.After(tellAgain):
		}
	}
}

// tellAgain is how soon Asterisk is told of the telephones again.
const tellAgain = 2 * time.Second

// pushPhones makes every telephone's account known to Asterisk, and takes away
// those the books no longer have. No file is rewritten and nothing reloaded.
func (a *App) pushPhones(ctx context.Context, n *node, x *pbx.Exchange) error {
	return a.tellPhones(ctx, n, x, true)
}

// tellPhones: while SQL is away Asterisk keeps the accounts it has. known: it is told
// also of those that it knows, perhaps as they were.
func (a *App) tellPhones(ctx context.Context, n *node, x *pbx.Exchange, known bool) error {
	n.accounts.Lock()
	defer n.accounts.Unlock()
	phones, err := a.opt.Store.Phones(ctx)
	if err != nil {
		return wrap("read the telephones", err)
	}
	there, err := x.Registered(ctx)
	if err != nil {
		return wrap("ask Asterisk for its telephones", err)
	}
	for _, p := range phones {
		_, has := there[string(p.ID)]
		delete(there, string(p.ID))
		if has && !known {
			continue
		}
		if err := a.pushPhone(ctx, n, x, p.ID, p.Digest); err != nil {
			return wrap("tell Asterisk of telephone "+string(p.ID), err)
		}
	}
	for id := range there {
		if !asteriskconfig.Pushed(id) {
			continue
		}
		if err := x.RemovePhone(ctx, id); err != nil {
			a.log.Debug("an endpoint of Asterisk's own files stays", "endpoint", id, "err", err)
		}
	}
	return nil
}

func (a *App) pushPhone(ctx context.Context, n *node, x *pbx.Exchange, id hotline.PhoneID, digest string) error {
	return x.PushPhone(ctx, asteriskconfig.Telephone(string(id), digest, n.Media, asteriskconfig.Encrypted(a.opt.SRTP)...))
}

// AddPhone makes a telephone's account, or gives it a new password, and tells
// Asterisk.
func (a *App) AddPhone(ctx context.Context, id hotline.PhoneID, display, password string) error {
	a.accounts.Lock()
	defer a.accounts.Unlock()
	if err := a.opt.Store.AddPhone(ctx, id, display, password); err != nil {
		return err
	}
	var errs []error
	for _, n := range a.nodes {
		if x := n.up(); x != nil { // else told with the next connection
			n.accounts.Lock()
			errs = append(errs, a.pushPhone(ctx, n, x, id, asteriskconfig.Digest(string(id), password)))
			n.accounts.Unlock()
		}
	}
	return errors.Join(errs...)
}

// RemovePhone takes a telephone's account away.
func (a *App) RemovePhone(ctx context.Context, id hotline.PhoneID) error {
	a.accounts.Lock()
	defer a.accounts.Unlock()
	if err := a.opt.Store.RemovePhone(ctx, id); err != nil {
		return err
	}
	var errs []error
	for _, n := range a.nodes {
		if x := n.up(); x != nil {
			n.accounts.Lock()
			errs = append(errs, x.RemovePhone(ctx, string(id)))
			n.accounts.Unlock()
		}
	}
	return errors.Join(errs...)
}
