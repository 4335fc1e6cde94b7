package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"hotline"
)

// Metrics is everything that is counted. All methods may be called from many
// goroutines and return at once. The zero value is not ready; use New.
type Metrics struct {
	registry *prometheus.Registry
	calls
	exchange
	upkeep
	door
}

// New makes the figures, all at zero.
func New() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.calls.register(m.registry)
	m.exchange.register(m.registry)
	m.upkeep.register(m.registry)
	m.door.register(m.registry)
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Handler answers a scrape. It never fails as a whole because of one figure.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: 4,
		Timeout:             10 * time.Second,
	})
}

// Gauge adds a figure that is read at each scrape, for example
// Gauge("journal_backlog", "Finished calls that SQL does not have yet.", read);
// its name gets hotline_ before it. It is for start-up: a name given twice
// panics.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "hotline", Name: name, Help: help}, read))
}

// Count adds a figure that only grows and is read at each scrape; see Gauge.
func (m *Metrics) Count(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(counter(name, help), read))
}

// ends are the ways a call can end, so that each has its line from the start.
func ends() []hotline.End {
	return []hotline.End{
		hotline.EndAnswered, hotline.EndAbandonedGreeting, hotline.EndAbandonedMenu, hotline.EndAbandonedQueue,
		hotline.EndAbandonedRinging, hotline.EndMessage, hotline.EndSelfService, hotline.EndLost, hotline.EndRefused,
		hotline.EndAbandonedMessage, hotline.EndAbandonedFarewell, hotline.EndUnfinishedByServer,
	}
}

func counter(name, help string) prometheus.CounterOpts {
	return prometheus.CounterOpts{Namespace: "hotline", Name: name, Help: help}
}

func histogram(name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{Namespace: "hotline", Name: name, Help: help, Buckets: buckets}
}
