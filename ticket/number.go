// Package ticket holds the rules of a matter: its number, what a finished call
// makes of it, and the calendar its clocks run by. It is pure: tables and
// functions, no SQL, no files.
package ticket

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"hotline"
)

const (
	numberPrefix = "CZ"
	dayLayout    = "20060102"

	// Digits is how many digits a ticket's number has after CZ, and what a
	// citizen enters by telephone: eight for the day, five running, one check
	// digit.
	Digits = 14

	// LastSerial is the highest running number of a day; the first is 1.
	LastSerial = 99999
)

// damm is H. M. Damm's table of a totally anti-symmetric quasigroup of order
// ten (Dissertation, Marburg 2004). A digit carried through it finds every
// single wrong digit and every swap of two neighbours, the slips people make
// when a number is read out or keyed in. Luhn misses 09 for 90, and
// ISO 7064 MOD 11,10 some swaps of neighbours; Damm needs no letter X either.
var damm = [10]string{
	"0317598642",
	"7092154863",
	"4206871359",
	"1750983426",
	"6123045978",
	"3674209581",
	"5869720134",
	"8945362017",
	"9438617205",
	"2581436790",
}

// checkDigit gives the digit that, put behind digits, makes check true.
func checkDigit(digits string) byte {
	row := byte('0')
	for i := range len(digits) {
		row = damm[row-'0'][digits[i]-'0']
	}
	return row
}

// Zone is the city's clock, Asia/Shanghai: eight hours ahead of UTC, without
// summer time since 1991, so no time-zone file is needed.
func Zone() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }

// Day gives the day of t in the city as yyyymmdd, the middle of a number.
func Day(t time.Time) string { return t.In(Zone()).Format(dayLayout) }

// NewNumber makes the number of the serial-th ticket (1 to LastSerial) of a
// day as Day writes it.
func NewNumber(day string, serial int) (hotline.TicketNo, error) {
	if _, err := time.Parse(dayLayout, day); err != nil {
		return "", hotline.Errorf(hotline.Invalid, "the day of a ticket's number is written yyyymmdd, not %q", day)
	}
	if serial < 1 || serial > LastSerial {
		return "", hotline.Errorf(hotline.Invalid, "a day has the ticket numbers 1 to %d, not %d", LastSerial, serial)
	}
	digits := fmt.Sprintf("%s%05d", day, serial)
	return hotline.TicketNo(numberPrefix + digits + string(checkDigit(digits))), nil
}

// ParseNumber reads a ticket's number as people write it: with or without CZ
// (by telephone the 14 digits alone), in any case, with spaces or hyphens. The
// error of a wrong number is Invalid and says what is wrong with it.
func ParseNumber(s string) (hotline.TicketNo, error) {
	digits := strings.NewReplacer(" ", "", "-", "").Replace(strings.TrimSpace(s))
	if len(digits) >= 2 && strings.EqualFold(digits[:2], numberPrefix) {
		digits = digits[2:]
	}
	if len(digits) != Digits || strings.Trim(digits, "0123456789") != "" {
		return "", hotline.Errorf(hotline.Invalid,
			"a ticket's number is CZ and %d digits, by telephone the %d digits alone", Digits, Digits)
	}
	if _, err := time.Parse(dayLayout, digits[:8]); err != nil || digits[8:13] == "00000" {
		return "", hotline.Errorf(hotline.Invalid, "there is no ticket CZ%s: its first eight digits are a day and the next five count from 00001", digits)
	}
	if checkDigit(digits[:13]) != digits[13] {
		return "", hotline.Errorf(hotline.Invalid, "CZ%s has a digit wrong or swapped: please look at the number again", digits)
	}
	return hotline.TicketNo(numberPrefix + digits), nil
}

// SplitNumber gives the day (yyyymmdd) and the running number of a ticket's
// number.
func SplitNumber(no hotline.TicketNo) (day string, serial int, err error) {
	no, err = ParseNumber(string(no))
	if err != nil {
		return "", 0, err
	}
	digits := strings.TrimPrefix(string(no), numberPrefix)
	serial, err = strconv.Atoi(digits[8:13])
	return digits[:8], serial, err
}

// NewQueryCode makes the six digits that a citizen gives together with the
// ticket's number to ask how far it is. random gives a number from 0 below n
// that nobody can guess; the caller brings it, so that this package stays pure.
func NewQueryCode(random func(n int) int) string {
	return fmt.Sprintf("%06d", random(1_000_000))
}
