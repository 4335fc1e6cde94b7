package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// crowd is a load under which calls wait: so many waiting and so many agents,
// measured over at least so many offers.
type crowd struct {
	waiting, agents, offers int
	talks                   talks
}

// ringing is what one run with a crowd gave.
type ringing struct {
	offers     int
	gaps       []time.Duration // an agent's BYE to the first INVITE to him
	busy       time.Duration   // mean time from an agent's INVITE to his BYE
	ended      int             // talks that ended within the time measured
	byCitizen  int             // of them by the citizen's side
	took       time.Duration   // the time measured
	agents     int
	cpu        usage
	generator  time.Duration // processor time of the load itself: SIPp, the capture and this program
	resident   int64         // of the controller
	failed     int
	unjoined   int
	vain       int             // calls to agents that were never answered
	joins      []time.Duration // from an agent's ACK until the citizen heard him
	jitter     time.Duration
	fewest     int // waiting at the end
	before     counts
	after      counts
	complaints string
}

// floor is how long the calls would take if no agent ever waited, and ratio how
// much longer they took.
func (r ringing) ratio() float64 {
	floor := float64(r.ended) * r.busy.Seconds() / float64(r.agents)
	return r.took.Seconds() / floor
}

// cpuPerCall is the processor time of one call.
func (r ringing) cpuPerCall() time.Duration { return r.cpu.sum() / time.Duration(max(1, r.ended)) }

// measureRing lets a crowd call e and measures while all places are taken.
func measureRing(ctx context.Context, o options, e engine, c crowd) (ringing, error) {
	r := ringing{agents: c.agents}
	w, err := openWorld(ctx, o, c.agents, c.waiting+c.agents)
	if err != nil {
		return r, err
	}
	defer w.close()
	if err := w.start(ctx, o, e); err != nil {
		return r, err
	}
	l, err := startLoad(ctx, w, c.talks)
	if err != nil {
		return r, err
	}
	err = l.crowd(ctx, o, e, c, &r)
	r.complaints = l.complaints()
	if closed := l.close(); err == nil {
		err = closed
	}
	return r, err
}

// crowd fills the queue, measures, and reads the capture.
func (l *load) crowd(ctx context.Context, o options, e engine, c crowd, r *ringing) error {
	atOnce := c.waiting + c.agents
	if _, err := l.call(e, atOnce, 300, 100*c.offers); err != nil {
		return err
	}
	if err := l.until(60*time.Second, "the queue is full", func() bool {
		waiting, talking, _ := l.state()
		return waiting >= c.waiting*97/100 && talking > 0
	}); err != nil {
		return err
	}
	var err error
	if r.before, err = l.w.counts(l.ctx); err != nil {
		return err
	}
	_, _, first := l.state()
	j := startJitter()
	before, err := l.w.usage()
	if err != nil {
		return err
	}
	generated := l.cost()
	began := time.Now()
	profiled := make(chan error, 1)
	go func() { profiled <- l.profile(o) }()
	err = l.until(3*time.Minute, "enough calls are offered", func() bool {
		_, _, offers := l.state()
		return offers-first >= c.offers+c.agents // each agent's first has no BYE before it
	})
	ended := time.Now()
	if err != nil {
		after, _ := l.w.counts(l.ctx)
		return fmt.Errorf("%w; %s", err, after.line())
	}
	after, err := l.w.usage()
	if err != nil {
		return err
	}
	r.cpu, r.generator = after.since(before), l.cost()-generated
	r.jitter = j.p99()
	r.fewest, _, _ = l.state()
	if l.w.controller != nil {
		if r.resident, err = residentOf(l.w.controller.cmd.Process.Pid); err != nil {
			return err
		}
	}
	if r.after, err = l.w.counts(l.ctx); err != nil {
		return err
	}
	l.mu.Lock()
	l.sum(r, began, ended)
	l.mu.Unlock()
	return <-profiled
}

