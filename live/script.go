package live

import (
	"context"
	"embed"
	"fmt"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var luaFiles embed.FS

// scripts are the atomic steps; they are sent once and called by their hash.
type scripts struct {
	load, join, leave, commit, take, renew, free, holder *redis.Script
}

func readScripts() (*scripts, error) {
	clock, err := luaFiles.ReadFile("lua/clock.lua")
	if err != nil {
		return nil, err
	}
	s := &scripts{}
	for name, to := range map[string]**redis.Script{
		"load": &s.load, "join": &s.join, "leave": &s.leave, "commit": &s.commit,
		"take": &s.take, "renew": &s.renew, "free": &s.free, "holder": &s.holder,
	} {
		src, err := luaFiles.ReadFile("lua/" + name + ".lua")
		if err != nil {
			return nil, err
		}
		*to = redis.NewScript(string(clock) + string(src))
	}
	return s, nil
}

// run does one atomic step within the timeout.
func (s *Store) run(ctx context.Context, what string, script *redis.Script, keys []string, args ...any) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	got, err := script.Run(ctx, s.rdb, keys, args...).Result()
	if err == redis.Nil {
		return nil, nil
	}
	if err != nil {
		return nil, failed(what, err)
	}
	return got, nil
}

// list reads a script's answer of at least n parts.
func list(what string, got any, n int) ([]any, error) {
	parts, ok := got.([]any)
	if !ok || len(parts) < n {
		return nil, fmt.Errorf("%s: Redis answered %v, which is not an answer", what, got)
	}
	return parts, nil
}
