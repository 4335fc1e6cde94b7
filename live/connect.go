package live

import (
	"context"
	"os"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"hotline"
)

// connect makes the client; it dials when it is first asked. Nothing is tried
// twice behind our back: a step has Options.Timeout in all.
func connect(o Options) *redis.Client {
	if len(o.Sentinels) > 0 {
		return connectSentinels(o)
	}
	network := "tcp"
	if strings.HasPrefix(o.Address, "/") {
		network = "unix"
	}
	return redis.NewClient(&redis.Options{
		Network: network, Addr: o.Address, DB: o.Database,
		CredentialsProviderContext: o.credentials,
		DialTimeout:                o.Timeout, ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, PoolTimeout: o.Timeout,
		ContextTimeoutEnabled: true,
		MaxRetries:            -1, DialerRetries: 1,
		PoolSize:                 o.Connections,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// connectSentinels makes a client that asks the Sentinels for the master whenever
// it dials, and lets go of a former master when they name another. What they were
// not quick enough to copy is lost with the old one, some milliseconds of steps:
// the board's owner finds that by versions, and writes it back from his image.
func connectSentinels(o Options) *redis.Client {
	return redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: o.Master, SentinelAddrs: o.Sentinels, DB: o.Database,
		CredentialsProviderContext: o.credentials,
		DialTimeout:                o.Timeout, ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, PoolTimeout: o.Timeout,
		ContextTimeoutEnabled: true,
		MaxRetries:            -1, DialerRetries: 1,
		PoolSize: o.Connections,
		// One pool, as without Sentinels: nothing here is pipelined.
		PipelinePoolSize: -1,
		DisableIdentity:  true,
	})
}

// credentials are read anew for each connection, so that a password can be changed
// (hotline rotate redis) while this program runs.
func (o Options) credentials(context.Context) (username, password string, err error) {
	if o.PasswordFile == "" {
		return o.Username, o.Password, nil
	}
	secret, err := os.ReadFile(o.PasswordFile)
	if err != nil {
		return "", "", hotline.Errorf(hotline.Invalid, "the Redis password file cannot be read: %w", err)
	}
	return o.Username, strings.TrimSpace(string(secret)), nil
}
