package city

import (
	"slices"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/ticket"
)

// Profiles say which flow a call gets.
type Profiles struct {
	Default  string
	Schedule []Profile // the first that holds counts
}

// Profile is one line of the schedule.
type Profile struct {
	Flow     string
	From, To time.Duration // since midnight in the city; From > To goes over midnight, equal is the whole day
	Days     Days          // of the day on which From lies
	where    value
}

// Days says on which days a profile holds.
type Days string

// The days of a profile.
const (
	EveryDay Days = "all"
	Working  Days = "working" // by the calendar of holidays and make-up days
	Holidays Days = "holidays"
)

func schedule(written origins) []Profile {
	v, ok := written["profiles.schedule"]
	if !ok {
		return nil
	}
	var all []Profile
	for _, line := range v.list() {
		t := line.as("profiles.schedule").table("flow", "from", "to", "days")
		if !t.need("flow", "from", "to") {
			continue
		}
		all = append(all, Profile{
			Flow: t.text("flow"), From: t.clock("from"), To: t.clock("to"),
			Days:  Days(t.oneOf("days", string(EveryDay), string(Working), string(Holidays))),
			where: t.fields["flow"],
		})
	}
	return all
}

// clock reads a time of day, "21:30".
func (t table) clock(name string) time.Duration {
	v := t.fields[name]
	if at, err := time.Parse("15:04", v.text()); err == nil {
		return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	}
	v.fault("%s is a time of day in quotes, such as \"21:30\", not %s", name, kindOf(v.n))
	return 0
}

// holds tells whether the profile holds at t. Where the calendar has no answer
// a profile for certain days does not hold, so that the default serves: it is
// fit for every hour.
func (p Profile) holds(t time.Time, days ticket.Calendar) bool {
	t = t.In(ticket.Zone())
	clock := t.Sub(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location()))
	switch {
	case p.From < p.To && (clock < p.From || clock >= p.To):
		return false
	case p.From > p.To && clock >= p.To && clock < p.From:
		return false
	case p.From > p.To && clock < p.To:
		t = t.AddDate(0, 0, -1) // the night belongs to the day it began on
	}
	if p.Days == EveryDay {
		return true
	}
	worked, err := days.IsWorkingDay(t)
	return err == nil && worked == (p.Days == Working)
}

// FlowAt gives the flow of a call that arrives at t, by the schedule.
func (c *City) FlowAt(t time.Time) *ivr.Flow {
	for _, p := range c.Settings.Profiles.Schedule {
		if p.holds(t, c.Calendar) {
			return c.Flows[p.Flow]
		}
	}
	return c.Flows[c.Settings.Profiles.Default]
}

// OnDuty are the telephones that ring at t beside the agents who are signed in:
// those on duty, where the flow then in force says so. Whoever answers them is
// asked for everything.
func (c *City) OnDuty(t time.Time) ([]hotline.PhoneID, []hotline.Skill) {
	if !c.FlowAt(t).Duty {
		return nil, nil
	}
	return c.onDuty(), c.Skills()
}

func (c *City) onDuty() []hotline.PhoneID {
	phones := make([]hotline.PhoneID, len(c.Settings.Duty.Phones))
	for i, p := range c.Settings.Duty.Phones {
		phones[i] = hotline.PhoneID(p)
	}
	return phones
}

// unattended warns of hours at which telephones on duty are to ring, and none is.
func (c *City) unattended(r *Report) {
	if len(c.Settings.Duty.Phones) > 0 {
		return
	}
	names := []string{c.Settings.Profiles.Default}
	for _, p := range c.Settings.Profiles.Schedule {
		names = append(names, p.Flow)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if s := c.scripts[name]; s.Duty {
			r.Warnings = append(r.Warnings, s.at.file+": telephones on duty ring in this flow, and duty.phones names none: only agents who are signed in will")
		}
	}
}

// profiles checks that every profile has its flow.
func (d *desk) profiles(c *City, written origins) {
	names := sortedKeys(c.Flows)
	if _, ok := c.Flows[c.Settings.Profiles.Default]; !ok {
		v, ok := written["profiles.default"]
		if !ok {
			v = d.foreign("profiles.default")
		}
		v.fault("the setting profiles.default: there is no flow %q: %s", c.Settings.Profiles.Default, orList(c.Settings.Profiles.Default, names))
	}
	for _, p := range c.Settings.Profiles.Schedule {
		if !slices.Contains(names, p.Flow) && p.Flow != "" {
			p.where.fault("there is no flow %q: %s", p.Flow, orList(p.Flow, names))
		}
	}
}

// pauses are the reasons for a pause that agents can choose from.
func pauses(written origins) []Pause {
	v, ok := written["routing.pauses"]
	if !ok {
		return []Pause{{"break", "小休"}}
	}
	var all []Pause
	keys, names := v.as("routing.pauses").pairs()
	for i, k := range keys {
		p := Pause{k.n.Value, names[i].text()}
		if !keyForm.MatchString(p.Key) {
			k.fault("a reason is a name of small letters, such as break, not %q", p.Key)
		}
		all = append(all, p)
	}
	return all
}
