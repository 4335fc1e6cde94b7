package app

import (
	"context"

	"hotline"
	asteriskconfig "hotline/asterisk-config"
	"hotline/pbx"
)

// pushPhones makes every telephone's account known to Asterisk. No file is
// rewritten and nothing reloaded.
func (a *App) pushPhones(ctx context.Context, x *pbx.Exchange) error {
	phones, err := a.opt.Store.Phones(ctx)
	if err != nil {
		return wrap("read the telephones", err)
	}
	for _, p := range phones {
		if err := x.PushPhone(ctx, asteriskconfig.Telephone(string(p.ID), p.Digest, a.opt.Media)); err != nil {
			return wrap("tell Asterisk of telephone "+string(p.ID), err)
		}
	}
	return nil
}

// AddPhone makes a telephone's account, or gives it a new password, and tells
// Asterisk.
func (a *App) AddPhone(ctx context.Context, id hotline.PhoneID, display, password string) error {
	if err := a.opt.Store.AddPhone(ctx, id, display, password); err != nil {
		return err
	}
	x := a.exchange.Load()
	if x == nil {
		return nil // told with the next connection
	}
	return x.PushPhone(ctx, asteriskconfig.Telephone(string(id), asteriskconfig.Digest(string(id), password), a.opt.Media))
}

// RemovePhone takes a telephone's account away.
func (a *App) RemovePhone(ctx context.Context, id hotline.PhoneID) error {
	if err := a.opt.Store.RemovePhone(ctx, id); err != nil {
		return err
	}
	x := a.exchange.Load()
	if x == nil {
		return nil
	}
	return x.RemovePhone(ctx, string(id))
}
