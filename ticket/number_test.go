package ticket

import (
	"strings"
	"testing"
	"time"

	"hotline"
)

func number(t *testing.T, day string, serial int) hotline.TicketNo {
	t.Helper()
	no, err := NewNumber(day, serial)
	if err != nil {
		t.Fatal(err)
	}
	return no
}

func TestANumberReadsBackHoweverItIsWritten(t *testing.T) {
	no := number(t, "20150501", 123)
	digits := strings.TrimPrefix(string(no), "CZ")
	for _, s := range []string{string(no), digits, "cz" + digits, " CZ " + digits[:8] + "-" + digits[8:] + " "} {
		if got, err := ParseNumber(s); err != nil || got != no {
			t.Errorf("%q reads as %q, %v", s, got, err)
		}
	}
	day, serial, err := SplitNumber(no)
	if err != nil || day != "20150501" || serial != 123 {
		t.Errorf("%s splits into %s, %d, %v", no, day, serial, err)
	}
}

// Every single wrong digit and every swap of two neighbours is found, for
// numbers all over the range.
func TestTheCheckDigitFindsSlips(t *testing.T) {
	for serial := 1; serial <= LastSerial; serial += 97 {
		digits := strings.TrimPrefix(string(number(t, "20260501", serial)), "CZ")
		for i := range digits {
			for d := byte('0'); d <= '9'; d++ {
				if d != digits[i] {
					refuse(t, digits[:i]+string(d)+digits[i+1:])
				}
			}
			if i > 0 && digits[i-1] != digits[i] {
				refuse(t, digits[:i-1]+string(digits[i])+string(digits[i-1])+digits[i+1:])
			}
		}
	}
}

func refuse(t *testing.T, s string) {
	t.Helper()
	if no, err := ParseNumber(s); hotline.KindOf(err) != hotline.Invalid {
		t.Fatalf("%s was taken for %s (%v)", s, no, err)
	}
}

func TestNumbersThatCannotBe(t *testing.T) {
	for _, s := range []string{"", "CZ", "1234", "CZ20261301000011", "２０２６０５０１００００１１", "CZCZ202605010000", "20260501000000"} {
		refuse(t, s)
	}
	for _, serial := range []int{0, -1, LastSerial + 1} {
		if _, err := NewNumber("20260501", serial); hotline.KindOf(err) != hotline.Invalid {
			t.Errorf("the number %d of a day: %v", serial, err)
		}
	}
	if _, err := NewNumber("2026-05-01", 1); hotline.KindOf(err) != hotline.Invalid {
		t.Error("a day with hyphens was taken")
	}
}

func TestTheDayIsTheCitys(t *testing.T) {
	if got := Day(time.Date(2026, 4, 30, 16, 0, 0, 0, time.UTC)); got != "20260501" {
		t.Errorf("midnight in the city belongs to %s", got)
	}
}

func TestQueryCodesHaveSixDigits(t *testing.T) {
	if got := NewQueryCode(func(int) int { return 42 }); got != "000042" {
		t.Errorf("got %q", got)
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"CZ20150501001236", "20150501001236", "cz 2015-0501-0012 36", "CZ", "九"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		no, err := ParseNumber(s)
		if err != nil {
			if hotline.KindOf(err) != hotline.Invalid || no != "" {
				t.Errorf("%q gives %q and %v", s, no, err)
			}
			return
		}
		day, serial, err := SplitNumber(no)
		if again, err2 := NewNumber(day, serial); err != nil || err2 != nil || again != no {
			t.Errorf("%q reads as %s, which is made again as %s (%v, %v)", s, no, again, err, err2)
		}
	})
}
