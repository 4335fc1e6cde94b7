package voice

import (
	"slices"
	"strings"
)

const numerals = "零一二三四五六七八九"

// measures are the words after which a number is a quantity (15分钟 is
// fifteen minutes), not a row of digits (1001号 is one-zero-zero-one). A
// number of more than four digits is always read digit by digit.
var measures = []string{"分", "秒", "点", "小时", "天", "位", "个", "元", "月", "日", "条", "次", "年内"}

// Spoken writes text as it is to be said: digits become Chinese digits, since
// speech programs would read 12345 as twelve thousand; a short number before
// a word of measure becomes a Chinese number. With yao, 1 is said 幺 in rows
// of three digits or more, as on the telephone; a single key stays 一 (请按一).
func Spoken(text string, yao bool) string {
	var out strings.Builder
	rest := []rune(narrow(text))
	for len(rest) > 0 {
		n := slices.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if n < 0 {
			n = len(rest)
		}
		if n == 0 {
			out.WriteRune(rest[0])
			rest = rest[1:]
			continue
		}
		digits := string(rest[:n])
		rest = rest[n:]
		out.WriteString(said(digits, string(rest), yao))
	}
	return out.String()
}

// said gives one row of digits in Chinese, knowing what comes after it.
func said(digits, after string, yao bool) string {
	isMeasure := func(m string) bool { return strings.HasPrefix(after, m) }
	if len(digits) <= 4 && (len(digits) == 1 || digits[0] != '0') && slices.ContainsFunc(measures, isMeasure) {
		n := 0
		for _, d := range digits {
			n = n*10 + int(d-'0')
		}
		if n == 2 && !strings.HasPrefix(after, "月") && !strings.HasPrefix(after, "日") {
			return "两"
		}
		return Written(n)
	}
	var out strings.Builder
	for _, d := range digits {
		out.WriteRune(digit(d, yao && len(digits) >= 3))
	}
	return out.String()
}

// digit gives the Chinese digit for '0' to '9'.
func digit(d rune, yao bool) rune {
	if d == '1' && yao {
		return '幺'
	}
	return []rune(numerals)[d-'0']
}

// narrow turns full-width digits (１２３) into plain ones.
func narrow(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '０' && r <= '９' {
			return r - '０' + '0'
		}
		return r
	}, text)
}

// Written gives n in Chinese: 0 零, 12 十二, 120 一百二十, 10203 一万零二百零三.
// n is from 0 to 99,999,999; beyond that it gives "".
func Written(n int) string {
	switch {
	case n < 0 || n > 99_999_999:
		return ""
	case n == 0:
		return "零"
	case n >= 10 && n < 20: // 十二, not 一十二
		return strings.TrimPrefix(underTenThousand(n), "一")
	case n < 10_000:
		return underTenThousand(n)
	}
	high, low := n/10_000, n%10_000
	out := Written(high) + "万"
	if low == 0 {
		return out
	}
	if low < 1000 {
		out += "零"
	}
	return out + underTenThousand(low)
}

// underTenThousand writes 1 to 9999 in full (12 is 一十二); one 零 stands for
// any row of noughts inside, none at the end.
func underTenThousand(n int) string {
	units := []struct {
		value int
		name  string
	}{{1000, "千"}, {100, "百"}, {10, "十"}, {1, ""}}
	var out strings.Builder
	gap := false
	for _, u := range units {
		d := n / u.value % 10
		if d == 0 {
			gap = out.Len() > 0
			continue
		}
		if gap {
			out.WriteString("零")
			gap = false
		}
		out.WriteRune(digit(rune('0'+d), false))
		out.WriteString(u.name)
	}
	return out.String()
}
