package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"hotline"
	"hotline/app"
	"hotline/ivr"
	"hotline/live"
	"hotline/pbx/ari"
	"hotline/routing"
	"hotline/site"
	"hotline/store"
	"hotline/voice"
)

// controllerWord, as the first argument, makes this program the controller of
// a bench: package app as hotline serve runs it, with the bench's flow, its
// agents signed in, and a profile to be read.
const controllerWord = "controller"

// controllerMain runs the controller until its standard input ends.
func controllerMain(args []string) error {
	var dir, phones string
	f := flag.NewFlagSet(controllerWord, flag.ContinueOnError)
	f.StringVar(&dir, "dir", "", "the site's folder")
	f.StringVar(&phones, "phones", "", "the telephones, with an agent each")
	if err := f.Parse(args); err != nil {
		return err
	}
	at, err := site.Read(dir)
	if err != nil {
		return err
	}
	ctx := context.Background()
	profile, err := serveProfile()
	if err != nil {
		return err
	}
	m := newMeter()
	a, db, err := newController(ctx, at, flow(), m)
	if err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return err
	}
	if err := signIn(ctx, a, db, strings.Split(phones, ",")); err != nil {
		return err
	}
	fmt.Println("ready", profile)
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() { // each line asks for the counts so far
		fmt.Println(m.line())
	}
	stop, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return a.Stop(stop)
}

// flow is the script of the bench, the shortest way to a person.
func flow() *ivr.Flow {
	return &ivr.Flow{
		Name: "direct", Hash: "bench", Begin: "queue", Keyed: "queue", Sorry: "sorry",
		Places: map[hotline.HotlineKey]ivr.Place{"": {Queue: "general"}},
		Steps: map[string]ivr.Step{
			"queue": ivr.QueueStep{Say: []string{"greeting"}, Answered: "talk"},
			"talk":  ivr.TalkStep{Next: "end", Queue: "queue"},
			"sorry": ivr.SayStep{Say: []string{"sorry"}, Next: "queue"},
			"end":   ivr.EndStep{},
		},
	}
}

func newController(ctx context.Context, at site.Addresses, flow *ivr.Flow, m app.Meter) (*app.App, *store.Store, error) {
	password, err := at.RedisPassword()
	if err != nil {
		return nil, nil, err
	}
	boot, err := at.BootPassword()
	if err != nil {
		return nil, nil, err
	}
	l, err := live.Open(ctx, live.Options{Address: at.Redis, Password: password})
	if err != nil {
		return nil, nil, err
	}
	db, err := store.Open(ctx, store.Options{DSN: filepath.Join(at.Dir, "hotline.db")})
	if err != nil {
		return nil, nil, err
	}
	sounds, err := speak(ctx, at, flow)
	if err != nil {
		return nil, nil, err
	}
	return app.New(app.Options{
		Script: script{flow}, Sounds: app.Sounds{Library: sounds, Language: "zh"}, Live: l, Store: db, Meter: m,
		Rules:     routing.Rules{Ring: 20 * time.Second, Rest: 5 * time.Second, Misses: 3, Ageing: time.Minute, Lifetime: 2 * time.Second},
		Asterisks: []app.Asterisk{{Name: "a1", Boot: ari.Config{URL: at.ARI, User: site.BootUser, Password: boot, App: site.ARIApp}, Media: "127.0.0.1"}},
		Music:     "hotline",
		Journal:   filepath.Join(at.Dir, "journal"), Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}), db, nil
}

// speak makes the flow's prompts as tones, each its own.
func speak(ctx context.Context, at site.Addresses, flow *ivr.Flow) (*voice.Library, error) {
	sounds, err := voice.Open(voice.Options{Cache: filepath.Join(at.Dir, "voice"), Speaker: voice.ToneSpeaker{}})
	if err != nil {
		return nil, err
	}
	var prompts []voice.Prompt
	there := map[string]bool{}
	for _, s := range flow.Steps {
		for _, k := range s.Prompts() {
			if !there[k] {
				prompts = append(prompts, voice.Prompt{Key: k, Text: k, Language: "zh", Where: "bench:1"})
			}
			there[k] = true
		}
	}
	return sounds, sounds.Build(ctx, prompts)
}

// signIn signs an agent in at each telephone.
func signIn(ctx context.Context, a *app.App, db *store.Store, phones []string) error {
	for i, phone := range phones {
		id := hotline.AgentID(fmt.Sprint(1001 + i))
		if err := db.AddAgent(ctx, store.Agent{ID: id, Name: "bench", Enabled: true}); err != nil {
			return err
		}
		if err := a.SignIn(ctx, id, hotline.PhoneID(phone), nil); err != nil {
			return err
		}
	}
	return nil
}

// serveProfile lets the bench read profiles of this process, and tells where.
func serveProfile() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	go func() { _ = http.Serve(l, mux) }() // ends with the process
	return l.Addr().String(), nil
}

// script is one flow at all hours.
type script struct{ flow *ivr.Flow }

func (s script) Flow(hash string) (*ivr.Flow, bool)             { return s.flow, hash == s.flow.Hash }
func (s script) FlowAt(time.Time) *ivr.Flow                     { return s.flow }
func (s script) OldNumber(...string) (hotline.HotlineKey, bool) { return "", false }

// counts is what went to and fro between us and Asterisk, by kind.
type counts struct {
	Events, Requests map[string]int
	// Busy is how many microseconds Asterisk was at work on the requests of a
	// kind, as far as it carries them out one after the other.
	Busy  map[string]int
	Took  map[string]int // the same from sending to answer, waiting included
	Calls int            // that ended
}

// meter counts it, in the controller's process.
type meter struct {
	mu   sync.Mutex
	last time.Time // the last answer
	counts
}

func newMeter() *meter {
	return &meter{counts: counts{Events: map[string]int{}, Requests: map[string]int{}, Busy: map[string]int{}, Took: map[string]int{}}}
}

func (m *meter) Event(t ari.Type, _ time.Duration) { m.add(m.Events, string(t)) }
func (m *meter) Skipped(what string)               { m.add(m.Events, "skipped "+what) }
func (m *meter) Request(verb string, status int, took time.Duration) {
	m.add(m.Requests, fmt.Sprintf("%s %d", verb, status))
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.Busy[verb] += int(min(took, now.Sub(m.last)).Microseconds())
	m.Took[verb] += int(took.Microseconds())
	m.last = now
}
func (m *meter) Ended(hotline.Outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Calls++
}
func (m *meter) Rang(time.Duration) {}
func (m *meter) Resync(why string)  { m.add(m.Events, "resync "+why) }
func (m *meter) Unsaved()           { m.add(m.Events, "unsaved") }
func (m *meter) Unrecorded()        {}
func (m *meter) Refused(string)     {}
func (m *meter) ShutOut()           {}

func (m *meter) add(to map[string]int, what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	to[what]++
}

func (m *meter) line() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts.line()
}

// line gives the counts on one line.
func (c counts) line() string {
	b, err := json.Marshal(c)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
