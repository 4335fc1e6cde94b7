package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"math/big"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"hotline"
	"hotline/ticket"
)

const (
	// numberBlock is how many numbers are reserved at once: at 20 calls a
	// second one small transaction in twelve seconds.
	numberBlock = 250
	// numberAhead is how many unused numbers are kept in hand. At the busy
	// hour's 329 calls (domain.md §9) they last an hour and a half without SQL.
	// A controller that is killed leaves at most numberAhead + numberBlock of
	// the day's 99,999 unused; one that stops in order gives its last block back.
	numberAhead = 500
	// eve is how long before midnight the next day's first block is reserved.
	eve = 2 * time.Hour

	refillEvery = time.Second // looks at the clock, and retries while SQL is away
	refillWait  = 10 * time.Second
)

// block is a run of one day's numbers that nobody else can have.
type block struct {
	day        string
	next, last int
}

func (b block) left() int { return b.last - b.next + 1 }

// Numbers gives out ticket numbers from blocks reserved in SQL ahead of use,
// so that a number can be told while SQL is away. A goroutine keeps the blocks
// filled; Close ends it. Numbers of killed processes are never used again, so
// a day's numbers have gaps; they are unique, not a count.
type Numbers struct {
	store  *Store
	now    func() time.Time
	cancel context.CancelFunc
	done   chan struct{}
	low    chan struct{}

	mu     sync.Mutex
	blocks []block // in the order of their days
	err    error   // why the last refill failed
}

// OpenNumbers reserves the first blocks and starts keeping them filled. now is
// the clock (time.Now). While the database is away it waits a second and goes on:
// calls get their numbers when they are written. Error: anything that does not pass
// by itself.
func (s *Store) OpenNumbers(ctx context.Context, now func() time.Time) (*Numbers, error) {
	n := &Numbers{store: s, now: now, done: make(chan struct{}), low: make(chan struct{}, 1)}
	ctx, n.cancel = context.WithCancel(context.WithoutCancel(ctx))
	first := make(chan error, 1)
	go n.keep(ctx, first)
	select {
	case err := <-first:
		if err != nil && hotline.KindOf(err) != hotline.Unavailable {
			n.cancel()
			<-n.done
			return nil, err
		}
	case <-time.After(prepareFirst):
	}
	return n, nil
}

// Next gives a number for a call of now, and its query code. It never waits
// for SQL. When SQL was away at midnight, numbers left from the day before are
// still given: they are as unique, only their date is a day old. With no
// number left the error is Unavailable: the call goes on without one, and
// WriteOutcomes gives it one when it is written.
func (n *Numbers) Next(now time.Time) (hotline.TicketNo, string, error) {
	n.mu.Lock()
	b, err := n.take(ticket.Day(now))
	n.mu.Unlock()
	if err != nil {
		return "", "", err
	}
	no, err := ticket.NewNumber(b.day, b.next)
	if err != nil {
		return "", "", err
	}
	return no, ticket.NewQueryCode(unguessable), nil
}

// take cuts one number off the day's blocks, or off an older day's.
func (n *Numbers) take(day string) (block, error) {
	at, left := -1, 0
	for i, b := range n.blocks {
		if b.day > day || b.left() == 0 {
			continue
		}
		if at < 0 || n.blocks[at].day != b.day {
			at = i
		}
		if b.day == day {
			left += b.left()
		}
	}
	if left <= numberAhead {
		select {
		case n.low <- struct{}{}:
		default:
		}
	}
	if at < 0 {
		return block{}, hotline.Errorf(hotline.Unavailable, "no ticket number is in hand and the database gives none: %w", errors.Join(errNoNumbers, n.err))
	}
	b := n.blocks[at]
	n.blocks[at].next++
	return block{day: b.day, next: b.next, last: b.next}, nil
}

var errNoNumbers = errors.New("the reserved numbers are used up")

// Left tells how many numbers of now's day are in hand, for the gauge.
func (n *Numbers) Left(now time.Time) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.left(ticket.Day(now))
}

