package metrics_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/goleak"

	"hotline"
	"hotline/metrics"
	"hotline/routing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scrape reads the figures as Prometheus does.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("a scrape answers %d: %s", w.Code, w.Body)
	}
	body, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// has looks for whole lines.
func has(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if !strings.Contains("\n"+text, "\n"+l+"\n") {
			t.Errorf("no line %q among\n%s", l, matching(text, l))
		}
	}
}

func matching(text, line string) string {
	name, _, _ := strings.Cut(line, " ")
	name, _, _ = strings.Cut(name, "{")
	var b strings.Builder
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, name) {
			b.WriteString(l)
		}
	}
	return b.String()
}

// all has everything happen once.
func all(t *testing.T) *metrics.Metrics {
	t.Helper()
	m := metrics.New()
	m.Gauge("journal_backlog", "Finished calls that SQL does not have yet.", func() float64 { return 3 })
	m.Board(func() (routing.View, bool) { return board(), true }, "water", "city")
	m.Event("StasisStart", 3*time.Millisecond)
	m.Skipped("ApplicationMoved")
	m.Request("channel.answer", 204, 2*time.Millisecond)
	m.Request("channel.answer", 0, 2*time.Second)
	m.Resync("call")
	m.Rang(4 * time.Millisecond)
	m.Unsaved()
	m.Reloaded(nil)
	m.Reloaded(errors.New("configs/hotline.yaml:3: no such setting"))
	m.Served("board", 200, time.Millisecond)
	m.Served("live", 200, time.Hour)
	m.CutOff()
	return m
}

func board() routing.View {
	now := hotline.Millis(1_000_000)
	return routing.View{
		Now: now, Stale: true,
		Agents: []routing.Agent{{ID: "1001", State: routing.Free}, {ID: "1002", State: routing.Talking}, {ID: "1003", State: routing.Talking}},
		Waiting: []hotline.Place{
			{Call: "a.1", Queue: "water", Since: now.Add(-12 * time.Second)}, {Call: "a.2", Queue: "water", Since: now.Add(-3 * time.Second)},
		},
	}
}

// TestTheNamesKeepToTheConventions lints what a scrape gives, as promtool does.
func TestTheNamesKeepToTheConventions(t *testing.T) {
	m := all(t)
	m.Ended(answered(time.Second))
	problems, err := promlint.New(strings.NewReader(scrape(t, m))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "hotline_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	for l := range strings.Lines(scrape(t, m)) {
		if name, ok := strings.CutPrefix(l, "# TYPE "); ok && !strings.HasPrefix(name, "hotline_") && !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
			t.Errorf("a name of nobody: %s", name)
		}
	}
}

func answered(wait time.Duration) hotline.Outcome {
	at := time.Date(2026, 5, 1, 1, 0, 0, 0, time.UTC)
	return hotline.Outcome{
		Call: "a.1", Flow: "menu", Arrived: at, Chosen: at.Add(4 * time.Second), Joined: at.Add(4*time.Second + wait),
		TalkEnded: at.Add(100 * time.Second), Ended: at.Add(101 * time.Second), End: hotline.EndAnswered, EndedBy: hotline.SideAgent,
	}
}

// TestBothAnswerRatesCanBeComputed: ten calls; both rates come out of the
// figures as the README's queries compute them.
func TestBothAnswerRatesCanBeComputed(t *testing.T) {
	m := metrics.New()
	at := answered(0).Arrived
	for _, wait := range []time.Duration{1, 5, 14, 15, 16, 70} { // seconds; four are within 15
		m.Ended(answered(wait * time.Second))
	}
	m.Ended(hotline.Outcome{Arrived: at, Chosen: at.Add(time.Second), Ended: at.Add(40 * time.Second), End: hotline.EndAbandonedQueue, EndedBy: hotline.SideCaller})
	m.Ended(hotline.Outcome{Arrived: at, Chosen: at.Add(time.Second), Ended: at.Add(4 * time.Second), End: hotline.EndAbandonedRinging, EndedBy: hotline.SideCaller})
	m.Ended(hotline.Outcome{Arrived: at, Ended: at.Add(2 * time.Second), End: hotline.EndAbandonedGreeting, EndedBy: hotline.SideCaller})
	m.Ended(hotline.Outcome{Arrived: at, Ended: at.Add(30 * time.Second), End: "eaten", EndedBy: hotline.SideSystem})
	text := scrape(t, m)
	has(t, text,
		`hotline_service_level_seconds_bucket{le="15"} 4`, // 4 of 6 answered, 4 of 8 offered
		`hotline_service_level_seconds_count 6`,
		`hotline_calls_answered_total 6`,
		`hotline_calls_offered_total 8`,
		`hotline_calls_abandoned_short_total 2`,
		`hotline_calls_total{end="answered"} 6`,
		`hotline_calls_total{end="abandoned_queue"} 1`,
		`hotline_calls_total{end="lost"} 0`,
		`hotline_calls_total{end="other"} 1`,
		`hotline_invite_to_person_seconds_bucket{flow="menu",le="15"} 2`, // 4 s of greeting and menu come before
		`hotline_invite_to_person_seconds_count{flow="menu"} 6`,
	)
}

