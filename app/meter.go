package app

import (
	"time"

	"hotline/metrics"
	"hotline/pbx/ari"
)

// meter gives package metrics the names that other packages' meters have.
type meter struct{ *metrics.Metrics }

// Event counts an event of Asterisk.
func (m meter) Event(t ari.Type, lag time.Duration) { m.Metrics.Event(string(t), lag) }

// measure adds the gauges: functions read at the moment of a scrape.
func (s *Service) measure() {
	c := s.city.Load()
	queues := make([]string, 0, len(c.Groups)+1)
	queues = append(queues, string(generalQueue))
	for _, g := range c.Groups {
		queues = append(queues, string(g.Key))
	}
	s.metrics.Board(s.view, queues...)
	s.metrics.Gauge("journal_backlog", "Finished calls that SQL does not have yet.", func() float64 { return float64(s.app.journal.Backlog()) })
	s.metrics.Gauge("calls", "Calls that this controller plays now.", func() float64 { return float64(s.app.calls.count()) })
	s.metrics.Count("calls_turned_away_total", "Callers who were told that they cannot be taken now, by the dialplan or by the gate before it; they have no ticket unless hotline_calls_total{end=\"refused\"} counts them too.",
		func() float64 { return float64(s.app.doors.refused.Load()) })
	s.metrics.Gauge("ticket_numbers_left", "Ticket numbers of today that can be told without SQL.", func() float64 { return float64(s.app.numbers.Left(time.Now())) })
	s.metrics.Gauge("sip_shut_out_addresses", "Addresses that are shut out now because they guessed passwords.", func() float64 { return float64(s.app.shutOut()) })
	s.metrics.Gauge("live_watchers", "Browsers that follow the live events.", func() float64 { return float64(s.web.Watchers()) })
}
