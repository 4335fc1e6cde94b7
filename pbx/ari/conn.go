package ari

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// maxMessage bounds one message of the event socket; an answer that lists
// many channels is the longest.
const maxMessage = 16 << 20

// Conn is the event socket of one application, and the requests beside it. It
// ends once, for one reason, and never connects again by itself.
type Conn struct {
	cfg    Config
	client *Client
	ws     *websocket.Conn
	handle func(*Conn, *Event)

	hello string        // a user event of this name comes back to who hears
	heard chan struct{} // told when it has

	life    context.Context
	end     context.CancelCauseFunc // the first reason given stays
	over    chan struct{}           // closed when all has been told and put away
	pending pendings
	lanes   *lanes

	mu     sync.RWMutex
	owners map[string]*Mailbox // by id; nil: the connection has ended
}

// Connect opens the event socket, sets the event filter, makes sure that
// Asterisk answers and that events arrive, and returns. An older connection of
// the application gets ErrReplaced; one that Asterisk is just putting away can
// make this one ErrDeaf. The connection lives until ctx ends, Close, or a
// failure.
//
// handle is called for every event that belongs to no mailbox, on the reader's
// goroutine and possibly before Connect returns. It may Watch ids – the next
// event is not read before it returns, so none is missed – and start
// goroutines; it must not wait, nor send requests.
func Connect(ctx context.Context, cfg Config, handle func(*Conn, *Event)) (*Conn, error) {
	client, err := NewClient(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.App == "" {
		return nil, errors.New("ari: Config.App should name a Stasis application")
	}
	c := &Conn{cfg: client.cfg, client: client, handle: handle, over: make(chan struct{}),
		hello: "hello." + rand.Text(), heard: make(chan struct{}, 1),
		owners: map[string]*Mailbox{}, pending: pendings{byID: map[string]*Pending{}}, lanes: newLanes()}
	if c.ws, err = c.open(ctx, cfg.App); err != nil {
		client.Close()
		return nil, err
	}
	c.life, c.end = context.WithCancelCause(ctx)
	go c.run()
	if err := c.prove(ctx); err != nil {
		c.end(err)
		<-c.over
		return nil, fmt.Errorf("ari: connecting: %w", err)
	}
	return c, nil
}

// open opens a socket. The password travels in a header, never in the URL.
func (c *Conn) open(ctx context.Context, app string) (*websocket.Conn, error) {
	ctx, cancel := within(ctx, c.cfg.Timeout)
	defer cancel()
	ws, resp, err := websocket.Dial(ctx, c.cfg.URL+"/events?app="+url.QueryEscape(app), &websocket.DialOptions{
		HTTPClient: c.client.http,
		HTTPHeader: http.Header{"Authorization": {c.cfg.authorization()}},
	})
	if err != nil && resp != nil && resp.StatusCode == http.StatusUnauthorized {
		return nil, ErrUnauthorized
	}
	if err != nil {
		return nil, fmt.Errorf("ari: connecting: %w", noAnswer(err))
	}
	ws.SetReadLimit(maxMessage)
	return ws, nil
}

// prove sets the event filter over HTTP (the socket's own answers may still be
// hidden by an older filter), then has the socket answer, and an event come back.
func (c *Conn) prove(ctx context.Context) error {
	err := c.client.Do(ctx, SetEventFilter(c.cfg.App, c.cfg.Events...))
	if err == nil {
		err = c.hear(ctx)
	}
	if IsNotFound(err) { // put away since it was opened
		return fmt.Errorf("%w (%w)", ErrDeaf, err)
	}
	return err
}

// hear sends the application an event and waits for it. Where the application is
// put away Asterisk hides its answer, too.
func (c *Conn) hear(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Hear)
	defer cancel()
	if err := c.Do(ctx, userEvent(c.cfg.App, c.hello)); errors.Is(err, ErrNoAnswer) {
		return fmt.Errorf("%w (%w)", ErrDeaf, err)
	} else if err != nil {
		return err
	}
	select {
	case <-c.heard:
		return nil
	case <-c.life.Done():
		return c.why()
	case <-ctx.Done():
		return fmt.Errorf("%w (none within %v)", ErrDeaf, c.cfg.Hear)
	}
}

