package ticket

import (
	"time"

	"hotline"
)

const dateLayout = "2006-01-02"

// Holiday is one day that differs from the plain week.
type Holiday struct {
	Date string // yyyy-mm-dd
	Name string // of the holiday it belongs to, for example 国庆节
}

// Year is what the State Council announced for one year, as configs/calendar
// keeps it.
type Year struct {
	Year     int
	Holidays []Holiday // days off, weekends within a holiday included
	Workdays []Holiday // make-up days (调休): weekend days that are worked
}

// Calendar knows which days are worked. A year nobody entered has no answer:
// counting its weekdays would quietly promise wrong dates to citizens. The
// zero Calendar knows no year.
type Calendar struct {
	years map[int]map[string]bool // day → worked, only where it differs from the week
}

// NewCalendar makes a calendar from years. The error is Invalid: a year
// without any holiday, a year given twice, a day outside its year or given
// twice, a make-up day that is not on a weekend.
func NewCalendar(years ...Year) (Calendar, error) {
	c := Calendar{years: make(map[int]map[string]bool, len(years))}
	for _, y := range years {
		if _, twice := c.years[y.Year]; twice {
			return Calendar{}, hotline.Errorf(hotline.Invalid, "the calendar has the year %d twice: keep one file for each year", y.Year)
		}
		if len(y.Holidays) == 0 {
			return Calendar{}, hotline.Errorf(hotline.Invalid, "the calendar of %d has no holidays: enter the State Council's notice or leave the year out", y.Year)
		}
		days := make(map[string]bool)
		if err := addDays(days, y.Year, y.Holidays, false); err != nil {
			return Calendar{}, err
		}
		if err := addDays(days, y.Year, y.Workdays, true); err != nil {
			return Calendar{}, err
		}
		c.years[y.Year] = days
	}
	return c, nil
}

func addDays(days map[string]bool, year int, list []Holiday, worked bool) error {
	for _, h := range list {
		d, err := time.Parse(dateLayout, h.Date)
		if err != nil || d.Year() != year {
			return hotline.Errorf(hotline.Invalid, "the calendar of %d has the day %q: a day of that year is written %d-mm-dd", year, h.Date, year)
		}
		if _, twice := days[h.Date]; twice {
			return hotline.Errorf(hotline.Invalid, "the calendar of %d has %s twice: a day is a holiday or a make-up day once", year, h.Date)
		}
		if worked && !weekend(d) {
			return hotline.Errorf(hotline.Invalid, "the calendar of %d has the make-up day %s, which is a %s: only Saturdays and Sundays are made up", year, h.Date, d.Weekday())
		}
		days[h.Date] = worked
	}
	return nil
}

// IsWorkingDay tells whether the day of t in the city is worked. For a year
// without data the error is NotFound and says which file to add.
func (c Calendar) IsWorkingDay(t time.Time) (bool, error) {
	t = t.In(Zone())
	days, ok := c.years[t.Year()]
	if !ok {
		return false, hotline.Errorf(hotline.NotFound,
			"the calendar has no year %d: enter the State Council's holiday notice in configs/calendar/%d.yaml", t.Year(), t.Year())
	}
	if worked, differs := days[t.Format(dateLayout)]; differs {
		return worked, nil
	}
	return !weekend(t), nil
}

func weekend(t time.Time) bool {
	return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday
}
