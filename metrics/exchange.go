package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	mostTypes   = 64 // of events; about forty are known
	mostUnknown = 50 // of surprises
	mostVerbs   = 96 // of requests; about fifty are known
	mostWhys    = 16
)

// exchange counts what goes to and comes from Asterisk. It is what pbx/ari's
// meter asks for, with the event's type as a plain string: the adapters do not
// know one another, so the app's meter turns it.
type exchange struct {
	types, unknowns, verbs, whys *bound

	events   *prometheus.CounterVec
	lag      prometheus.Histogram
	unknown  *prometheus.CounterVec
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	resyncs  *prometheus.CounterVec
}

func (x *exchange) register(r prometheus.Registerer) {
	x.types, x.unknowns, x.verbs, x.whys = newBound(mostTypes), newBound(mostUnknown), newBound(mostVerbs), newBound(mostWhys)
	x.events = prometheus.NewCounterVec(counter("asterisk_events_total", "Events handed over, by type."), []string{"type"})
	x.lag = prometheus.NewHistogram(histogram("asterisk_event_lag_seconds",
		"From Asterisk's stamp on an event (milliseconds) to its being handed over.",
		[]float64{.001, .002, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 5, 10}))
	x.unknown = prometheus.NewCounterVec(counter("asterisk_unknown_events_total",
		"Events of an unknown type, or fields of a surprising kind (Type.field), that were skipped."), []string{"what"})
	x.requests = prometheus.NewCounterVec(counter("asterisk_requests_total",
		"Requests to Asterisk by verb and kind of answer (2xx, 4xx, 5xx, none)."), []string{"verb", "answer"})
	x.took = prometheus.NewHistogramVec(histogram("asterisk_request_seconds", "How long Asterisk took to answer a request, by verb.",
		[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}), []string{"verb"})
	x.resyncs = prometheus.NewCounterVec(counter("resyncs_total",
		"How often a call (or the whole connection) was looked at anew because events were missed."), []string{"what"})
	for _, what := range []string{"call", "connection"} {
		x.resyncs.WithLabelValues(x.whys.label(what))
	}
	r.MustRegister(x.events, x.lag, x.unknown, x.requests, x.took, x.resyncs)
}

// Event counts an event that was handed over, lag after Asterisk stamped it.
func (x *exchange) Event(kind string, lag time.Duration) {
	x.events.WithLabelValues(x.types.label(kind)).Inc()
	x.lag.Observe(seconds(lag))
}

// Skipped counts an event of an unknown type, or a field of a surprising kind.
func (x *exchange) Skipped(what string) {
	x.unknown.WithLabelValues(x.unknowns.label(what)).Inc()
}

// Request counts a request that is over: its verb, the HTTP status (0: no
// answer) and the time it took.
func (x *exchange) Request(verb string, status int, took time.Duration) {
	verb = x.verbs.label(verb)
	x.requests.WithLabelValues(verb, class(status)).Inc()
	x.took.WithLabelValues(verb).Observe(seconds(took))
}

// Resync counts that something was looked at anew: a "call", or the whole
// "connection".
func (x *exchange) Resync(what string) { x.resyncs.WithLabelValues(x.whys.label(what)).Inc() }

func class(status int) string {
	if status < 100 || status > 599 {
		return "none"
	}
	return strconv.Itoa(status/100) + "xx"
}