// Done is closed when the connection has ended and its mailboxes and requests
// have been told.
func (c *Conn) Done() <-chan struct{} { return c.over }

// Err tells why the connection ended: ErrReplaced, ErrUnauthorized, ErrLost or
// ErrClosed, possibly wrapped; nil while it lives.
func (c *Conn) Err() error {
	if c.life.Err() == nil {
		return nil
	}
	return c.why()
}

// why is the reason of the end; the end of the owner's context is ErrClosed.
func (c *Conn) why() error {
	err := context.Cause(c.life)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return ErrClosed
	}
	return err
}

// Close ends the connection and waits until everything of it is put away.
// Calls in the application stay as they are in Asterisk.
func (c *Conn) Close() {
	c.end(ErrClosed)
	<-c.over
}

// run owns the two goroutines of a connection, itself and the pinger, and puts
// everything away when either has ended.
func (c *Conn) run() {
	var pinger sync.WaitGroup
	pinger.Go(c.ping)
	c.end(c.read())
	pinger.Wait()
	_ = c.ws.CloseNow()
	c.pending.fail(c.why())
	c.abandon(c.why())
	c.lanes.close()
	c.client.Close()
	close(c.over)
}

// read does nothing but read and hand over: Asterisk closes a socket whose
// reader lets it wait (websocket_write_timeout).
func (c *Conn) read() error {
	buf := make([]byte, 0, 16<<10)
	for {
		var err error
		if buf, err = message(c.life, c.ws, buf); err != nil {
			return fmt.Errorf("%w (%w)", ErrLost, err)
		}
		if err := c.accept(string(buf)); err != nil {
			return err
		}
	}
}

// accept sorts one message.
func (c *Conn) accept(raw string) error {
	switch t := typeOf(raw); {
	case t == RESTResponse:
		c.answered(raw)
	case t == ApplicationReplaced:
		return ErrReplaced
	case t == ApplicationRegistered || t == ApplicationUnregistered:
	case !t.known():
		c.cfg.Meter.Skipped(string(t))
	default:
		e := decode(raw, t, c.cfg.Meter.Skipped)
		if t == ChannelUserevent && e.Name == c.hello {
			select {
			case c.heard <- struct{}{}:
			default:
			}
			return nil
		}
		c.cfg.Meter.Event(t, time.Since(e.Time))
		c.dispatch(e)
	}
	return nil
}

// ping asks for a pong each half of Config.Ping and gives it the other half,
// so a frozen Asterisk is noticed within Config.Ping.
func (c *Conn) ping() {
	half := c.cfg.Ping / 2
	tick := time.NewTicker(half)
	defer tick.Stop()
	for {
		select {
		case <-c.life.Done():
			return
		case <-tick.C:
		}
		ctx, cancel := context.WithTimeout(c.life, half)
		err := c.ws.Ping(ctx)
		cancel()
		if err != nil {
			c.end(fmt.Errorf("%w: no pong within %v", ErrLost, half))
			return
		}
	}
}

// write sends one message. The caller's context does not bound it: half a
// message would cost the socket, so a full one has Config.Timeout.
func (c *Conn) write(frame []byte) error {
	ctx, cancel := context.WithTimeout(c.life, c.cfg.Timeout)
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageText, frame); err != nil {
		c.end(fmt.Errorf("%w (%w)", ErrLost, err))
		return c.why()
	}
	return nil
}

// message reads one message into a buffer that is used again for the next.
func message(ctx context.Context, ws *websocket.Conn, buf []byte) ([]byte, error) {
	_, r, err := ws.Reader(ctx)
	if err != nil {
		return buf, err
	}
	return readAll(r, buf[:0])
}

// readAll reads to the end, behind what the buffer holds.
func readAll(r io.Reader, buf []byte) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}
