package site

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// redisConf is what Redis reads. Nothing may be dropped for want of room
// (noeviction), and at most the last second or two are lost with the power. hz 1: it
// looks after itself once a second, not ten times, which was half of what it cost;
// no key here expires.
const redisConf = `bind 127.0.0.1
port %d
protected-mode yes
requirepass %s
dir %s
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
set-proc-title no
hz 1
dynamic-hz no
logfile ""
`

// redisFiles is the folder in which Redis keeps what it writes.
const redisFiles = "redis/appendonlydir"

// startRedis starts Redis and waits until it answers with its password.
func (s *Site) startRedis(ctx context.Context) error {
	conf := s.folder.at("redis/redis.conf")
	password, err := s.folder.secret("redis") // it may have been changed since (hotline rotate redis)
	if err != nil {
		return err
	}
	text := fmt.Sprintf(redisConf, s.redisPort, password, strconv.Quote(s.folder.at("redis")))
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return cannotWrite(s.options.Dir, err)
	}
	c, err := s.nursery.start("Redis", s.folder.at("redis/redis.log"), nil, filepath.Join(s.options.Tools, "bin/redis-server"), conf)
	if err != nil {
		return err
	}
	s.adopt(&s.redis, c)
	return awaitAnswer(ctx, c, s.folder.at("redis/redis.log"), func(ctx context.Context) error {
		return redisPing(ctx, s.addresses.Redis, password)
	})
}

// redisPing asks Redis whether it serves; while it still reads its file it does not.
func redisPing(ctx context.Context, address, password string) error {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	return redisSays(conn, "AUTH "+password, "+OK", "PING", "+PONG")
}

// redisSays sends each command and wants the answer after it.
func redisSays(conn net.Conn, commands ...string) error {
	in := bufio.NewReader(conn)
	for i := 0; i+1 < len(commands); i += 2 {
		fmt.Fprintf(conn, "%s\r\n", commands[i])
		line, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		if strings.TrimSpace(line) != commands[i+1] {
			return fmt.Errorf("redis says %s", strings.TrimSpace(line))
		}
	}
	return nil
}
