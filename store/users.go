package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"hotline"
)

const (
	tokenPrefix = "hl_" // so that a leaked one is recognised
	tokenBytes  = 32    // 256 bits: no guessing, hence a fast hash is enough

	// usedEvery: a token's last use is written at most this often.
	usedEvery = time.Minute
	usedWait  = 100 * time.Millisecond
)

// User is somebody who uses the API or the pages.
type User struct {
	Name    string `json:"name"`
	Role    string `json:"role"` // the word only; what it may do is said in package web
	Enabled bool   `json:"enabled"`
}

// AddUser adds a user or changes the role and enabled of the one who is there.
// Error: Invalid.
func (s *Store) AddUser(ctx context.Context, u User) error {
	if u.Name == "" || len(u.Name) > 64 || strings.TrimSpace(u.Name) != u.Name || u.Role == "" {
		return hotline.Errorf(hotline.Invalid, "a user has a name of one to 64 characters, without spaces around it, and a role")
	}
	return s.change(ctx, "user.add", u.Name, u.Role, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO users (name, role, enabled, created) VALUES (?, ?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET role = excluded.role, enabled = excluded.enabled`,
			clean(u.Name), clean(u.Role), u.Enabled, time.Now().UnixMilli()).Exec(ctx)
		return err
	})
}

// Users gives everybody, by name.
func (s *Store) Users(ctx context.Context) ([]User, error) {
	ctx, cancel := bounded(ctx, readWithin)
	defer cancel()
	list := []User{}
	err := s.read.NewRaw("SELECT name, role, enabled FROM users ORDER BY name").Scan(ctx, &list)
	return list, kind(err)
}

// NewToken makes a bearer token for a user and gives it this once; only its
// hash is kept. Error: NotFound.
func (s *Store) NewToken(ctx context.Context, user string) (string, error) {
	secret := make([]byte, tokenBytes)
	if _, err := rand.Read(secret); err != nil {
		return "", kind(err)
	}
	token := tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	return token, s.change(ctx, "token.new", user, "", func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw("INSERT INTO tokens (hash, user_name, created) SELECT ?, name, ? FROM users WHERE name = ?",
			tokenHash(token), time.Now().UnixMilli(), clean(user)).Exec(ctx)
		return must(res, err, "there is no user %s: add the user first", user)
	})
}

// RevokeTokens ends all tokens of a user and says how many were in force.
func (s *Store) RevokeTokens(ctx context.Context, user string) (int, error) {
	var count int64
	err := s.change(ctx, "token.revoke", user, "", func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw("UPDATE tokens SET revoked = ? WHERE user_name = ? AND revoked = 0",
			time.Now().UnixMilli(), clean(user)).Exec(ctx)
		if err != nil {
			return err
		}
		count, err = res.RowsAffected()
		return err
	})
	return int(count), err
}

// UserByToken gives the user whose token it is. Error: Forbidden when the
// token is unknown or revoked or the user disabled, Unavailable when SQL is.
func (s *Store) UserByToken(ctx context.Context, token string) (User, error) {
	ctx, cancel := bounded(ctx, writeWithin)
	defer cancel()
	var rows []struct {
		Name, Role string
		Enabled    bool
		Used       hotline.Millis
	}
	hash := tokenHash(token)
	err := s.read.NewRaw(`SELECT u.name, u.role, u.enabled, t.used FROM tokens AS t JOIN users AS u ON u.name = t.user_name
		WHERE t.hash = ? AND t.revoked = 0`, hash).Scan(ctx, &rows)
	if err != nil {
		return User{}, kind(err)
	}
	if len(rows) == 0 || !rows[0].Enabled {
		return User{}, hotline.Errorf(hotline.Forbidden, "the token is not in force: ask for a new one")
	}
	if time.Since(rows[0].Used.Time()) > usedEvery {
		s.markUsed(ctx, hash)
	}
	return User{Name: rows[0].Name, Role: rows[0].Role, Enabled: true}, nil
}

// markUsed writes when a token was last used. That is a courtesy: a locked
// database must not keep anybody out, so a failure is let go and the next
// request tries again.
func (s *Store) markUsed(ctx context.Context, hash string) {
	ctx, cancel := context.WithTimeout(ctx, usedWait)
	defer cancel()
	_, _ = s.write.NewRaw("UPDATE tokens SET used = ? WHERE hash = ?", time.Now().UnixMilli(), hash).Exec(ctx)
}

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
