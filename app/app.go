// Package app wires the house together: what the domain needs is given to it
// here, and nowhere else is everything imported. It is importable, so that
// tests run the whole in one process.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/live"
	"hotline/live/lease"
	"hotline/pbx"
	"hotline/pbx/ari"
	"hotline/pbx/guard"
	"hotline/recording"
	"hotline/routing"
	"hotline/store"
)

// Script gives the flows of calls; the city wrote them.
type Script interface {
	// Flow finds a flow by the hash of all that was written; a call is played to
	// its end in the flow it began with, if that is still known.
	Flow(hash string) (*ivr.Flow, bool)
	// FlowAt gives the flow of a call that arrives at t.
	FlowAt(t time.Time) *ivr.Flow
	// OldNumber finds the former hotline a call came through, by the number
	// dialled and the headers that may name it.
	OldNumber(candidates ...string) (hotline.HotlineKey, bool)
}

// Options are the parts and settings of one controller.
type Options struct {
	Script Script
	Sounds pbx.Sounds
	Live   *live.Store
	Store  *store.Store
	Rules  routing.Rules
	Meter  Meter
	// OnDuty are the telephones that ring as well at t, beside the agents who are
	// signed in, and what whoever answers them can do; nil: none do.
	OnDuty func(t time.Time) ([]hotline.PhoneID, []hotline.Skill)
	// Recordings keeps recorded talks; nil records nothing.
	Recordings *recording.Keeper

	// Asterisks are those that callers and telephones are on; at least one.
	Asterisks []Asterisk
	// Music is the class of music on hold.
	Music string
	// Journal is the folder of finished calls on their way to SQL.
	Journal string
	Log     *slog.Logger

	// Guard says how many wrong passwords are one too many; nil: nobody counts.
	Guard *guard.Options
	// SRTP is how telephones' sound is encrypted (asteriskconfig.SRTPOff, "" too).
	SRTP string

	// Stuck is told when a part of this controller (board, exchange, saving) has
	// not answered for StuckAfter (0: 5 s): it must end the process, for what is
	// stuck cannot hand over. nil: nobody watches.
	Stuck      func(part string)
	StuckAfter time.Duration

	// Limits say when new callers are not taken.
	Limits Limits
	// Gate is the URL of the figures of the gate before Asterisk; "" there is none.
	Gate string
}

// App is one controller.
type App struct {
	opt Options
	log *slog.Logger
	now func() time.Time

	board    *routing.Dispatcher
	journal  *store.Journal
	numbers  *store.Numbers
	leases   *lease.Keeper
	nameless error // why it is not known who we are
	followed bool  // another controller served before this one, and may be alive

	nodes    []*node
	calls    calls
	unsaved  unsaved
	foreign  foreign
	diary    diary
	watchdog *watchdog
	doors    doors
	door     *guard.Guard // nil: nobody counts
	accounts sync.Mutex   // of telephones: one change after the other

	// Calls end first: what they need lasts until each is put down, or what an
	// orderly end cuts off (a join under way) would be taken for a failure.
	life  context.Context // of the calls
	end   context.CancelCauseFunc
	parts context.Context // of what they need: the board, the connections, saving
	halt  context.CancelFunc
	done  sync.WaitGroup
	over  chan error
}

// New makes a controller; Start starts it.
func New(o Options) *App {
	if o.Meter == nil {
		o.Meter = deaf{}
	}
	a := &App{opt: o, log: o.Log, now: time.Now, over: make(chan error, 1)}
	for _, x := range o.Asterisks {
		a.nodes = append(a.nodes, &node{Asterisk: x, alone: len(o.Asterisks) == 1})
	}
	a.calls.init()
	a.unsaved.init()
	a.doors.init(o.Limits)
	a.diary = make(diary, mostEntries)
	a.board = routing.New(o.Live, phones{a}, o.Rules, a.boardEars(), time.Now)
	var self lease.Holder
	self, a.nameless = lease.Self()
	a.leases = lease.NewKeeper(o.Live, self, lease.TTL)
	a.watchdog = newWatchdog(o.StuckAfter, a.questions()...)
	return a
}

// startWithin is how long a controller may take from having the leases until it
// serves.
const startWithin = 30 * time.Second

