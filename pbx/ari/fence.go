package ari

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
)

// Take makes the caller the only controller that this Asterisk obeys, and
// returns the configuration to Connect with.
//
// Asterisk does not fence by itself: a controller that was replaced can still
// hang up every call. What fences is the ARI user, whose password Asterisk
// checks anew for each request, on an open event socket too. All holders use
// the same user, name; Take gives it a new random password, and from that
// moment the holder before gets 401 for everything (measured: at once). One
// user rather than one for each holder, because Asterisk cannot list users:
// older ones would have to be remembered somewhere else to be deleted. A holder
// that only listens does not notice; one that regularly proves to the dialplan
// that it is alive (SetGlobal) does.
//
// The holder's token is the first part of the password, so it lives exactly as
// long as what it protects. A higher one than the caller's is ErrStale; if two
// write at the same moment, the one that finds the other's password gets
// ErrStale or, the next time it acts, ErrUnauthorized.
//
// boot acts as a user of ari.conf that is used for nothing else; sorcery.conf
// must have, for [res_ari], user=config,ari.conf,criteria=type=user and after
// it user/dyn=memory.
func Take(ctx context.Context, boot *Client, name string, token int64) (Config, error) {
	held, err := Holder(ctx, boot, name)
	if err != nil {
		return Config{}, err
	}
	if held > token {
		return Config{}, fmt.Errorf("%w: its token is %d, ours %d", ErrStale, held, token)
	}
	cfg := boot.cfg
	cfg.User, cfg.Password = name, strconv.FormatInt(token, 10)+"."+rand.Text()
	if err := boot.Do(ctx, PutUser(cfg.User, cfg.Password)); err != nil {
		return Config{}, err
	}
	now, err := GetDynamic(ctx, boot, "res_ari", "user", name)
	if err == nil && now["password"] != cfg.Password {
		err = fmt.Errorf("%w: it took over at the same moment", ErrStale)
	}
	return cfg, err
}

// Holder reads the token of the controller that holds this Asterisk, 0 if
// none does (Asterisk has just started).
func Holder(ctx context.Context, boot *Client, name string) (int64, error) {
	user, err := GetDynamic(ctx, boot, "res_ari", "user", name)
	if IsNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(user["password"], ".")
	token, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("ari: the password of the ARI user %s should begin with a token and a dot; "+
			"was it written into ari.conf? It must not be there", name)
	}
	return token, nil
}

// PutUser makes an ARI user, or changes its password at once.
func PutUser(name, password string) Request {
	return PutDynamic("res_ari", "user", name, Field{Attribute: "password", Value: password})
}

// DeleteUser deletes an ARI user made by PutUser: it gets 401 from now on.
func DeleteUser(name string) Request { return DeleteDynamic("res_ari", "user", name) }