// TestTheBoardIsReadAtTheScrape: states, waits, and nothing when another
// controller holds the board.
func TestTheBoardIsReadAtTheScrape(t *testing.T) {
	has(t, scrape(t, all(t)),
		`hotline_agents{state="free"} 1`, `hotline_agents{state="talking"} 2`, `hotline_agents{state="paused"} 0`,
		`hotline_waiting_callers{queue="water"} 2`, `hotline_waiting_callers{queue="city"} 0`,
		`hotline_longest_wait_seconds{queue="water"} 12`, `hotline_longest_wait_seconds{queue="city"} 0`,
		`hotline_board_stale 1`, `hotline_journal_backlog 3`,
		`hotline_asterisk_requests_total{answer="none",verb="channel.answer"} 1`,
		`hotline_asterisk_requests_total{answer="2xx",verb="channel.answer"} 1`,
		`hotline_asterisk_unknown_events_total{what="ApplicationMoved"} 1`,
		`hotline_resyncs_total{what="call"} 1`, `hotline_resyncs_total{what="connection"} 0`,
		`hotline_saves_failed_total 1`, `hotline_reloads_total{result="refused"} 1`,
		`hotline_http_requests_total{answer="2xx",operation="board"} 1`, `hotline_http_request_seconds_count 1`,
		`hotline_live_cut_off_total 1`,
	)
	m := metrics.New()
	m.Board(func() (routing.View, bool) { return routing.View{}, false })
	if text := scrape(t, m); strings.Contains(text, "hotline_agents{") {
		t.Error("a controller that does not hold the board tells its figures")
	}
}

// TestLabelsStayFew: whoever sends nonsense cannot fill the memory.
func TestLabelsStayFew(t *testing.T) {
	m := metrics.New()
	var v routing.View
	for i := range 5000 {
		nonsense := fmt.Sprintf("nonsense%d", i)
		m.Event(nonsense, 0)
		m.Skipped(nonsense)
		m.Request(nonsense, i, 0)
		m.Resync(nonsense)
		m.Served(nonsense, i, 0)
		o := answered(time.Second)
		o.Flow, o.End = nonsense, hotline.End(nonsense)
		m.Ended(o)
		v.Waiting = append(v.Waiting, hotline.Place{Queue: hotline.QueueKey(nonsense)})
	}
	m.Board(func() (routing.View, bool) { return v, true })
	if n := strings.Count(scrape(t, m), "\n"); n > 4000 {
		t.Errorf("a scrape has %d lines", n)
	}
	has(t, scrape(t, m), `hotline_asterisk_unknown_events_total{what="other"} 4950`)
}

// TestManyAtOnce: everything is counted from everywhere.
func TestManyAtOnce(t *testing.T) {
	m := metrics.New()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 500 {
				m.Event(fmt.Sprint("type", i%100), time.Millisecond)
				m.Ended(answered(time.Second))
				m.Request("channel.play", 200, time.Millisecond)
			}
		})
	}
	all.Wait()
	has(t, scrape(t, m), `hotline_calls_answered_total 4000`, `hotline_asterisk_event_lag_seconds_count 4000`)
}

// BenchmarkEvent is what an event costs the reader of the socket.
func BenchmarkEvent(b *testing.B) {
	m := metrics.New()
	for b.Loop() {
		m.Event("ChannelVarset", time.Millisecond)
	}
}
