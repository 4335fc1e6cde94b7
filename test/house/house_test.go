// Package house tells stories of the whole service, as the command serve runs
// it: the city's own configs/, a real Asterisk, a real Redis, SQLite, the API,
// real SIP telephones. Only the voice is tones, and some times are shorter.
package house

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hotline"
	"hotline/app"
	"hotline/city"
	"hotline/live"
	"hotline/phone"
	"hotline/routing"
	"hotline/site"
	"hotline/site/sitetest"
	"hotline/store"
	"hotline/voice"
)

// sounds is where all stories of this package keep their tones.
const soundsVar = "HOTLINE_HOUSE_SOUNDS"

// sitesAtOnce is how many stories run at a time: they wait more than they work.
const sitesAtOnce = "4"

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", sitesAtOnce)
	phone.Quiet()
	dir, err := os.MkdirTemp("", "house-sounds")
	if err == nil {
		err = os.Setenv(soundsVar, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

const pin = "4711"

// house is one hotline.
type house struct {
	testing.TB
	site    *site.Site
	at      site.Addresses
	configs string
	set     map[string]string
	live    *live.Store
	books   *store.Store
	prompts *phone.Library            // all of them
	each    map[string]*phone.Library // by its key, for who waits for one
	chords  map[string][]float64      // the tones of each, in Hz

	log     *sitetest.Said
	service *app.Service
	desks   map[hotline.AgentID]*desk
}

// desk is an agent's telephone.
type desk struct {
	*phone.Phone
	id       hotline.PhoneID
	password string
}

// build makes a house without a controller. set are settings besides the usual
// ones of these stories; changes are to its site.
func build(t *testing.T, set map[string]string, changes ...func(*site.Options)) *house {
	t.Helper()
	h := &house{TB: t, site: sitetest.Start(t, changes...), configs: t.TempDir(), desks: map[hotline.AgentID]*desk{}, log: &sitetest.Said{}}
	h.must(os.CopyFS(h.configs, os.DirFS(filepath.Join(filepath.Dir(sitetest.Tools(t)), "configs"))))
	h.at = h.site.Addresses()
	h.set = map[string]string{
		// A machine that others use is slow now and then; nobody is to be refused
		// for that in these stories.
		"limits.answer":   "10s",
		"directories.var": h.at.Dir, "voice.speaker": "tones", "voice.cache": os.Getenv(soundsVar),
		"routing.wrap_up": "0s", "recording.min_free": "1MB", "recording.min_free_percent": "0",
	}
	maps.Copy(h.set, set)
	password, err := h.at.RedisPassword()
	h.must(err)
	h.live, err = live.Open(t.Context(), live.Options{Address: h.at.Redis, Password: password, Timeout: 5 * time.Second}) // the story reads; it has time
	h.must(err)
	t.Cleanup(func() { _ = h.live.Close() })
	h.books, err = store.Open(t.Context(), store.Options{DSN: filepath.Join(h.at.Dir, "hotline.db")})
	h.must(err)
	t.Cleanup(func() { _ = h.books.Close() })
	t.Cleanup(h.stop)
	return h
}

// within is the same house in a subtest.
func (h *house) within(t *testing.T) *house {
	o := *h
	o.TB = t
	return &o
}

// load reads the city's folder, as the command serve does on this site.
func (h *house) load() (*city.City, error) {
	return city.Load(h.configs, city.LoadOptions{
		Environ: []string{}, Prompts: app.Prompts(), Set: h.set,
		Found: map[string]string{
			"asterisk.url": h.at.ARI, "asterisk.media": h.at.Listen, "redis.address": h.at.Redis, "http.listen": h.at.API,
			"recording.folder": h.at.Recordings, "voice.cache": h.at.Sounds,
		},
	})
}

// start starts a controller.
func (h *house) start() {
	h.Helper()
	c, err := h.load()
	h.must(err)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	h.service, err = app.Open(ctx, app.Config{City: c, Reload: h.load, Version: "test", Log: slog.New(slog.NewTextHandler(h.log, nil))})
	h.must(err)
	h.must(h.service.Start(ctx))
	h.hearing(c)
}

// stop ends the controller, as SIGTERM does.
func (h *house) stop() {
	if h.service == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := h.service.Stop(ctx); err != nil {
		h.Errorf("stop: %v", err)
	}
	h.service = nil
	if h.Failed() {
		h.Logf("the controller said:\n%s", h.log)
	}
}

// hearing makes the prompts ready to be recognised.
func (h *house) hearing(c *city.City) {
	h.Helper()
	l, err := voice.Open(voice.Options{Cache: h.set["voice.cache"], Speaker: voice.ToneSpeaker{PerSyllable: c.Settings.Voice.Syllable}, Yao: c.Settings.Voice.Yao})
	h.must(err)
	prompts := make([]voice.Prompt, len(c.Prompts))
	for i, p := range c.Prompts {
		prompts[i] = voice.Prompt(p)
	}
	h.must(l.Build(h.Context(), prompts))
	samples := map[string][]int16{}
	for _, s := range l.All() {
		b, err := os.ReadFile(s.Sound.Path + ".wav")
		h.must(err)
		samples[s.Prompt.Key], err = phone.DecodeWAV(b)
		h.must(err)
	}
	h.prompts, h.each = phone.NewLibrary(samples), map[string]*phone.Library{}
	for key, sound := range samples {
		h.each[key] = phone.NewLibrary(map[string][]int16{key: sound})
	}
	h.chords = map[string][]float64{}
	for _, p := range c.Prompts {
		low, high := voice.Tones(voice.Spoken(p.Text, c.Settings.Voice.Yao))
		h.chords[p.Key] = []float64{low, high}
	}
}

// every is all that an agent can be asked for.
func (h *house) every() (skills []hotline.Skill) {
	c, err := h.load()
	h.must(err)
	return c.Skills()
}

// hire adds an agent and a telephone, before the controller starts.
func (h *house) hire(id hotline.AgentID, at hotline.PhoneID, skills ...hotline.Skill) {
	h.Helper()
	h.must(h.books.AddAgent(h.Context(), store.Agent{ID: id, Name: "agent " + string(id), Skills: skills, Enabled: true}))
	h.must(h.books.SetPIN(h.Context(), id, pin))
	h.desks[id] = h.install(at)
}

// install adds a telephone nobody sits at yet.
func (h *house) install(at hotline.PhoneID) *desk {
	h.Helper()
	d := &desk{id: at, password: store.NewPhonePassword()}
	h.must(h.books.AddPhone(h.Context(), at, "desk "+string(at), d.password))
	return d
}

// plug registers the telephone.
func (h *house) plug(d *desk) {
	h.Helper()
	var err error
	d.Phone, err = phone.Open(phone.Options{Server: h.at.SIP, Number: string(d.id), Password: d.password})
	h.must(err)
	p := d.Phone
	h.Cleanup(func() { _ = p.Close() })
	h.must(p.Register(h.soon()))
}

// work plugs the agent's telephone in and signs him in by its keys.
func (h *house) work(id hotline.AgentID) *desk {
	h.Helper()
	d := h.desks[id]
	h.plug(d)
	h.code(d, "*"+string(id)+"#"+pin, "desk.in")
	h.until(string(id)+" is free", func() bool { return h.agent(id).State == routing.Free })
	return d
}

// code dials a short code and hears what is said.
func (h *house) code(d *desk, code, prompt string) {
	h.Helper()
	c, err := d.Dial(h.Context(), code, phone.DialOptions{})
	h.must(err)
	h.finished(c)
	if heard := slices.Compact(h.heard(c, 0)); !slices.Equal(heard, []string{prompt}) {
		h.Errorf("phone %s dialled %s and heard %v; %s is right", d.id, code, heard, prompt)
	}
}

// dial is a citizen's call to 12345 that is answered.
func (h *house) dial(number string) *phone.Call {
	h.Helper()
	return h.dialTo(number, "12345")
}

func (h *house) dialTo(number, to string, headers ...phone.Header) *phone.Call {
	h.Helper()
	c, err := h.citizen(number).Dial(h.Context(), to, phone.DialOptions{Headers: headers})
	h.must(err)
	_, err = c.Wait(h.soon(), phone.Answered)
	h.must(err)
	return c
}

// citizen opens a telephone at the trunk's address.
func (h *house) citizen(number string) *phone.Phone {
	h.Helper()
	p, err := phone.Open(phone.Options{Server: h.at.SIP, Bind: "127.0.0.2", Number: number})
	h.must(err)
	h.Cleanup(func() { _ = p.Close() })
	return p
}

// heard names the prompts heard after a moment.
func (h *house) heard(c *phone.Call, after time.Duration) []string {
	var names []string
	for _, m := range h.prompts.Identify(c.HeardSince(after).Samples) {
		names = append(names, m.Name)
	}
	return names
}

// sounds tells whether the prompt's chord was heard at all, however broken. The first
// words to two who are joined come as Asterisk begins to mix, and where other stories
// fill the machine, pieces of them are missing: too many to know the prompt by its
// beginning.
func (h *house) sounds(c *phone.Call, prompt string) bool {
	const piece, step = 400, 80 // 50 and 10 ms
	heard := c.Heard().Samples
	for i := 0; i+piece <= len(heard); i += step {
		if phone.HasTone(heard[i:i+piece], h.chords[prompt]...) {
			return true
		}
	}
	return false
}

// hears waits until the prompt is heard after a moment; it is known by its first
// half second.
func (h *house) hears(c *phone.Call, prompt string, after time.Duration) {
	h.Helper()
	h.until(c.Number()+" hears "+prompt, func() bool {
		time.Sleep(50 * time.Millisecond)
		heard := c.HeardSince(after)
		after = max(after, heard.Time(len(heard.Samples))-time.Second) // looked at already
		return len(h.each[prompt].Identify(heard.Samples)) > 0
	})
}

// now is the moment, as the call counts.
func now(c *phone.Call) time.Duration { return time.Since(c.Began()) }

// ring is the desk's next call.
func (h *house) ring(d *desk) *phone.Call {
	h.Helper()
	c, err := d.NextCall(h.soon())
	if err != nil {
		h.Fatalf("phone %s does not ring: %v", d.id, err)
	}
	return c
}

// quiet proves that the desk does not ring for so long.
func (h *house) quiet(d *desk, long time.Duration) {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), long)
	defer cancel()
	if c, err := d.NextCall(ctx); err == nil {
		h.Errorf("phone %s rings for %s %s", d.id, c.Name(), c.Number())
	}
}

