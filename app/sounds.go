package app

import (
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
