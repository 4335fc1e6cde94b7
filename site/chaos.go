package site

import (
	"context"
	"errors"
	"os"
	"time"
)

// What follows is for stories in which a part fails.

// KillAsterisk ends Asterisk as a crash would; its calls end with it.
func (s *Site) KillAsterisk() { s.take(&s.asterisk).kill() }

// KillRedis ends Redis as a crash would.
func (s *Site) KillRedis() { s.take(&s.redis).kill() }

// KillGate ends the gate as a crash would; the site starts it again.
func (s *Site) KillGate() {
	s.mu.Lock()
	c := s.gate
	s.mu.Unlock()
	if c != nil {
		c.kill()
	}
}

// StartAsterisk starts Asterisk after KillAsterisk, on the same ports.
func (s *Site) StartAsterisk(ctx context.Context) error {
	if s.AsteriskPID() != 0 {
		return errors.New("Asterisk runs already")
	}
	return s.startAsterisk(ctx)
}

// StartRedis starts Redis after KillRedis, on the same port, with what it had saved.
func (s *Site) StartRedis(ctx context.Context) error {
	if s.RedisPID() != 0 {
		return errors.New("Redis runs already")
	}
	return s.startRedis(ctx)
}

// RestartRedis stops Redis politely and starts it again.
func (s *Site) RestartRedis(ctx context.Context) error {
	s.take(&s.redis).stop(5 * time.Second)
	return s.startRedis(ctx)
}

// CopyRedis copies what Redis has written so far into a folder.
func (s *Site) CopyRedis(folder string) error {
	return os.CopyFS(folder, os.DirFS(s.folder.at(redisFiles)))
}

// RewindRedis kills Redis and starts it again with what CopyRedis copied, as after a
// crash with the last writes not on the disk.
func (s *Site) RewindRedis(ctx context.Context, folder string) error {
	s.KillRedis()
	if err := os.RemoveAll(s.folder.at(redisFiles)); err != nil {
		return err
	}
	if err := os.CopyFS(s.folder.at(redisFiles), os.DirFS(folder)); err != nil {
		return err
	}
	return s.startRedis(ctx)
}

// AsteriskPID is the process to measure, freeze or kill; 0: it does not run.
func (s *Site) AsteriskPID() int { return s.pid(&s.asterisk) }

// RedisPID is as AsteriskPID, for Redis.
func (s *Site) RedisPID() int { return s.pid(&s.redis) }

func (s *Site) pid(place **child) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := *place; c != nil && !c.ended() {
		return c.cmd.Process.Pid
	}
	return 0
}

// take removes a child from the site, so that its end is no surprise. Where none
// is left, it gives one that has ended.
func (s *Site) take(place **child) *child {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := *place
	*place = nil
	if c == nil {
		c = endedChild()
	}
	return c
}
