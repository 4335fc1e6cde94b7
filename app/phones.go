package app

import (
	"context"
	"errors"

	"hotline"
	asteriskconfig "hotline/asterisk-config"
	"hotline/pbx"
)

// pushPhones makes every telephone's account known to Asterisk, and takes away
// those the books no longer have. No file is rewritten and nothing reloaded.
// While SQL is away Asterisk keeps the accounts it has.
func (a *App) pushPhones(ctx context.Context, n *node, x *pbx.Exchange) error {
	phones, err := a.opt.Store.Phones(ctx)
	if err != nil {
		return wrap("read the telephones", err)
	}
	known, err := x.Registered(ctx)
	if err != nil {
		return wrap("ask Asterisk for its telephones", err)
	}
	for _, p := range phones {
		delete(known, string(p.ID))
		if err := x.PushPhone(ctx, asteriskconfig.Telephone(string(p.ID), p.Digest, n.Media, asteriskconfig.Encrypted(a.opt.SRTP)...)); err != nil {
			return wrap("tell Asterisk of telephone "+string(p.ID), err)
		}
	}
	for id := range known {
		if !asteriskconfig.Pushed(id) {
			continue
		}
		if err := x.RemovePhone(ctx, id); err != nil {
			a.log.Debug("an endpoint of Asterisk's own files stays", "endpoint", id, "err", err)
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
	var errs []error
	for _, n := range a.nodes {
		if x := n.up(); x != nil { // else told with the next connection
			errs = append(errs, x.PushPhone(ctx, asteriskconfig.Telephone(string(id), asteriskconfig.Digest(string(id), password), n.Media, asteriskconfig.Encrypted(a.opt.SRTP)...)))
		}
	}
	return errors.Join(errs...)
}

// RemovePhone takes a telephone's account away.
func (a *App) RemovePhone(ctx context.Context, id hotline.PhoneID) error {
	if err := a.opt.Store.RemovePhone(ctx, id); err != nil {
		return err
	}
	var errs []error
	for _, x := range a.exchanges() {
		errs = append(errs, x.RemovePhone(ctx, string(id)))
	}
	return errors.Join(errs...)
}