// talk proves that the two hear each other.
func (h *house) talk(citizen, agent *phone.Call) {
	h.Helper()
	citizen.Tone(500)
	agent.Tone(400)
	_, err := agent.HearTone(h.soon(), 500)
	h.must(err)
	_, err = citizen.HearTone(h.soon(), 400)
	h.must(err)
}

func (h *house) hangUp(c *phone.Call) {
	h.Helper()
	h.must(c.Hangup(h.soon()))
}

// finished waits until the other side has ended the call.
func (h *house) finished(c *phone.Call) {
	h.Helper()
	select {
	case <-c.Done():
	case <-h.soon().Done():
		h.Fatalf("the call to %s did not end", c.Number())
	}
	if e := c.Ending(); e.By != phone.Them || e.Err != nil {
		h.Errorf("the call to %s: %v", c.Number(), e)
	}
}

// goodbye is the usual end.
func (h *house) goodbye(citizen, agent *phone.Call) {
	h.Helper()
	h.hangUp(agent)
	h.finished(citizen)
}

const soon = 15 * time.Second

// until waits until so is true.
func (h *house) until(what string, so func() bool) {
	h.Helper()
	for end := time.Now().Add(soon); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			h.Fatalf("not within %v: %s", soon, what)
		}
	}
}

// soon is the time anything may take in a story.
func (h *house) soon() context.Context {
	ctx, cancel := context.WithTimeout(h.Context(), soon)
	h.Cleanup(cancel)
	return ctx
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func meets(p phone.Policy) func(*phone.Call) phone.Policy {
	return func(*phone.Call) phone.Policy { return p }
}
