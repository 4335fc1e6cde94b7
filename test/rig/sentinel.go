package rig

import (
	"strings"
	"time"

	"hotline/live"
)

// bySentinels begins an address that is no Redis's but its Sentinels':
// "sentinels <master> <host:port> <host:port> …".
const bySentinels = "sentinels "

// Sentinels lets the story's board be where these Sentinels say, on a Redis that
// has the site's password. It is said before a controller starts.
func (r *Rig) Sentinels(addresses []string, master string) {
	r.T.Helper()
	r.sentinels = bySentinels + master + " " + strings.Join(addresses, " ")
	r.watch(r.sentinels)
}

// patience is how long a story waits for Redis: no call does so.
const patience = 2 * time.Second

// watch opens the board for the story's own eyes.
func (r *Rig) watch(address string) {
	r.T.Helper()
	password, err := r.Site.Addresses().RedisPassword()
	r.must(err)
	o := boardAt(address, password)
	o.Timeout = patience
	l, err := live.Open(r.T.Context(), o)
	r.must(err)
	r.T.Cleanup(func() { _ = l.Close() })
	r.Live = l
}

// boardAt says where the board is: at a Redis, or where Sentinels say.
func boardAt(address, password string) live.Options {
	words, ok := strings.CutPrefix(address, bySentinels)
	if !ok {
		return live.Options{Address: address, Password: password}
	}
	all := strings.Fields(words)
	return live.Options{Sentinels: all[1:], Master: all[0], Password: password}
}
