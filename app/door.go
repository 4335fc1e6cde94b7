package app

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"time"

	"hotline"
	"hotline/city"
	"hotline/pbx"
	"hotline/pbx/guard"
)

// openDoor makes the guard of the door; nil where the options ask for none.
func (a *App) openDoor() error {
	if a.opt.Guard == nil {
		return nil
	}
	var err error
	a.door, err = guard.New(*a.opt.Guard, guard.Ears{
		Refused: func(why, line string) {
			a.opt.Meter.Refused(why)
			if why == guard.Outside || why == guard.Forged {
				a.log.Warn("security: refused", "why", why, "asterisk", line)
			}
		},
		Shut:    func(ctx context.Context, at netip.Addr) error { return a.everywhere(ctx, at, (*pbx.Exchange).ShutOut) },
		Open:    func(ctx context.Context, at netip.Addr) error { return a.everywhere(ctx, at, (*pbx.Exchange).Open) },
		Trouble: func(doing string, err error) { a.log.Warn("security", "doing", doing, "err", err) },
		Changed: func(at netip.Addr, until time.Time) {
			if until.IsZero() {
				a.log.Info("security: an address is let in again", "address", at)
				return
			}
			a.opt.Meter.ShutOut()
			a.log.Warn("security: an address guesses passwords and is shut out", "address", at, "until", until)
		},
	})
	return wrap("open the guard", err)
}

// everywhere does something at each Asterisk that is connected.
func (a *App) everywhere(ctx context.Context, at netip.Addr, do func(*pbx.Exchange, context.Context, netip.Addr) error) error {
	xs := a.exchanges()
	if len(xs) == 0 {
		return hotline.Errorf(hotline.Unavailable, "Asterisk is not connected")
	}
	var errs []error
	for _, x := range xs {
		errs = append(errs, do(x, ctx, at))
	}
	return errors.Join(errs...)
}

// shutOut counts the addresses that are shut out now.
func (a *App) shutOut() int {
	if a.door == nil {
		return 0
	}
	return len(a.door.ShutOut())
}

// guardOf is the guard that the settings ask for; nil: none.
func guardOf(set city.Settings) *guard.Options {
	if set.Guard.Attempts == 0 {
		return nil
	}
	o := &guard.Options{
		Log: set.Guard.Log, State: filepath.Join(set.Directories.Var, "shut-out"),
		Attempts: set.Guard.Attempts, Within: set.Guard.Within, For: set.Guard.For,
	}
	spared := append(slices.Clone(set.Trunk.Match), set.Guard.Spared...)
	if gate, err := netip.ParseAddrPort(set.Gate.Listen); err == nil {
		spared = append(spared, gate.Addr().String())
	}
	for _, word := range spared {
		p, err := netip.ParsePrefix(word)
		if a, bad := netip.ParseAddr(word); bad == nil {
			p, err = a.Prefix(a.BitLen())
		}
		if err == nil { // city.Load has seen to it
			o.Spared = append(o.Spared, p)
		}
	}
	return o
}
