package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const mostOperations = 64 // of the API

// upkeep counts what keeps the house going: saves, settings, the API.
type upkeep struct {
	operations *bound

	unsaved prometheus.Counter
	silent  prometheus.Counter
	reloads *prometheus.CounterVec
	served  *prometheus.CounterVec
	took    prometheus.Histogram
	cut     prometheus.Counter
}

func (u *upkeep) register(r prometheus.Registerer) {
	u.operations = newBound(mostOperations)
	u.unsaved = prometheus.NewCounter(counter("saves_failed_total", "Times where a call stands could not be saved in time; it is saved later."))
	u.silent = prometheus.NewCounter(counter("talks_unrecorded_total", "Talks that should have been recorded and were not, for want of disk."))
	u.reloads = prometheus.NewCounterVec(counter("reloads_total", "Times the settings were read anew, by result (ok, refused)."), []string{"result"})
	for _, result := range []string{"ok", "refused"} {
		u.reloads.WithLabelValues(result)
	}
	u.served = prometheus.NewCounterVec(counter("http_requests_total", "Requests to the API and pages, by operation and kind of answer."),
		[]string{"operation", "answer"})
	u.took = prometheus.NewHistogram(histogram("http_request_seconds", "How long a request took, live events left out.",
		[]float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}))
	u.cut = prometheus.NewCounter(counter("live_cut_off_total", "Browsers cut off the live events because they were too slow."))
	r.MustRegister(u.unsaved, u.silent, u.reloads, u.served, u.took, u.cut)
}

// Unsaved counts that where a call stands could not be saved in time.
func (u *upkeep) Unsaved() { u.unsaved.Inc() }

// Unrecorded counts a talk that was not recorded for want of disk.
func (u *upkeep) Unrecorded() { u.silent.Inc() }

// Reloaded counts that the settings were read anew, or refused.
func (u *upkeep) Reloaded(err error) {
	result := "ok"
	if err != nil {
		result = "refused"
	}
	u.reloads.WithLabelValues(result).Inc()
}

// Served counts a request to the API; web's meter.
func (u *upkeep) Served(operation string, status int, took time.Duration) {
	u.served.WithLabelValues(u.operations.label(operation), class(status)).Inc()
	if operation != "live" {
		u.took.Observe(seconds(took))
	}
}

// CutOff counts a browser that was too slow; web's meter.
func (u *upkeep) CutOff() { u.cut.Inc() }