// Start takes the leases, recovers what a controller before left, and serves
// until Stop. It returns when calls are served. While another controller serves
// it stands by, for as long as ctx lives. Start-up is recovery with an empty
// list.
func (a *App) Start(ctx context.Context) error {
	a.life, a.end = context.WithCancelCause(context.Background())
	a.parts, a.halt = context.WithCancel(context.Background())
	if err := a.takeLeases(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startWithin, hotline.Errorf(hotline.Unavailable, "Asterisk, Redis or SQL did not answer within %v", startWithin))
	defer cancel()
	// The journal is of one controller at a time, so it is opened only now.
	if err := a.openBooks(ctx); err != nil {
		return err
	}
	if err := a.openDoor(); err != nil {
		return err
	}
	a.done.Go(func() { a.board.Run(a.parts, a.leases.Token(lease.Board)) })
	a.done.Go(func() { a.saveLater(a.parts) })
	a.done.Go(func() { a.keepDiary(a.parts) })
	a.done.Go(func() { a.watchLeases(a.parts) })
	a.done.Go(func() { a.remember(a.parts) })
	a.done.Go(func() { a.guard(a.parts) })
	if a.opt.Gate != "" {
		a.done.Go(func() { a.watchGate(a.parts, a.opt.Gate) })
	}
	for _, n := range a.nodes {
		if err := a.board.Away(ctx, n.routed()); err != nil {
			return err
		}
	}
	if a.door != nil {
		a.done.Go(func() { a.door.Run(a.parts) })
	}
	ready := make(chan error, len(a.nodes))
	for _, n := range a.nodes {
		a.done.Go(func() {
			if err := a.serve(a.parts, n, ready); err != nil {
				a.stopped(err)
			}
		})
	}
	for failed := 0; ; {
		select {
		case err := <-ready:
			if failed++; err != nil && failed == len(a.nodes) {
				return err
			}
			if err == nil { // one Asterisk is enough
				a.done.Go(func() { a.keepRecordings(a.parts) })
				return nil
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// takeLeases becomes the one controller: of every Asterisk and of the board. From
// then on whatever another one still writes is refused.
func (a *App) takeLeases(ctx context.Context) error {
	if a.nameless != nil {
		return a.nameless
	}
	for _, n := range a.nodes {
		if err := a.takeLease(ctx, lease.Socket(n.Name)); err != nil {
			return err
		}
	}
	if err := a.takeLease(ctx, lease.Board); err != nil {
		return err
	}
	a.opt.Live.Fence(a.leases.Token(lease.Board))
	return nil
}

// takeLease takes one lease; while another controller has it this one stands by.
func (a *App) takeLease(ctx context.Context, name string) error {
	_, err := a.leases.Take(ctx, name, lease.Dead, func(held lease.Lease) { // one that has run out may be renewed yet
		a.followed = true
		a.log.Info("standing by: another controller serves", "lease", name, "holder", held.Holder.String(), "left", held.Left)
	})
	return err
}

// Over tells, once, why the controller stopped by itself: another one is in
// charge.
func (a *App) Over() <-chan error { return a.over }

// Stop hands over: nothing is hung up, every record stands, and the leases are
// free for the next controller.
func (a *App) Stop(ctx context.Context) error {
	a.end(ivr.ErrHandOver)
	a.calls.wait()
	a.halt()
	for _, n := range a.nodes {
		if x := n.exchange.Load(); x != nil {
			x.Close()
		}
	}
	a.done.Wait()
	return errors.Join(a.leases.Release(ctx), a.closeBooks(ctx))
}

// Board is the routing, for the API.
func (a *App) Board() *routing.Dispatcher { return a.board }

// boardEars hears the routing.
func (a *App) boardEars() routing.Ears {
	return routing.Ears{
		Rang: a.rang,
		Offered: func(o hotline.Offer) {
			a.moment("offered", o.Call, "agent", o.Agent, "offer", o.ID)
		},
		Undone: func(o hotline.Offer, why routing.Why) {
			a.log.Info("offer undone", "call", o.Call, "agent", o.Agent, "why", string(why))
		},
		Paused:  a.paused,
		Resumed: a.resumed,
		Trouble: func(doing string, err error) { a.log.Warn("board", "doing", doing, "err", err) },
		Restored: func(places, agents int) {
			a.log.Warn("the board was written back", "places", places, "agents", agents)
		},
	}
}

// Meter is told what happens to calls; package metrics implements it.
type Meter interface {
	ari.Meter
	Ended(o hotline.Outcome)
	Rang(after time.Duration)
	Resync(why string)
	Unsaved()
	Unrecorded()
	Refused(why string)
	ShutOut()
}

// deaf is a Meter that hears nothing.
type deaf struct{}

func (deaf) Event(ari.Type, time.Duration)      {}
func (deaf) Skipped(string)                     {}
func (deaf) Request(string, int, time.Duration) {}
func (deaf) Ended(hotline.Outcome)              {}
func (deaf) Rang(time.Duration)                 {}
func (deaf) Resync(string)                      {}
func (deaf) Unsaved()                           {}
func (deaf) Unrecorded()                        {}
func (deaf) Refused(string)                     {}
func (deaf) ShutOut()                           {}

// moment logs one step of a call, for whoever follows calls closely.
func (a *App) moment(what string, call hotline.CallID, more ...any) {
	if !a.log.Enabled(a.life, slog.LevelDebug) {
		return
	}
	a.log.Debug("moment", append([]any{"moment", what, "call", call}, more...)...)
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

var (
	_ ivr.Line       = (*pbx.Line)(nil)
	_ ivr.Queue      = (*queue)(nil)
	_ routing.Store  = (*live.Store)(nil)
	_ routing.Phones = phones{}
	_ lease.Book     = (*live.Store)(nil)
)
