package voice

import (
	"time"

	"hotline"
)

// Reserved keys. The library makes them itself for every language it builds;
// a city may write, or record, any of them as a prompt of its own, except the
// two signals.
const (
	Pause = "pause" // a breath of 250 ms
	Beep  = "beep"  // the tone after which a message is spoken
)

// spoken maps each character of a Chinese number to its reserved key.
var spoken = map[rune]string{
	'零': "digit.0", '一': "digit.1", '二': "digit.2", '三': "digit.3", '四': "digit.4",
	'五': "digit.5", '六': "digit.6", '七': "digit.7", '八': "digit.8", '九': "digit.9",
	'幺': "digit.yao", '两': "number.liang", '十': "number.10", '百': "number.100", '千': "number.1000", '万': "number.10000",
	'点': "clock.hour", '分': "clock.minute", '月': "date.month", '日': "date.day",
}

// spelling gives the prompts that digits, numbers and times are made of; none
// for a language we cannot count in.
func spelling(language string) []Prompt {
	const here = "voice/spell.go (built in)"
	prompts := []Prompt{
		{Key: Pause, Text: "(pause)", Language: language, Where: here},
		{Key: Beep, Text: "(beep)", Language: language, Where: here},
	}
	if language != "zh" {
		return prompts
	}
	for character, key := range spoken {
		prompts = append(prompts, Prompt{Key: key, Text: string(character), Language: language, Where: here})
	}
	return append(prompts,
		Prompt{Key: "digit.star", Text: "星号", Language: language, Where: here},
		Prompt{Key: "digit.hash", Text: "井号", Language: language, Where: here})
}

// signal gives the sounds that need no speaker.
func signal(key string) (Audio, bool) {
	switch key {
	case Pause:
		return Audio{Rate: Rate, Samples: make([]int16, count(250*time.Millisecond))}, true
	case Beep:
		return Tone(1000, 400*time.Millisecond), true
	}
	return Audio{}, false
}

// Digits reads digits one by one: 0 to 9, * and #, a space is a breath. With
// the library's Yao setting 1 is 幺 in rows of three or more.
func (l *Library) Digits(language, digits string) ([]Sound, error) {
	row := 0
	for _, d := range digits {
		if d >= '0' && d <= '9' {
			row++
		}
	}
	var keys []string
	for _, d := range digits {
		switch {
		case d == ' ':
			keys = append(keys, Pause)
		case d == '*':
			keys = append(keys, "digit.star")
		case d == '#':
			keys = append(keys, "digit.hash")
		case d >= '0' && d <= '9':
			keys = append(keys, spoken[digit(d, l.options.Yao && row >= 3)])
		default:
			return nil, hotline.Errorf(hotline.Invalid, "%q cannot be read digit by digit; digits, *, # and spaces would be right", digits)
		}
	}
	return l.each(language, keys)
}

// Number reads n, 0 to 99,999,999, as a quantity: 123 is 一百二十三; 2 alone is
// 两, since in our sentences a word of measure follows (两位, 两分钟).
func (l *Library) Number(language string, n int) ([]Sound, error) {
	if n == 2 {
		return l.characters(language, "两")
	}
	words := Written(n)
	if words == "" {
		return nil, hotline.Errorf(hotline.Invalid, "%d cannot be read as a number; 0 to 99,999,999 would be right", n)
	}
	return l.characters(language, words)
}

// Clock reads the time of day of t in t's own zone: 十八点, 十八点零五分.
func (l *Library) Clock(language string, t time.Time) ([]Sound, error) {
	words := Written(t.Hour()) + "点"
	if t.Hour() == 2 {
		words = "两点"
	}
	switch m := t.Minute(); {
	case m == 0:
	case m < 10:
		words += "零" + Written(m) + "分"
	default:
		words += Written(m) + "分"
	}
	return l.characters(language, words)
}

// Date reads month and day of t in t's own zone: 五月一日.
func (l *Library) Date(language string, t time.Time) ([]Sound, error) {
	return l.characters(language, Written(int(t.Month()))+"月"+Written(t.Day())+"日")
}

func (l *Library) characters(language, words string) ([]Sound, error) {
	var keys []string
	for _, r := range words {
		keys = append(keys, spoken[r])
	}
	return l.each(language, keys)
}

func (l *Library) each(language string, keys []string) ([]Sound, error) {
	sounds := make([]Sound, 0, len(keys))
	for _, key := range keys {
		s, err := l.Sound(language, key)
		if err != nil {
			return nil, err
		}
		sounds = append(sounds, s)
	}
	return sounds, nil
}
