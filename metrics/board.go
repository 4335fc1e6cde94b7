package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"hotline/routing"
)

// mostQueues is far above the groups a city has; a queue's name comes from the
// settings.
const mostQueues = 32

// board reads the figures of the board at a scrape.
type board struct {
	view    func() (routing.View, bool)
	queues  *bound
	agents  *prometheus.Desc
	waiting *prometheus.Desc
	longest *prometheus.Desc
	stale   *prometheus.Desc
}

// Board adds the board's figures: agents by state, callers waiting and the
// longest wait by queue. view is called at each scrape and must be quick; false
// means that this controller does not hold the board now, and there are no
// figures: only one controller tells them. queues are the queues that have a
// line although nobody waits.
func (m *Metrics) Board(view func() (routing.View, bool), queues ...string) {
	b := &board{
		view: view, queues: newBound(mostQueues),
		agents:  desc("agents", "Signed-in agents by what they do now.", "state"),
		waiting: desc("waiting_callers", "Callers without a person now, by queue.", "queue"),
		longest: desc("longest_wait_seconds", "How long the caller waits now who waits longest, by queue.", "queue"),
		stale:   desc("board_stale", "1 while the board is away: callers wait, nobody is offered."),
	}
	for _, q := range queues {
		b.queues.label(q)
	}
	m.registry.MustRegister(b)
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("hotline_"+name, help, labels, nil)
}

// Describe names the figures.
func (b *board) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{b.agents, b.waiting, b.longest, b.stale} {
		ch <- d
	}
}

// Collect reads the board.
func (b *board) Collect(ch chan<- prometheus.Metric) {
	v, ok := b.view()
	if !ok {
		return
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	states := map[routing.State]int{}
	for _, a := range v.Agents {
		states[a.State]++
	}
	for _, s := range []routing.State{routing.Free, routing.Offered, routing.Talking, routing.WrapUp, routing.Paused} {
		gauge(b.agents, float64(states[s]), string(s))
	}
	waiting, longest := b.waits(v)
	for q, n := range waiting {
		gauge(b.waiting, float64(n), q)
		gauge(b.longest, longest[q], q)
	}
	stale := 0.0
	if v.Stale {
		stale = 1
	}
	gauge(b.stale, stale)
}

// waits counts by queue; a queue in which nobody waits counts 0.
func (b *board) waits(v routing.View) (waiting map[string]int, longest map[string]float64) {
	waiting, longest = map[string]int{}, map[string]float64{}
	for _, p := range v.Waiting {
		q := b.queues.label(string(p.Queue))
		waiting[q]++
		longest[q] = max(longest[q], v.Now.Time().Sub(p.Since.Time()).Seconds())
	}
	b.queues.mu.RLock()
	defer b.queues.mu.RUnlock()
	for q := range b.queues.seen {
		waiting[q] += 0 // makes the line
		longest[q] += 0
	}
	return waiting, longest
}