// profile saves a profile of our controller where one was asked for.
func (l *load) profile(o options) error {
	if o.profile == "" || l.w.profile == "" {
		return nil
	}
	return l.w.saveProfile(l.ctx, o.profileFor, o.profile)
}

// sum reads what the capture saw between two moments.
func (l *load) sum(r *ringing, began, ended time.Time) {
	within := func(t time.Time) bool { return !t.Before(began) && t.Before(ended) }
	last := map[string]*leg{}
	var busy []time.Duration
	for _, g := range l.order {
		if before := last[g.agent]; before != nil && within(g.invited) {
			r.offers++
			if !before.bye.IsZero() && within(before.bye) {
				r.gaps = append(r.gaps, g.invited.Sub(before.bye))
			}
		}
		last[g.agent] = g
		if within(g.invited) && g.up.IsZero() && g.invited.Before(ended.Add(-time.Second)) {
			r.vain++
		}
		if within(g.bye) {
			r.ended++
			busy = append(busy, g.bye.Sub(g.invited))
			if g.byUs {
				r.byCitizen++
			}
			if !g.heard.IsZero() {
				r.joins = append(r.joins, g.heard.Sub(g.up))
			}
		}
	}
	r.busy = mean(busy)
	r.took = ended.Sub(began)
	r.unjoined = l.unjoined
	_, r.failed, _ = l.w.sippCount("caller")
}

// tell writes the run in words.
func (r ringing) tell(w io.Writer, e engine, c crowd) {
	fmt.Fprintf(w, "  %-9s  %d waiting, %d agents: %d offers; BYE to next INVITE p50 %.1f ms, p99 %.1f ms, most %.1f ms; jitter p99 %.2f ms\n",
		e, c.waiting, c.agents, len(r.gaps), ms(quantile(r.gaps, .5)), ms(quantile(r.gaps, .99)), ms(quantile(r.gaps, 1)), ms(r.jitter))
	fmt.Fprintf(w, "             %d talks in %.1f s, %d ended by the citizen, busy %.0f ms each: %.3f times the floor; joined %.1f ms after ACK (p50; p99 %.1f ms); %d never joined, %d offers in vain, %d failed; %d waiting at the end\n",
		r.ended, r.took.Seconds(), r.byCitizen, ms(r.busy), r.ratio(), ms(quantile(r.joins, .5)), ms(quantile(r.joins, .99)), r.unjoined, r.vain, r.failed, r.fewest)
	n := time.Duration(max(1, r.ended))
	fmt.Fprintf(w, "             CPU per call %.2f ms: Asterisk %.2f, controller %.2f, Redis %.2f", ms(r.cpuPerCall()), ms(r.cpu.asterisk/n), ms(r.cpu.controller/n), ms(r.cpu.redis/n))
	if r.resident > 0 {
		fmt.Fprintf(w, "; controller's memory %d MB", r.resident>>20)
	}
	fmt.Fprintf(w, "; in all %.0f %% of one processor, and the load itself %.0f %%\n", 100*r.cpu.sum().Seconds()/r.took.Seconds(), 100*r.generator.Seconds()/r.took.Seconds())
}

// tellCounts writes the requests and events of each call.
func tellCounts(w io.Writer, before, after counts) {
	calls := float64(after.Calls - before.Calls)
	if calls == 0 {
		return
	}
	for _, kind := range []struct {
		name          string
		before, after map[string]int
	}{
		{"events", before.Events, after.Events}, {"requests", before.Requests, after.Requests},
		{"microseconds of answers one after the other", before.Busy, after.Busy}, {"microseconds from request to answer", before.Took, after.Took},
	} {
		total := 0
		for _, what := range sorted(kind.after) {
			n := kind.after[what] - kind.before[what]
			total += n
			fmt.Fprintf(w, "               %-30s %6.2f\n", what, float64(n)/calls)
		}
		fmt.Fprintf(w, "             %s a call: %.1f\n", kind.name, float64(total)/calls)
	}
}
