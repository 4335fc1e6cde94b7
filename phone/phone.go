// Package phone is a SIP telephone: a citizen who calls the hotline, an agent
// who registers and answers, and the telephones of the tests. It speaks real
// SIP, RTP and RFC 4733 keys, and tells what happens as it happens.
//
// A Phone owns one UDP socket and any number of calls; each call sends steady
// 20 ms packets (silence when nothing is spoken) from its first media to its
// end, and keeps what it hears. The package prints nothing; the words for the
// screen are made by Narrate. What the libraries beneath it log, Quiet silences.
//
//	citizen, err := phone.Open(phone.Options{Server: "127.0.0.1:5060", Bind: "127.0.0.2", Number: "00055501"})
//	call, err := citizen.Dial(ctx, "12345", phone.DialOptions{})
//	_, err = call.Wait(ctx, phone.Answered)
//	err = call.Press(ctx, "21")
//	err = call.Hangup(ctx)
package phone

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/diago"
	"github.com/emiago/diago/media"
	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// Options describe a telephone. Only Server is required.
type Options struct {
	// Server is the exchange's SIP address, host:port.
	Server string
	// Bind is the telephone's own address, "127.0.0.2" or "127.0.0.2:5062";
	// without a port a free one is taken. Default 127.0.0.1.
	Bind string
	// Number is the caller's number, and the account's name when Password is set.
	Number string
	// Name is the display name shown beside the number.
	Name string
	// Password of the account; with it challenges (401, 407) are answered.
	Password string
	// Codecs offered, most wanted first: PCMA, PCMU, G722, GSM, G729. Default
	// PCMA, PCMU. Only the first two can be spoken and heard; the others serve
	// to ask an exchange for a codec it lacks.
	Codecs []string
	// TLS makes the telephone speak SIP over TLS; what it says of RootCAs and
	// ServerName is how the exchange is checked. Nil: UDP.
	TLS *tls.Config
	// SRTP encrypts the sound, with the keys in the SDP (RFC 4568).
	SRTP bool
	// Expiry asked for when registering. Default 2 minutes.
	Expiry time.Duration
	// Terse sends no sound while there is nothing to say but the first packet of a
	// call, as telephones do that suppress silence (RFC 3551, 4.1). Default: silence
	// is sent.
	Terse bool
	// Keys is how keys are pressed in this telephone's calls.
	Keys Timing
	// Hear is how much received sound each call keeps. Default 2 minutes; a
	// negative value keeps nothing, for hundreds of phones in one process.
	Hear time.Duration
	// OnInvite decides what an incoming call meets. Default: answer at once.
	// It runs in the call's own goroutine and may keep the call.
	OnInvite func(*Call) Policy
}

// Phone is one telephone on one UDP socket. It is safe for concurrent use.
type Phone struct {
	opts    Options
	server  sip.Uri
	bind    string // our IP address
	port    int    // and UDP (TCP) port
	network string // udp or tls

	ua     *sipgo.UserAgent
	dg     *diago.Diago
	ctx    context.Context // ends when the telephone is closed
	cancel context.CancelFunc
	deaf   atomic.Bool    // while the socket is being closed
	wg     sync.WaitGroup // every goroutine of this telephone and its calls

	mu       sync.Mutex
	closed   bool
	onInvite func(*Call) Policy
	calls    map[*Call]struct{}
	byTag    map[string]*Call // our dialog tag → call, for what a BYE says
	incoming mailbox
	account  registration
}

// Quiet silences what the SIP and RTP libraries write to slog's default logger,
// about packets that came late for a call that is over. It is for a program's
// start, before its first telephone, as those loggers are the whole process's.
func Quiet() {
	quiet := slog.New(slog.DiscardHandler)
	sip.SetDefaultLogger(quiet)
	media.SetDefaultLogger(quiet)
}

// Open makes a telephone that listens on its address. Close it.
func Open(o Options) (*Phone, error) {
	o = o.withDefaults()
	p := &Phone{opts: o, onInvite: o.OnInvite, calls: map[*Call]struct{}{}, byTag: map[string]*Call{}}
	p.incoming.more = make(chan struct{}, 1)
	if err := o.Keys.check(); err != nil {
		return nil, err
	}
	if err := p.open(); err != nil {
		if p.cancel != nil {
			p.cancel()
			err = errors.Join(err, p.ua.Close())
		}
		return nil, fmt.Errorf("open telephone %q: %w", o.Number, err)
	}
	return p, nil
}

func (o Options) withDefaults() Options {
	if o.Bind == "" {
		o.Bind = "127.0.0.1"
	}
	if len(o.Codecs) == 0 {
		o.Codecs = []string{"PCMA", "PCMU"}
	}
	if o.Expiry == 0 {
		o.Expiry = 2 * time.Minute
	}
	if o.Hear == 0 {
		o.Hear = 2 * time.Minute
	}
	if o.OnInvite == nil {
		o.OnInvite = func(*Call) Policy { return Answer(0) }
	}
	o.Keys = o.Keys.withDefaults()
	return o
}

