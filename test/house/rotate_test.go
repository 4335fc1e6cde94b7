package house

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline"
	"hotline/phone"
	"hotline/site"
)

// Two talk while the passwords of ARI and Redis are changed, every connection to
// Redis is cut, the controller is started anew, and Redis too: no packet is lost, the
// old passwords are good for nothing, and the call has its ticket.
func TestSecretsAreRotatedInATalk(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.hire("1001", "8001", h.every()...)
	h.start()
	d := h.work("1001")
	d.OnInvite(meets(phone.Answer(0)))
	c := h.dial("00052101")
	h.press(c, "0")
	agent := h.ring(d)
	h.talk(c, agent)

	oldBoot, oldRedis := h.secret("ari-boot"), h.secret("redis")
	h.must(site.RotateBoot(t.Context(), h.at))
	h.must(site.RotateRedis(t.Context(), h.at))
	if h.secret("ari-boot") == oldBoot || h.secret("redis") == oldRedis {
		t.Fatal("a secret is what it was")
	}
	for _, file := range []string{"secrets/ari-boot", "secrets/redis", "redis/redis.conf", "asterisk/config/ari.conf"} {
		if info, err := os.Stat(filepath.Join(h.at.Dir, file)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	if code := h.boot(oldBoot); code != http.StatusUnauthorized {
		t.Errorf("ARI answers the old password with %d", code)
	}
	if code := h.boot(h.secret("ari-boot")); code != http.StatusOK {
		t.Errorf("ARI answers the new password with %d", code)
	}
	if answer := h.redis(oldRedis, "PING"); !strings.Contains(answer, "WRONGPASS") {
		t.Errorf("Redis answers the old password with %q", answer)
	}
	// Whatever holds a connection has to make a new one.
	if answer := h.redis(h.secret("redis"), "CLIENT KILL TYPE normal"); !strings.HasPrefix(answer, ":") {
		t.Fatalf("the connections to Redis are not cut: %s", answer)
	}
	h.until("the service is well again", func() bool { return h.ready() })
	h.talk(c, agent)
	h.stop()
	h.start()
	h.talk(c, agent)
	h.must(h.site.RestartRedis(t.Context()))
	h.until("the service is well with the new Redis", func() bool { return h.ready() })
	h.talk(c, agent)
	for who, call := range map[string]*phone.Call{"citizen": c, "agent": agent} {
		if r := call.RTP(); r.Lost > 0 {
			t.Errorf("the %s lost packets: %+v", who, r)
		}
	}
	h.goodbye(c, agent)
	if k := h.ticket("00052101"); k.End != hotline.EndAnswered || k.Agent != "1001" {
		t.Errorf("the ticket says %s, agent %q", k.End, k.Agent)
	}
}

func (h *house) secret(name string) string {
	h.Helper()
	b, err := os.ReadFile(filepath.Join(h.at.Secrets, name))
	h.must(err)
	return strings.TrimSpace(string(b))
}

// boot asks ARI as its boot user and gives the status.
func (h *house) boot(password string) int {
	h.Helper()
	r, err := http.NewRequestWithContext(h.soon(), http.MethodGet, h.at.ARI+"/ari/asterisk/ping", nil)
	h.must(err)
	r.SetBasicAuth(site.BootUser, password)
	res, err := http.DefaultClient.Do(r)
	h.must(err)
	h.must(res.Body.Close())
	return res.StatusCode
}

// redis sends one command, after AUTH, and gives what Redis says to the last.
func (h *house) redis(password, command string) string {
	h.Helper()
	conn, err := net.Dial("tcp", h.at.Redis)
	h.must(err)
	defer conn.Close()
	h.must(conn.SetDeadline(time.Now().Add(5 * time.Second)))
	fmt.Fprintf(conn, "AUTH %s\r\n", password)
	in := bufio.NewReader(conn)
	line, err := in.ReadString('\n')
	h.must(err)
	if strings.HasPrefix(line, "-") {
		return line
	}
	fmt.Fprintf(conn, "%s\r\n", command)
	line, err = in.ReadString('\n')
	h.must(err)
	return line
}

// ready tells whether /readyz says that all is well.
func (h *house) ready() bool {
	res, err := http.Get("http://" + h.at.API + "/readyz")
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}
