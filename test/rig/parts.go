package rig

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"hotline"
	"hotline/app"
	"hotline/ivr"
	"hotline/live"
	"hotline/pbx"
	"hotline/pbx/ari"
	"hotline/recording"
	"hotline/routing"
	"hotline/site"
	"hotline/store"
	"hotline/voice"
)

// parts are what a controller is made of besides its own.
type parts struct {
	live   *live.Store
	store  *store.Store
	sounds *voice.Library
	// stuck ends the process of a controller that is stuck; nil where it is ours.
	stuck  func(part string)
	limits app.Limits
}

func openParts(ctx context.Context, at site.Addresses, flow *ivr.Flow) (*parts, error) {
	password, err := at.RedisPassword()
	if err != nil {
		return nil, err
	}
	p := &parts{}
	if p.live, err = live.Open(ctx, boardAt(at.Redis, password)); err != nil {
		return nil, err
	}
	if p.store, err = store.Open(ctx, store.Options{DSN: booksAt(at), Later: true}); err != nil {
		return nil, err
	}
	p.sounds, err = speak(ctx, at, flow)
	return p, err
}

func (p *parts) close() {
	_ = p.live.Close()
	_ = p.store.Close()
}

func speak(ctx context.Context, at site.Addresses, flow *ivr.Flow) (*voice.Library, error) {
	l, err := voice.Open(voice.Options{Cache: filepath.Join(at.Dir, "voice"), Speaker: voice.ToneSpeaker{}})
	if err != nil {
		return nil, err
	}
	keys := map[string]bool{}
	for _, s := range flow.Steps {
		for _, k := range s.Prompts() {
			keys[k] = true
		}
	}
	for _, k := range [...]string{"desk.in", "desk.out", "desk.wrong", "desk.away", "desk.notin", "desk.unknown", "desk.paused", "desk.free"} {
		keys[k] = true
	}
	var prompts []voice.Prompt
	for k := range keys {
		prompts = append(prompts, voice.Prompt{Key: k, Text: Text(k), Language: "zh", Where: "rig:1"})
	}
	return l, l.Build(ctx, prompts)
}

// Text is what a prompt of a story says: its key, which sounds for 0.3 s or so;
// a key that ends in a length, as menu.3s, sounds that long.
func Text(key string) string {
	_, long, ok := strings.Cut(key, ".")
	d, err := time.ParseDuration(long)
	if !ok || err != nil {
		return key
	}
	n := int(d / (50 * time.Millisecond))
	return strings.Repeat(key, n/utf8.RuneCountInString(key)+1)
}

// controller makes the controller itself.
func (p *parts) controller(at site.Addresses, others map[string]site.Addresses, flow *ivr.Flow, rules routing.Rules, log *slog.Logger) (*app.App, error) {
	first, err := asterisk("a1", at)
	if err != nil {
		return nil, err
	}
	asterisks := []app.Asterisk{first}
	for name, at := range others {
		other, err := asterisk(name, at)
		if err != nil {
			return nil, err
		}
		asterisks = append(asterisks, other)
	}
	keeper, err := keeperOf(at, flow)
	if err != nil {
		return nil, err
	}
	return app.New(app.Options{
		Stuck: p.stuck, Limits: p.limits, Gate: at.GateMetrics, Recordings: keeper,
		Script: script{flow}, Sounds: app.Sounds{Library: p.sounds, Language: "zh"}, Live: p.live, Store: p.store, Rules: rules,
		Asterisks: asterisks, Music: "hotline", Journal: filepath.Join(at.Dir, "journal"),
		Log: log,
	}), nil
}

// keeperOf keeps recordings where the flow has talks recorded.
func keeperOf(at site.Addresses, flow *ivr.Flow) (*recording.Keeper, error) {
	for _, s := range flow.Steps {
		if talk, ok := s.(ivr.TalkStep); ok && talk.Record {
			return recording.Open(recording.Options{Dir: at.Recordings, Citizen: pbx.SideCitizen, Agent: pbx.SideAgent})
		}
	}
	return nil, nil
}

func asterisk(name string, at site.Addresses) (app.Asterisk, error) {
	boot, err := at.BootPassword()
	return app.Asterisk{
		Name: name, Boot: ari.Config{URL: at.ARI, User: site.BootUser, Password: boot, App: site.ARIApp}, Media: at.Listen,
	}, err
}

// script is one flow at all hours.
type script struct{ flow *ivr.Flow }

func (s script) Flow(hash string) (*ivr.Flow, bool)             { return s.flow, hash == s.flow.Hash }
func (s script) FlowAt(time.Time) *ivr.Flow                     { return s.flow }
func (s script) OldNumber(...string) (hotline.HotlineKey, bool) { return "", false }

// here is a controller in this process.
type here struct {
	app   *app.App
	parts *parts
}

func startHere(t testing.TB, at site.Addresses, others map[string]site.Addresses, flow *ivr.Flow, rules routing.Rules) (*here, error) {
	p, err := openParts(t.Context(), at, flow)
	if err != nil {
		return nil, err
	}
	a, err := p.controller(at, others, flow, rules, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return &here{a, p}, a.Start(ctx)
}

func (h *here) addPhone(id hotline.PhoneID, password string) error {
	return h.app.AddPhone(context.Background(), id, "test", password)
}

func (h *here) signIn(id hotline.AgentID, at hotline.PhoneID, skills []hotline.Skill) error {
	return h.app.SignIn(context.Background(), id, at, skills)
}

func (h *here) ready(id hotline.AgentID) error   { return h.app.Ready(context.Background(), id) }
func (h *here) signOut(id hotline.AgentID) error { return h.app.SignOut(context.Background(), id) }
func (h *here) pause(id hotline.AgentID) error   { return h.app.Pause(context.Background(), id, "break") }

func (h *here) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	defer h.parts.close()
	return h.app.Stop(ctx)
}
