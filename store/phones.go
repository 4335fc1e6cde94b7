package store

import (
	"context"
	"crypto/rand"
	"regexp"
	"time"

	"github.com/uptrace/bun"

	"hotline"
	asteriskconfig "hotline/asterisk-config"
)

// Phone is a telephone's account. Its password is nowhere: only the digest
// that SIP checks against.
type Phone struct {
	ID      hotline.PhoneID `json:"id"`
	Realm   string          `json:"realm"`
	Digest  string          `json:"-"` // asteriskconfig.Digest of the password
	Display string          `json:"display"`
}

// NewPhonePassword makes a password of 26 letters and digits (130 bits) for a
// telephone, to be shown once.
func NewPhonePassword() string { return rand.Text() }

// AddPhone adds the account of a telephone or gives the one that is there a
// new password. id: one to 32 letters, digits, - or _, such as 8001.
func (s *Store) AddPhone(ctx context.Context, id hotline.PhoneID, display, password string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`).MatchString(string(id)) {
		return hotline.Errorf(hotline.Invalid, "a phone's name has one to 32 letters, digits, - or _, such as 8001, not %q", id)
	}
	if len(password) < 8 {
		return hotline.Errorf(hotline.Invalid, "a phone's password has at least eight characters: let the program make one")
	}
	digest := asteriskconfig.Digest(string(id), password)
	return s.change(ctx, "phone.add", string(id), display, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO phones (id, realm, digest, display, created) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET realm = excluded.realm, digest = excluded.digest, display = excluded.display`,
			string(id), asteriskconfig.Realm, digest, clean(display), time.Now().UnixMilli()).Exec(ctx)
		return err
	})
}

// Phones gives all accounts, by name.
func (s *Store) Phones(ctx context.Context) ([]Phone, error) {
	ctx, cancel := bounded(ctx, readWithin)
	defer cancel()
	var rows []struct{ ID, Realm, Digest, Display string }
	if err := s.read.NewRaw("SELECT id, realm, digest, display FROM phones ORDER BY id").Scan(ctx, &rows); err != nil {
		return nil, kind(err)
	}
	list := make([]Phone, len(rows))
	for i, r := range rows {
		list[i] = Phone{ID: hotline.PhoneID(r.ID), Realm: r.Realm, Digest: r.Digest, Display: r.Display}
	}
	return list, nil
}

// RemovePhone removes an account. Error: NotFound.
func (s *Store) RemovePhone(ctx context.Context, id hotline.PhoneID) error {
	return s.change(ctx, "phone.remove", string(id), "", func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw("DELETE FROM phones WHERE id = ?", clean(string(id))).Exec(ctx)
		return must(res, err, "there is no phone %s", id)
	})
}
