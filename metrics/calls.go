package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hotline"
)

const (
	// mostFlows is far above what a city plays.
	mostFlows = 16
	// shortAbandon: a caller who hangs up within 5 s is counted apart
	// (domain.md §3, ours).
	shortAbandon = 5 * time.Second
)

// waits are the edges of a caller's wait in seconds. 15 is the standard's
// (GB/T 33358-2016: a person within 15 s).
func waits() []float64 {
	return []float64{1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600}
}

// calls counts finished calls.
type calls struct {
	flows    *bound
	ended    *prometheus.CounterVec
	offered  prometheus.Counter
	answered prometheus.Counter
	short    prometheus.Counter
	toPerson *prometheus.HistogramVec
	level    prometheus.Histogram
	talk     prometheus.Histogram
	rang     prometheus.Histogram
}

func (c *calls) register(r prometheus.Registerer) {
	c.flows = newBound(mostFlows)
	c.ended = prometheus.NewCounterVec(counter("calls_total", "Finished calls by how they ended; each left a ticket."), []string{"end"})
	for _, e := range ends() {
		c.ended.WithLabelValues(string(e))
	}
	c.offered = prometheus.NewCounter(counter("calls_offered_total",
		"Finished calls whose caller wanted a person. hotline_service_level_seconds_bucket{le=\"15\"} over this is the answer rate of offered calls."))
	c.answered = prometheus.NewCounter(counter("calls_answered_total",
		"Finished calls that a person answered. hotline_service_level_seconds_bucket{le=\"15\"} over this is the answer rate of answered calls."))
	c.short = prometheus.NewCounter(counter("calls_abandoned_short_total",
		"Finished calls whose caller hung up within 5 s of arriving, before a person; also in hotline_calls_total."))
	c.toPerson = prometheus.NewHistogramVec(histogram("invite_to_person_seconds",
		"From the INVITE to a person, greeting and menu included, by flow; answered calls.", waits()), []string{"flow"})
	c.level = prometheus.NewHistogram(histogram("service_level_seconds",
		"From the end of the caller's choice to the agent's answer; answered calls. The standard's edge is 15 s.", waits()))
	c.talk = prometheus.NewHistogram(histogram("talk_seconds", "How long caller and agent talked.",
		[]float64{5, 15, 30, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1800, 3600}))
	c.rang = prometheus.NewHistogram(histogram("ring_latency_seconds",
		"From the choice of an agent for a caller to his phone ringing.",
		[]float64{.001, .002, .003, .005, .0075, .01, .015, .02, .05, .1, .25, .5, 1, 2.5, 5}))
	r.MustRegister(c.ended, c.offered, c.answered, c.short, c.toPerson, c.level, c.talk, c.rang)
}

// Ended counts a finished call. A call that was played on by another
// controller is counted by the one that ended it.
func (c *calls) Ended(o hotline.Outcome) {
	c.ended.WithLabelValues(endLabel(o.End)).Inc()
	answered := !o.Joined.IsZero()
	if answered || !o.Chosen.IsZero() {
		c.offered.Inc()
	}
	if !answered {
		if o.EndedBy == hotline.SideCaller && o.Ended.Sub(o.Arrived) < shortAbandon {
			c.short.Inc()
		}
		return
	}
	c.answered.Inc()
	c.toPerson.WithLabelValues(c.flows.label(o.Flow)).Observe(seconds(o.Joined.Sub(o.Arrived)))
	chosen := o.Chosen
	if chosen.IsZero() {
		chosen = o.Arrived
	}
	c.level.Observe(seconds(o.Joined.Sub(chosen)))
	if !o.TalkEnded.IsZero() {
		c.talk.Observe(seconds(o.TalkEnded.Sub(o.Joined)))
	}
}

// Rang measures how long it took from the choice of an agent to his phone
// ringing.
func (c *calls) Rang(after time.Duration) { c.rang.Observe(seconds(after)) }

func endLabel(e hotline.End) string {
	for _, known := range ends() {
		if e == known {
			return string(e)
		}
	}
	return other
}

// seconds never gives less than 0: two clocks may differ by a little.
func seconds(d time.Duration) float64 { return max(d.Seconds(), 0) }
