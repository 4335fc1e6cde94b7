package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"hotline"
	"hotline/ticket"
)

const (
	// numberBlock is how many numbers are reserved at once: at 20 calls a
	// second one small transaction in twelve seconds.
	numberBlock = 1_000
	// numberAhead is how many unused numbers are kept in hand: for ten minutes at five
	// calls a second, or nine of the busy hours of domain.md §9 (329 calls), without SQL.
	numberAhead = 3_000
	// eve is how long before midnight the next day's first block is reserved.
	eve = 2 * time.Hour

	refillEvery = time.Second // looks at the clock, and retries while SQL is away
	refillWait  = 10 * time.Second
)

// block is a run of numbers that nobody else can have.
type block struct {
	day        string // of the numbers
	serves     string // the day whose calls get them: a later one's where a day has no more
	next, last int
	noted      int // those below may be given: the hand knows of them
}

func (b block) left() int { return b.last - b.next + 1 }

// Numbers gives out ticket numbers from blocks reserved in SQL ahead of use,
// so that a number can be told while SQL is away. A goroutine keeps the blocks
// filled; Close ends it. What a killed process had in hand is gone on with by the
// next one on this machine (Hand); elsewhere it stays unused, so a day's numbers
// have gaps; they are unique, not a count.
type Numbers struct {
	store  *Store
	now    func() time.Time
	cancel context.CancelFunc
	done   chan struct{}
	low    chan struct{}
	hand   *hand // nil: killed, this process leaves all it had unused
	due    chan struct{}
	noted  chan struct{} // closed when noting has ended

	mu     sync.Mutex
	blocks []block // in the order of their days
	err    error   // why the last refill failed
}

// NumbersOptions say where the numbers in hand are noted.
type NumbersOptions struct {
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Hand is the file in which this controller notes its numbers, beside a journal
	// that only it has open. "" notes them nowhere.
	Hand string
	// Left are such files of controllers that are gone; their numbers become ours.
	Left []string
	// Report hears why Hand is not used. nil: nobody does.
	Report func(error)
}

// OpenNumbers takes up the numbers that were left, reserves the first blocks and
// starts keeping them filled. While the database is away, or has no number left for
// this day and those after it, it waits a second and goes on: calls get their numbers
// when they are written.
func (s *Store) OpenNumbers(ctx context.Context, o NumbersOptions) *Numbers {
	n := &Numbers{store: s, now: o.Now, done: make(chan struct{}), low: make(chan struct{}, 1),
		due: make(chan struct{}, 1), noted: make(chan struct{})}
	if n.now == nil {
		n.now = time.Now
	}
	if o.Hand != "" {
		var err error
		if n.hand, n.blocks, err = openHand(o.Hand, o.Left); err != nil && o.Report != nil {
			o.Report(err)
		}
	}
	ctx, n.cancel = context.WithCancel(context.WithoutCancel(ctx))
	first := make(chan struct{})
	go n.keep(ctx, first)
	go n.keepNoted(ctx)
	select {
	case <-first:
	case <-time.After(prepareFirst):
	}
	return n
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
	at, left, noted := -1, 0, 0
	for i, b := range n.blocks {
		if b.serves > day || b.left() == 0 {
			continue
		}
		if b.serves == day {
			left += b.left()
		}
		if n.hand != nil && b.next == b.noted {
			continue
		}
		if at < 0 || n.blocks[at].serves != b.serves {
			at, noted = i, 0
		}
		noted += b.noted - b.next
	}
	if left <= numberAhead {
		nudge(n.low)
	}
	if noted <= handLow {
		nudge(n.due)
	}
	if at < 0 {
		return block{}, hotline.Errorf(hotline.Unavailable, "no ticket number is in hand and the database gives none: %w", errors.Join(errNoNumbers, n.err))
	}
	b := n.blocks[at]
	n.blocks[at].next++
	return block{day: b.day, next: b.next, last: b.next}, nil
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
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
		if b.serves == day {
			left += b.left()
		}
	}
	return left
}

