package voice

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline"
)

// Options says where sounds come from and where they are kept.
type Options struct {
	Cache    string   // folder of finished sounds, made if missing, for example var/sounds
	Recorded []string // folders with <language>/<key>.wav and <key>.txt; an earlier one wins
	Speaker  Speaker  // speaks what is not recorded; nil: every prompt must be recorded
	Yao      bool     // say 1 as 幺 in rows of three digits or more
	Workers  int      // how many texts are spoken at once; default 2
}

// Library holds the finished sound of every prompt. Its methods may be called
// from several goroutines; Build replaces everything at once or nothing.
type Library struct {
	options Options
	mu      sync.RWMutex
	sounds  map[name]Named
}

// name is what a prompt is looked up by.
type name struct{ language, key string }

// Named is a finished sound with the prompt it belongs to.
type Named struct {
	Prompt
	Sound
}

// Open prepares the cache folder. The library is empty until Build.
func Open(o Options) (*Library, error) {
	dir, err := filepath.Abs(o.Cache)
	if err != nil {
		return nil, hotline.Errorf(hotline.Invalid, "the folder for sounds %q cannot be found: %w", o.Cache, err)
	}
	o.Cache = dir
	if o.Workers <= 0 {
		o.Workers = 2
	}
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	return &Library{options: o}, nil
}

// Build makes every sound that the cache lacks, and those of digits and
// numbers for every language among prompts. A fault in any prompt (no text, a
// key twice, a recording whose text has changed) is told with file and line,
// all faults at once; then, as after any error, the library stays as it was.
func (l *Library) Build(ctx context.Context, prompts []Prompt) error {
	prompts, faults := l.complete(prompts)
	sources := make([]source, 0, len(prompts))
	for _, p := range prompts {
		s, err := l.source(p)
		if err != nil {
			faults = append(faults, err)
		}
		sources = append(sources, s)
	}
	faults = append(faults, l.strays(prompts)...)
	if len(faults) > 0 {
		return hotline.Errorf(hotline.Invalid, "%w", errors.Join(faults...))
	}
	sounds, err := l.make(ctx, sources)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.sounds = sounds
	l.mu.Unlock()
	return nil
}

var keyForm = regexp.MustCompile(`^[a-z0-9]+([._-][a-z0-9]+)*$`)
var languageForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z]+)?$`)

// complete checks prompts one by one and adds the spelling sounds that the
// city has not written itself.
func (l *Library) complete(prompts []Prompt) ([]Prompt, []error) {
	var faults []error
	fault := func(p Prompt, format string, args ...any) {
		faults = append(faults, hotline.Errorf(hotline.Invalid, "%s: prompt %q: "+format, append([]any{p.Where, p.Key}, args...)...))
	}
	seen := map[name]Prompt{}
	var languages []string
	for _, p := range prompts {
		n := name{p.Language, p.Key}
		switch before, twice := seen[n]; {
		case !keyForm.MatchString(p.Key):
			fault(p, "a key has small letters and digits, joined by . - or _, for example queue.wait")
		case !languageForm.MatchString(p.Language):
			fault(p, "the language is %q; a code such as zh would be right", p.Language)
		case strings.TrimSpace(p.Text) == "":
			fault(p, "it has no text; write the words that are to be said")
		case twice:
			fault(p, "it is already written at %s; keep one of them", before.Where)
		}
		seen[n] = p
		if !slices.Contains(languages, p.Language) {
			languages = append(languages, p.Language)
		}
	}
	all := slices.Clone(prompts)
	for _, language := range languages {
		for _, p := range spelling(language) {
			if _, own := seen[name{language, p.Key}]; !own {
				all = append(all, p)
			}
		}
	}
	return all, faults
}

// make gives the finished sound of every source, speaking up to Workers at
// once; the first error stops the rest.
func (l *Library) make(ctx context.Context, sources []source) (map[name]Named, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		work   = make(chan source)
		mu     sync.Mutex
		sounds = make(map[name]Named, len(sources))
		wait   sync.WaitGroup
	)
	for range l.options.Workers {
		wait.Go(func() {
			for s := range work {
				sound, err := l.cached(ctx, s)
				if err != nil {
					cancel(err)
					continue
				}
				mu.Lock()
				sounds[name{s.Language, s.Key}] = Named{s.Prompt, sound}
				mu.Unlock()
			}
		})
	}
feed:
	for _, s := range sources {
		select {
		case work <- s:
		case <-ctx.Done():
			break feed
		}
	}
	close(work)
	wait.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return sounds, nil
}

// Sound gives the sound of the prompt key in language. An unknown one is
// NotFound; hotline check finds it before any caller does.
func (l *Library) Sound(language, key string) (Sound, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	n, ok := l.sounds[name{language, key}]
	if !ok {
		return Sound{}, hotline.Errorf(hotline.NotFound, "there is no prompt %q in language %q", key, language)
	}
	return n.Sound, nil
}

// All gives every sound with its prompt, ordered by language and key: for
// lists, and to name what a telephone heard.
func (l *Library) All() []Named {
	l.mu.RLock()
	defer l.mu.RUnlock()
	all := make([]Named, 0, len(l.sounds))
	for _, n := range l.sounds {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b Named) int {
		return strings.Compare(a.Language+" "+a.Key, b.Language+" "+b.Key)
	})
	return all
}

// Length is the time that sounds take one after the other.
func Length(sounds []Sound) time.Duration {
	sum := time.Duration(0)
	for _, s := range sounds {
		sum += s.Duration
	}
	return sum
}
