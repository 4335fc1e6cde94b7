package ticket

import (
	"bytes"
	"container/list"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/6tail/lunar-go/HolidayUtil"
	"github.com/goccy/go-yaml"

	"hotline"
)

// go test ./ticket -run CalendarFiles -seed writes the files from the library;
// for a year it does not know, enter the State Council's notice by hand.
var seed = flag.Bool("seed", false, "write configs/calendar from the library")

var years = []int{2024, 2025, 2026}

const calendarFolder = "../configs/calendar"

func TestCalendarFilesSayWhatTheLibraryKnows(t *testing.T) {
	for _, year := range years {
		path := filepath.Join(calendarFolder, fmt.Sprintf("%d.yaml", year))
		want := calendarText(year, HolidayUtil.GetHolidaysByYear(year))
		if *seed {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs from the library (%v); want\n%s", path, err, want)
		}
	}
	if left, err := filepath.Glob(calendarFolder + "/*.yaml"); err != nil || len(left) != len(years) {
		t.Errorf("the folder has %q, want a file for each of %v: a new year is added to this test", left, years)
	}
}

func calendarText(year int, days *list.List) []byte {
	var off, worked bytes.Buffer
	for e := days.Front(); e != nil; e = e.Next() {
		h := e.Value.(*HolidayUtil.Holiday)
		line := &off
		if h.IsWork() {
			line = &worked
		}
		fmt.Fprintf(line, "  - {date: %s, name: %s}\n", h.GetDay(), h.GetName())
	}
	return fmt.Appendf(nil, `# The legal holidays of %d and the weekend days worked instead (调休), as the
# State Council announced them. A year without a file stops every clock of
# working days with an error; weekdays are never guessed.
year: %d

# Days off, weekends within a holiday included.
holidays:
%s
# Saturdays and Sundays that are worked.
workdays:
%s`, year, year, &off, &worked)
}

func readCalendar(t *testing.T) Calendar {
	t.Helper()
	var read []Year
	for _, year := range years {
		text, err := os.ReadFile(filepath.Join(calendarFolder, fmt.Sprintf("%d.yaml", year)))
		if err != nil {
			t.Fatal(err)
		}
		var y Year
		if err := yaml.UnmarshalWithOptions(text, &y, yaml.Strict()); err != nil {
			t.Fatal(err)
		}
		read = append(read, y)
	}
	c, err := NewCalendar(read...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWorkingDays(t *testing.T) {
	c := readCalendar(t)
	for day, want := range map[string]bool{
		"2026-01-01": false, // New Year, a Thursday
		"2026-01-04": true,  // a Sunday worked for it
		"2026-02-17": false, // Spring Festival
		"2026-02-14": true,  // a Saturday worked for it
		"2026-10-01": false, // National Day
		"2026-07-01": true,  // a plain Wednesday
		"2026-07-04": false, // a plain Saturday
		"2025-10-08": false, // the last day of a holiday of eight
		"2024-02-09": true,  // New Year's Eve of 2024 was no legal holiday
	} {
		at, err := time.ParseInLocation(dateLayout, day, Zone())
		if err != nil {
			t.Fatal(err)
		}
		for _, hour := range []int{0, 12, 23} {
			got, err := c.IsWorkingDay(at.Add(time.Duration(hour) * time.Hour).UTC())
			if err != nil || got != want {
				t.Errorf("%s at %d o'clock: working day %v (%v), want %v", day, hour, got, err, want)
			}
		}
	}
}

func TestAYearWithoutDataFailsLoudly(t *testing.T) {
	for _, c := range []Calendar{{}, readCalendar(t)} {
		// 17:00 UTC on the last day of 2026 is the year 2027 in the city.
		_, err := c.IsWorkingDay(time.Date(2026, 12, 31, 17, 0, 0, 0, time.UTC))
		if hotline.KindOf(err) != hotline.NotFound || !bytes.Contains([]byte(err.Error()), []byte("configs/calendar/2027.yaml")) {
			t.Errorf("2027 says %v", err)
		}
	}
}

func TestCalendarsThatCannotBe(t *testing.T) {
	newYear := []Holiday{{Date: "2026-01-01", Name: "元旦节"}}
	for name, list := range map[string][]Year{
		"without holidays": {{Year: 2026}},
		"a year twice":     {{Year: 2026, Holidays: newYear}, {Year: 2026, Holidays: newYear}},
		"another year":     {{Year: 2025, Holidays: newYear}},
		"no such day":      {{Year: 2026, Holidays: []Holiday{{Date: "2026-02-30"}}}},
		"a day twice":      {{Year: 2026, Holidays: append(newYear, newYear...)}},
		"a made-up Monday": {{Year: 2026, Holidays: newYear, Workdays: []Holiday{{Date: "2026-01-05"}}}},
	} {
		if _, err := NewCalendar(list...); hotline.KindOf(err) != hotline.Invalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}
