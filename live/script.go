package live

import (
	"context"
	"embed"
	"fmt"

	"github.com/redis/go-redis/v9"

	"hotline"
	"hotline/live/fact"
)

//go:embed lua/*.lua
var luaFiles embed.FS

// scripts are the atomic steps; they are sent once and called by their hash.
type scripts struct {
	load, save, commit, take, renew, free, holder *redis.Script
}

func readScripts() (*scripts, error) {
	clock, err := luaFiles.ReadFile("lua/clock.lua")
	if err != nil {
		return nil, err
	}
	form := fmt.Sprintf("local FORM = '%d' -- fact.Version\n", fact.Version)
	s := &scripts{}
	for name, to := range map[string]**redis.Script{
		"load": &s.load, "save": &s.save, "commit": &s.commit, "take": &s.take, "renew": &s.renew,
		"free": &s.free, "holder": &s.holder,
	} {
		src, err := luaFiles.ReadFile("lua/" + name + ".lua")
		if err != nil {
			return nil, err
		}
		*to = redis.NewScript(form + string(clock) + string(src))
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

// Fence names the token in whose name records are written from now on: once
// another controller holds the board's lease with a higher one they are refused as
// Forbidden (a commit brings its token itself). A controller that was frozen and
// woken can spoil nothing. 0: nothing is fenced.
func (s *Store) Fence(t hotline.Token) { s.token.Store(int64(t)) }

// forbidden reads the refusal of a script that is fenced.
func forbidden(what string, got any) error {
	parts, ok := got.([]any)
	if !ok || len(parts) != 2 || parts[0] != "forbidden" {
		return nil
	}
	return hotline.Errorf(hotline.Forbidden, "%s: another controller holds the board with the token %v", what, parts[1])
}

// list reads a script's answer of at least n parts.
func list(what string, got any, n int) ([]any, error) {
	parts, ok := got.([]any)
	if !ok || len(parts) < n {
		return nil, fmt.Errorf("%s: Redis answered %v, which is not an answer", what, got)
	}
	return parts, nil
}
