package live

import (
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
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
		Username: o.Username, Password: o.Password,
		DialTimeout: o.Timeout, ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, PoolTimeout: o.Timeout,
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
		Username: o.Username, Password: o.Password,
		DialTimeout: o.Timeout, ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, PoolTimeout: o.Timeout,
		ContextTimeoutEnabled: true,
		MaxRetries:            -1, DialerRetries: 1,
		PoolSize: o.Connections,
		// One pool, as without Sentinels: nothing here is pipelined.
		PipelinePoolSize: -1,
		DisableIdentity:  true,
	})
}