func (n *Numbers) keep(ctx context.Context, first chan<- struct{}) {
	defer close(n.done)
	tick := time.NewTicker(refillEvery)
	defer tick.Stop()
	held := n.Left(n.now()) > handLow
	if held { // what was left does until SQL gives more
		n.note()
		close(first)
	}
	n.failed(n.refill(ctx))
	n.note()
	if !held {
		close(first)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.low:
		case <-tick.C:
		}
		n.failed(n.refill(ctx))
	}
}

func (n *Numbers) failed(err error) {
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
	today, eve := ticket.Day(now), now.Add(eve)
	n.forget(today)
	for n.Left(now) <= numberAhead {
		if err := n.reserve(ctx, now); err != nil {
			return err
		}
	}
	if ticket.Day(eve) != today && n.Left(eve) == 0 {
		return n.reserve(ctx, eve)
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
		if b.serves >= today && b.left() > 0 {
			kept = append(kept, b)
		}
	}
	n.blocks = kept
}

// reserve takes a block for the calls of a day: of its numbers, or of those of the
// first day after it that has some left.
func (n *Numbers) reserve(ctx context.Context, of time.Time) error {
	var b block
	err := n.store.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) (err error) {
		b, err = reserveFrom(ctx, tx, of, numberBlock)
		return err
	})
	if err != nil {
		return kind(err)
	}
	b.serves, b.noted = ticket.Day(of), b.next
	n.mu.Lock()
	defer n.mu.Unlock()
	n.blocks = append(n.blocks, b)
	nudge(n.due)
	return nil
}

// Close ends the keeping and gives blocks back that nobody reserved behind; the others
// are left in the hand for whoever starts next.
func (n *Numbers) Close(ctx context.Context) error {
	n.cancel()
	<-n.done
	<-n.noted
	ctx, cancel := bounded(ctx, readWithin) // numbers not given back are only gaps
	defer cancel()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hand != nil { // first: what is given back may be somebody else's at once
		if err := n.hand.write(nil); err != nil {
			return err
		}
	}
	var kept []block
	var failed error
	for i := len(n.blocks) - 1; i >= 0; i-- {
		b := n.blocks[i]
		res, err := n.store.write.NewRaw("UPDATE ticket_days SET reserved = ? WHERE day = ? AND reserved = ?",
			b.next-1, b.day, b.last).Exec(ctx)
		if rows := int64(0); err == nil {
			if rows, err = res.RowsAffected(); err == nil && rows == 0 && b.left() > 0 {
				b.noted = b.next
				kept = append(kept, b)
			}
		}
		if err != nil {
			failed = kind(err) // it may be done all the same: a gap
		}
	}
	n.blocks = nil
	if n.hand != nil {
		slices.Reverse(kept)
		failed = errors.Join(failed, n.hand.write(kept), n.hand.close())
	}
	return failed
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

// lateDays is how far is looked for numbers when a day's are given out.
const lateDays = 366

// reserveFrom takes count numbers of a day, or of the first day after it that has so
// many left.
func reserveFrom(ctx context.Context, tx bun.Tx, of time.Time, count int) (b block, err error) {
	for d := range lateDays {
		b, err = reserve(ctx, tx, ticket.Day(of.AddDate(0, 0, d)), count)
		if hotline.KindOf(err) != hotline.Conflict {
			return b, err
		}
	}
	return b, err
}

// lateNumber gives a number to a call that could not be told one: of its day,
// or of the first day after it that has one left.
func lateNumber(ctx context.Context, tx bun.Tx, arrived time.Time) (hotline.TicketNo, error) {
	b, err := reserveFrom(ctx, tx, arrived, 1)
	if err != nil {
		return "", err
	}
	return ticket.NewNumber(b.day, b.next)
}

// unguessable gives a number from 0 below n out of the system's randomness.
func unguessable(n int) int {
	v, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // crypto/rand never fails on Linux; without it nothing is safe
	}
	return int(v.Int64())
}