func (n *Numbers) left(day string) int {
	left := 0
	for _, b := range n.blocks {
		if b.day == day {
			left += b.left()
		}
	}
	return left
}

func (n *Numbers) keep(ctx context.Context, first chan<- error) {
	defer close(n.done)
	tick := time.NewTicker(refillEvery)
	defer tick.Stop()
	err := n.refill(ctx)
	n.note(err)
	first <- err
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.low:
		case <-tick.C:
		}
		n.note(n.refill(ctx))
	}
}

func (n *Numbers) note(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.err = err
}

// refill reserves what is missing: today's numbers, and tomorrow's first block
// in the evening.
func (n *Numbers) refill(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, refillWait)
	defer cancel()
	now := n.now()
	today, tomorrow := ticket.Day(now), ticket.Day(now.Add(eve))
	n.forget(today)
	for n.Left(now) <= numberAhead {
		if err := n.reserve(ctx, today); err != nil {
			return err
		}
	}
	if tomorrow != today && n.Left(now.Add(eve)) == 0 {
		return n.reserve(ctx, tomorrow)
	}
	return nil
}

// forget drops the blocks of past days once today has numbers.
func (n *Numbers) forget(today string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.left(today) == 0 {
		return
	}
	kept := n.blocks[:0]
	for _, b := range n.blocks {
		if b.day >= today && b.left() > 0 {
			kept = append(kept, b)
		}
	}
	n.blocks = kept
}

func (n *Numbers) reserve(ctx context.Context, day string) error {
	var b block
	err := n.store.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) (err error) {
		b, err = reserve(ctx, tx, day, numberBlock)
		return err
	})
	if err != nil {
		return kind(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.blocks = append(n.blocks, b)
	return nil
}

// Close ends the keeping and gives blocks back that nobody reserved behind.
func (n *Numbers) Close(ctx context.Context) error {
	n.cancel()
	<-n.done
	ctx, cancel := bounded(ctx, readWithin) // numbers not given back are only gaps
	defer cancel()
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := len(n.blocks) - 1; i >= 0; i-- {
		b := n.blocks[i]
		if _, err := n.store.write.NewRaw("UPDATE ticket_days SET reserved = ? WHERE day = ? AND reserved = ?",
			b.next-1, b.day, b.last).Exec(ctx); err != nil {
			return kind(err)
		}
	}
	n.blocks = nil
	return nil
}

// reserve takes the day's next count numbers, or its last ones.
func reserve(ctx context.Context, tx bun.Tx, day string, count int) (block, error) {
	var last int
	err := tx.NewRaw(`INSERT INTO ticket_days (day, reserved) VALUES (?, ?) ON CONFLICT (day) DO UPDATE
		SET reserved = ticket_days.reserved + excluded.reserved
		WHERE ticket_days.reserved + excluded.reserved <= ? RETURNING reserved`, day, count, ticket.LastSerial).Scan(ctx, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return block{}, hotline.Errorf(hotline.Conflict, "the %d ticket numbers of %s are given out", ticket.LastSerial, day)
	}
	return block{day: day, next: last - count + 1, last: last}, err
}

// lateDays is how far lateNumber looks when a day's numbers are given out.
const lateDays = 7

// lateNumber gives a number to a call that could not be told one: of its day,
// or of the first day after it that has one left.
func lateNumber(ctx context.Context, tx bun.Tx, arrived time.Time) (no hotline.TicketNo, err error) {
	for d := range lateDays {
		var b block
		b, err = reserve(ctx, tx, ticket.Day(arrived.AddDate(0, 0, d)), 1)
		if err == nil {
			return ticket.NewNumber(b.day, b.next)
		}
		if hotline.KindOf(err) != hotline.Conflict {
			return "", err
		}
	}
	return "", err
}

// unguessable gives a number from 0 below n out of the system's randomness.
func unguessable(n int) int {
	v, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // crypto/rand never fails on Linux; without it nothing is safe
	}
	return int(v.Int64())
}
