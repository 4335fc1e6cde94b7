package store

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"hotline"
)

// OWASP's second choice for argon2id (Password Storage Cheat Sheet): 19 MiB,
// two passes, one lane. About 20 ms of one core.
const (
	pinMemory = 19 * 1024 // KiB
	pinPasses = 2
	pinLanes  = 1
	pinSalt   = 16
	pinKey    = 32

	shortestPIN = 4
	longestPIN  = 12

	// pinsAtOnce bounds what guessing can cost: 38 MiB and two cores.
	pinsAtOnce = 2
)

type pinGate chan struct{}

func newPinGate() pinGate { return make(pinGate, pinsAtOnce) }

// key derives the key of pin, when it is its turn.
func (g pinGate) key(ctx context.Context, pin string, salt []byte) ([]byte, error) {
	select {
	case g <- struct{}{}:
		defer func() { <-g }()
	case <-ctx.Done():
		return nil, hotline.Errorf(hotline.Unavailable, "too many PINs are being checked: %w", ctx.Err())
	}
	return argon2.IDKey([]byte(pin), salt, pinPasses, pinMemory, pinLanes, pinKey), nil
}

// hash gives what is kept of a PIN, in the usual form of argon2.
func (g pinGate) hash(ctx context.Context, pin string) (string, error) {
	if len(pin) < shortestPIN || len(pin) > longestPIN || strings.Trim(pin, "0123456789") != "" {
		return "", hotline.Errorf(hotline.Invalid, "a PIN has %d to %d digits, so that it can be keyed in at a telephone", shortestPIN, longestPIN)
	}
	salt := make([]byte, pinSalt)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	key, err := g.key(ctx, pin, salt)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, pinMemory, pinPasses, pinLanes,
		b64.EncodeToString(salt), b64.EncodeToString(key)), err
}

// matches tells whether pin is the one that was hashed. An empty hash costs
// the same time and matches nothing, so that nobody can find out by the clock
// which staff numbers exist.
func (g pinGate) matches(ctx context.Context, pin, hash string) (bool, error) {
	salt, want := make([]byte, pinSalt), []byte(nil)
	if parts := strings.Split(hash, "$"); len(parts) == 6 {
		var err1, err2 error
		salt, err1 = base64.RawStdEncoding.DecodeString(parts[4])
		want, err2 = base64.RawStdEncoding.DecodeString(parts[5])
		if err1 != nil || err2 != nil {
			return false, hotline.Errorf(hotline.Internal, "a kept PIN cannot be read: set it anew")
		}
	}
	key, err := g.key(ctx, pin, salt)
	return err == nil && subtle.ConstantTimeCompare(key, want) == 1, err
}