func (p *Phone) open() error {
	server, err := serverURI(p.opts.Server)
	if err != nil {
		return err
	}
	ip, port, err := splitBind(p.opts.Bind)
	if err != nil {
		return err
	}
	codecs, err := codecsNamed(p.opts.Codecs)
	if err != nil {
		return err
	}
	p.server, p.bind = server, ip

	quiet := slog.New(slog.DiscardHandler)
	user := escapeUser(p.opts.Number)
	if user == "" {
		user = "phone"
	}
	wire, err := p.wire(ip, port)
	if err != nil {
		return err
	}
	p.ua, err = sipgo.NewUA(
		sipgo.WithUserAgent(user), sipgo.WithUserAgenTLSConfig(p.opts.TLS),
		sipgo.WithUserAgentHostname(server.Host),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerLogger(quiet), sip.WithTransportLayerReadFilter(p.hear)),
		sipgo.WithUserAgentTransactionLayerOptions(sip.WithTransactionLayerLogger(quiet)),
	)
	if err != nil {
		return err
	}
	options := []diago.DiagoOption{
		diago.WithLogger(quiet), // first: the options after it log
		diago.WithTransport(wire),
		diago.WithMediaConfig(diago.MediaConfig{Codecs: codecs}),
		diago.WithServerRequestMiddleware(p.receive),
	}
	if p.opts.TLS != nil { // its connections begin at the telephone's own address too
		from, err := sipgo.NewClient(p.ua, sipgo.WithClientNAT(), sipgo.WithClientLogger(quiet), sipgo.WithClientConnectionAddr(net.JoinHostPort(ip, "0")))
		if err != nil {
			return err
		}
		options = append(options, diago.WithClient(from))
	}
	p.dg = diago.NewDiago(p.ua, options...)
	p.ctx, p.cancel = context.WithCancel(context.Background())
	if err := p.dg.ServeBackground(p.ctx, p.serve); err != nil {
		return err
	}
	if p.port, err = p.ownPort(); err != nil {
		return err
	}
	return p.listens()
}

// listens waits until the first request would leave by the socket we listen on:
// sipgo says that it is ready a moment before, and a request in that moment tries
// to open the same port again.
func (p *Phone) listens() error {
	for end := time.Now().Add(requestLimit); time.Now().Before(end); time.Sleep(100 * time.Microsecond) {
		if p.opts.TLS != nil {
			return nil // requests leave by connections of their own
		}
		if _, err := p.ua.TransportLayer().GetConnection("udp", p.Address()); err == nil {
			return nil
		}
	}
	return errors.New("the SIP socket did not begin to listen")
}

// Close hangs up every call, signs the account off, frees the socket and waits
// until nothing of the telephone runs any more.
func (p *Phone) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	calls := make([]*Call, 0, len(p.calls))
	for c := range p.calls {
		calls = append(calls, c)
	}
	p.mu.Unlock()

	for _, c := range calls {
		c.hangUp()
	}
	for _, c := range calls {
		<-c.done // bounded: every way to end a call has its own time limit
	}
	ctx, stop := context.WithTimeout(context.Background(), requestLimit)
	_ = p.Unregister(ctx) // an exchange that is gone cannot be told, and need not
	stop()
	p.wg.Wait()
	return p.unplug()
}

// unplug frees the socket. It first hears nothing more for a moment: sipgo opens a
// new socket, and never closes it, for a request that it has read but not yet
// begun to handle when the socket goes.
func (p *Phone) unplug() error {
	const moment = 5 * time.Millisecond
	p.deaf.Store(true)
	time.Sleep(moment)
	p.cancel()
	err := p.ua.Close()
	for pool := p.ua.TransportLayer().Pool(p.network); pool.Size() > 0; {
		time.Sleep(moment)
		err = errors.Join(err, p.ua.TransportLayer().Close())
	}
	return err
}

// hear drops what arrives while the telephone is being unplugged.
func (p *Phone) hear(_ sip.TransportReadProps, data []byte) ([]byte, error) {
	if p.deaf.Load() {
		return nil, nil
	}
	return data, nil
}

// Address is the telephone's own SIP address, host:port.
func (p *Phone) Address() string { return net.JoinHostPort(p.bind, strconv.Itoa(p.port)) }

// ownPort reads the port that was taken from the Contact diago would send; the
// transport layer itself tells it only a moment after it listens.
func (p *Phone) ownPort() (int, error) {
	t, err := p.transaction(p.ctx)
	if err != nil {
		return 0, err
	}
	return t.Origin.Contact().Address.Port, nil
}

// Calls is how many calls are under way, ringing ones included.
func (p *Phone) Calls() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.calls)
}

// enter counts one more goroutine of the telephone; false once it is closed.
func (p *Phone) enter(c *Call) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.wg.Add(1)
	if c != nil {
		p.calls[c] = struct{}{}
	}
	return true
}

func (p *Phone) forget(c *Call) {
	p.mu.Lock()
	delete(p.calls, c)
	delete(p.byTag, c.tag)
	p.mu.Unlock()
	p.wg.Done()
}

func serverURI(server string) (sip.Uri, error) {
	host, portText, err := net.SplitHostPort(server)
	if err != nil {
		return sip.Uri{}, fmt.Errorf("server %q is not an address; write host:port, as in 127.0.0.1:5060", server)
	}
	port, err := strconv.Atoi(portText)
	if err != nil || port < 1 || port > 65535 {
		return sip.Uri{}, fmt.Errorf("server %q has no valid port; write host:port, as in 127.0.0.1:5060", server)
	}
	return sip.Uri{Scheme: "sip", Host: host, Port: port}, nil
}

func splitBind(bind string) (ip string, port int, err error) {
	ip = bind
	if host, text, splitErr := net.SplitHostPort(bind); splitErr == nil {
		ip = host
		if port, err = strconv.Atoi(text); err != nil {
			return "", 0, fmt.Errorf("own address %q has no valid port; write 127.0.0.2 or 127.0.0.2:5062", bind)
		}
	}
	if net.ParseIP(ip) == nil {
		return "", 0, fmt.Errorf("own address %q is not an IP address; write 127.0.0.2 or 127.0.0.2:5062", bind)
	}
	return ip, port, nil
}
