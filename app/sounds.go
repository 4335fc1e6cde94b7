package app

import (
	"context"
	"time"

	"hotline/city"
	"hotline/ivr"
	"hotline/voice"
)

// Sounds gives the library's sounds as media that Asterisk plays.
type Sounds struct {
	Library  *voice.Library
	Language string
}

// Media gives the media of the parts, in order.
func (s Sounds) Media(parts []ivr.Part) ([]string, error) {
	media := make([]string, 0, len(parts))
	for _, p := range parts {
		sounds, err := s.part(p)
		if err != nil {
			return nil, err
		}
		for _, sound := range sounds {
			media = append(media, "sound:"+sound.Path)
		}
	}
	return media, nil
}

func (s Sounds) part(p ivr.Part) ([]voice.Sound, error) {
	switch {
	case p.Prompt != "":
		sound, err := s.Library.Sound(s.Language, p.Prompt)
		return []voice.Sound{sound}, err
	case p.Digits != "":
		return s.Library.Digits(s.Language, p.Digits)
	default:
		return s.Library.Number(s.Language, p.Number)
	}
}

// OpenSounds opens the library of sounds as the settings say; it is empty until
// BuildSounds. espeak is the speech program, found.
func OpenSounds(ctx context.Context, v city.Voice, espeak string) (*voice.Library, error) {
	speaker, err := speakerOf(ctx, v, espeak)
	if err != nil {
		return nil, err
	}
	return voice.Open(voice.Options{Cache: v.Cache, Recorded: v.Recorded, Speaker: speaker, Yao: v.Yao})
}

// BuildSounds makes every sound of the city's prompts that is missing.
func BuildSounds(ctx context.Context, l *voice.Library, c *city.City) error {
	prompts := make([]voice.Prompt, len(c.Prompts))
	for i, p := range c.Prompts {
		prompts[i] = voice.Prompt(p)
	}
	return l.Build(ctx, prompts)
}

// speakerOf makes the speaker the settings name.
func speakerOf(ctx context.Context, v city.Voice, espeak string) (voice.Speaker, error) {
	switch v.Speaker {
	case "espeak":
		return voice.NewEspeak(ctx, voice.EspeakOptions{Program: espeak, Speed: v.Speed})
	case "http":
		token, err := city.Secret(v.HTTP.TokenFile)
		if err != nil {
			return nil, err
		}
		return voice.NewRemote(voice.RemoteOptions{URL: v.HTTP.URL, Form: v.HTTP.Form, Model: v.HTTP.Model, Voice: v.HTTP.Name,
			Version: v.HTTP.Version, Token: token, Timeout: v.HTTP.Timeout})
	case "tones":
		return voice.ToneSpeaker{PerSyllable: v.Syllable}, nil
	default:
		return nil, nil
	}
}

// Lengths gives city the seconds of sounds.
type Lengths struct{ Library *voice.Library }

// Length is how long a prompt takes.
func (l Lengths) Length(language, key string) (time.Duration, bool) {
	s, err := l.Library.Sound(language, key)
	return s.Duration, err == nil
}
