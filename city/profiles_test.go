package city

import (
	"testing"
	"time"

	"hotline/ticket"
)

// The schedule over a night, a weekend, a make-up Saturday and a holiday of
// 2026, and in a year that the calendar does not have.
func TestTheFlowFollowsHourAndCalendar(t *testing.T) {
	copyCity(t)
	change(t, "configs/hotline.yaml", "  schedule: []\n=>\n"+`  schedule:
    - {flow: night, from: "21:00", to: "08:00", days: working}
    - {flow: direct, from: "00:00", to: "00:00", days: holidays}
`)
	c, err := Load("configs", LoadOptions{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ at, want string }{
		{"2026-11-24 07:59", "night"}, // Tuesday, after Monday's night
		{"2026-11-24 08:00", "menu"},
		{"2026-11-24 20:59", "menu"},
		{"2026-11-24 21:00", "night"},
		{"2026-11-27 23:00", "night"},  // Friday
		{"2026-11-28 07:00", "night"},  // Friday's night goes on into Saturday
		{"2026-11-28 08:00", "direct"}, // Saturday
		{"2026-11-30 07:00", "menu"},   // Monday: the night began on Sunday; the day is worked
		{"2026-10-10 12:00", "menu"},   // a Saturday that is made up
		{"2026-10-10 22:00", "night"},
		{"2026-10-01 12:00", "direct"}, // a holiday on a Thursday
		{"2027-01-05 22:00", "menu"},   // no calendar: the default, fit for every hour
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", row.at, ticket.Zone())
		if err != nil {
			t.Fatal(err)
		}
		if f := c.FlowAt(at.UTC()); f.Name != row.want {
			t.Errorf("%s gives %s, want %s", row.at, f.Name, row.want)
		}
	}
}

// As shipped every hour has the menu, so that demo and tests do not depend on
// the clock.
func TestAsShippedTheMenuServesAllDay(t *testing.T) {
	c := shipped(t)
	for hour := range 24 {
		if f := c.FlowAt(november.Add(time.Duration(hour) * time.Hour)); f.Name != "menu" {
			t.Errorf("after %d hours: %s", hour, f.Name)
		}
	}
}
