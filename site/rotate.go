package site

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// RotateRedis gives the running site's Redis a new password. For a moment both are
// good, so nobody is refused who connects meanwhile; connections that stand go on.
func RotateRedis(ctx context.Context, a Addresses) error {
	old, err := a.RedisPassword()
	if err != nil {
		return err
	}
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", a.Redis)
	if err != nil {
		return fmt.Errorf("redis does not answer, and keeps its password: %w", err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	fresh := rand.Text()
	if err := redisSays(conn, "AUTH "+old, "+OK", "ACL SETUSER default >"+fresh, "+OK"); err != nil {
		return fmt.Errorf("redis keeps its password: %w", err)
	}
	// Its file is for its next start by hand; make run writes it anew.
	if err := rewrite(filepath.Join(a.Dir, "redis", "redis.conf"), `(?m)^requirepass .*$`, "requirepass "+fresh); err != nil {
		return err
	}
	if err := writeSecret(a.Secrets, "redis", fresh); err != nil {
		return err
	}
	if err := redisSays(conn, "CONFIG SET requirepass "+fresh, "+OK"); err != nil { // and the old one is good no more
		return fmt.Errorf("the new password is in force, but the old one still is, too: %w", err)
	}
	return nil
}

// RotateBoot gives ARI's boot user of the running site a new password. Controllers
// act as a user of their own and notice nothing; whoever connects at that moment
// tries again.
func RotateBoot(ctx context.Context, a Addresses) error {
	old, err := a.BootPassword()
	if err != nil {
		return err
	}
	fresh := rand.Text()
	conf := filepath.Join(a.Dir, "asterisk", "config", "ari.conf")
	put := func(password string) error {
		return rewrite(conf, `(?m)^password = .*$`, "password = "+password)
	}
	if err := put(fresh); err != nil {
		return err
	}
	err = askARI(ctx, a, http.MethodPut, "modules/res_ari.so", old)
	for end := time.Now().Add(5 * time.Second); err == nil; time.Sleep(20 * time.Millisecond) {
		if err = askARI(ctx, a, http.MethodGet, "ping", fresh); err == nil {
			return writeSecret(a.Secrets, "ari-boot", fresh)
		}
		if time.Now().Before(end) {
			err = nil
		}
	}
	// Asterisk did not take it: everything as it was.
	if back := put(old); back != nil {
		return fmt.Errorf("Asterisk did not take the new password (%w), and ari.conf has it: write the old one back, or stop and start", err)
	}
	return fmt.Errorf("Asterisk keeps its password: %w", err)
}

// askARI makes one request as the boot user.
func askARI(ctx context.Context, a Addresses, method, what, password string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, a.ARI+"/ari/asterisk/"+what, nil)
	if err != nil {
		return err
	}
	req.SetBasicAuth(BootUser, password)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	res.Body.Close()
	if res.StatusCode >= 300 {
		return fmt.Errorf("it answers %s", res.Status)
	}
	return nil
}

// rewrite changes the one place in a file that matches, in one move.
func rewrite(path, pattern, with string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	at := regexp.MustCompile(pattern).FindAllIndex(b, -1)
	if len(at) != 1 {
		return fmt.Errorf("%s was changed by hand: %d lines hold a password, not one", path, len(at))
	}
	text := string(b[:at[0][0]]) + with + string(b[at[0][1]:])
	return replace(path, text)
}

func writeSecret(dir, name, word string) error { return replace(filepath.Join(dir, name), word+"\n") }

// replace puts text into a file that only its owner can read, so that nobody ever
// finds half of it, and it is there after a loss of power.
func replace(path, text string) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return cannotWrite(filepath.Dir(path), err)
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return cannotWrite(filepath.Dir(path), err)
	}
	return nil
}
