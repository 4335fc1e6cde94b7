package app

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/pbx"
	"hotline/pbx/ari"
	"hotline/routing"
)

// Asterisk is one of the telephone exchanges that callers and telephones are on.
type Asterisk struct {
	// Name is its systemname, the first part of every call's id.
	Name string
	// Boot is the ARI user that may push the controller's own user.
	Boot ari.Config
	// Password reads that user's password anew for each connection, since it can be
	// changed while we run; nil: it is in Boot.
	Password func() (string, error)
	// Media is the address telephones' sound is bound to; "" all.
	Media string
}

// node is one Asterisk, as this controller has it.
type node struct {
	Asterisk
	alone    bool // there is no other: every call is on it
	exchange atomic.Pointer[pbx.Exchange]
	online   atomic.Pointer[map[string]bool] // its telephones that are registered; nil while it is not connected
	was      map[string]bool                 // those when the connection ended; of serve
	lost     atomic.Bool                     // given up, until it is connected again
	load     load
	accounts sync.Mutex // of telephones: what SQL has and what it is told go together
}

// has tells whether the call is on it.
func (n *node) has(id hotline.CallID) bool {
	return n.alone || strings.HasPrefix(string(id), n.Name+"-")
}

func (n *node) routed() routing.Node { return routing.Node{Name: n.Name, Has: n.has} }

// up gives the connection, nil while there is none.
func (n *node) up() *pbx.Exchange {
	if x := n.exchange.Load(); x != nil && x.Err() == nil {
		return x
	}
	return nil
}

// nodeOf gives the Asterisk that a call is on; the first one where no name fits.
func (a *App) nodeOf(id hotline.CallID) *node {
	for _, n := range a.nodes {
		if n.has(id) {
			return n
		}
	}
	return a.nodes[0]
}

// homeOf gives the Asterisk that a telephone is registered at, first where the
// call is; nil where that is not known.
func (a *App) homeOf(phone hotline.PhoneID, call *node) *node {
	if call.registered(phone) {
		return call
	}
	for _, n := range a.nodes {
		if n.registered(phone) {
			return n
		}
	}
	return nil
}

func (n *node) registered(phone hotline.PhoneID) bool {
	m := n.online.Load()
	return m != nil && (*m)[string(phone)]
}

// online are the telephones that are registered anywhere.
func (a *App) online() map[string]bool {
	all := map[string]bool{}
	for _, n := range a.nodes {
		if m := n.online.Load(); m != nil {
			for id, on := range *m {
				all[id] = all[id] || on
			}
		}
	}
	return all
}

// exchanges gives the connections there are.
func (a *App) exchanges() (xs []*pbx.Exchange) {
	for _, n := range a.nodes {
		if x := n.up(); x != nil {
			xs = append(xs, x)
		}
	}
	return xs
}

// giveUpAfter is how long an Asterisk may be away before its calls are taken as
// lost: it may be cut off and its callers there all the same. Where its host refuses
// the connection the process is gone and its calls with it; goneAfter is only longer
// than a moment.
const (
	giveUpAfter = 10 * time.Second
	goneAfter   = 2 * time.Second
)

// patience is how long an Asterisk is waited for that cannot be reached because of
// err.
func patience(err error) time.Duration {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return goneAfter
	}
	return giveUpAfter
}

// giveUp closes the calls of an Asterisk that died, as lost, and frees the agents
// who talked there. Where there is only one, nothing can be served before it is
// back, and nothing is given up.
func (a *App) giveUp(ctx context.Context, n *node) {
	if n.alone || n.lost.Swap(true) {
		return
	}
	a.log.Error("ALARM: an Asterisk does not answer; its calls are lost", "asterisk", n.Name)
	a.cut(ctx, n)
	for _, x := range a.exchanges() {
		if err := x.HangUpFrom(ctx, n.Name); err != nil {
			a.log.Warn("hang up the agents' legs of a lost Asterisk", "asterisk", n.Name, "err", err)
		}
	}
	records, err := a.records(ctx, n)
	if err != nil {
		a.log.Error("the calls of a lost Asterisk are closed later", "asterisk", n.Name, "err", err)
		n.lost.Store(false)
		return
	}
	for _, rec := range records {
		if !a.calls.has(rec.Facts.Call) {
			a.close(rec, ivr.ErrLost)
		}
	}
	none := func(hotline.CallID) bool { return false }
	if err := a.board.Sync(ctx, n.routed(), nil, none); err != nil {
		a.log.Warn("the board keeps the calls of a lost Asterisk", "asterisk", n.Name, "err", err)
	}
}

// cut ends the talks of callers elsewhere with agents whose telephones were at the
// Asterisk that died; the callers wait again.
func (a *App) cut(ctx context.Context, n *node) {
	v, err := a.board.View(ctx)
	if err != nil {
		return
	}
	online := a.online()
	for _, ag := range v.Agents {
		if ag.Offer == 0 || n.has(ag.Call) || !n.was[string(ag.Phone)] || online[string(ag.Phone)] {
			continue
		}
		if x := a.nodeOf(ag.Call).up(); x != nil {
			x.Cut(hotline.Offer{ID: ag.Offer, Call: ag.Call, Agent: ag.ID, Phone: ag.Phone})
		}
	}
}

// phones rings through the Asterisk that the caller is on.
type phones struct{ a *App }

func (p phones) Ring(ctx context.Context, o hotline.Offer) error {
	n := p.a.nodeOf(o.Call)
	x := n.up()
	if x == nil {
		return hotline.Errorf(hotline.Unavailable, "Asterisk is not connected")
	}
	through := ""
	if home := p.a.homeOf(o.Phone, n); home != nil && home != n {
		through = home.Name
	}
	return x.Ring(ctx, o, through)
}

func (p phones) Cancel(ctx context.Context, o hotline.Offer) {
	if o.Call == "" { // a leg of nobody: whoever has it
		for _, x := range p.a.exchanges() {
			x.Cancel(ctx, o)
		}
		return
	}
	if x := p.a.nodeOf(o.Call).exchange.Load(); x != nil {
		x.Cancel(ctx, o)
	}
}
