// Package city reads what the city wrote – settings, hotlines, groups, prompts,
// calendars and the flows of calls – and hands it to the domain as plain
// structs. Files are decoded strictly, every value remembers file and line, and
// all faults are told at once, each with what would be right.
//
// It holds nothing open and starts nothing. Reloading is loading again: the new
// City replaces the old one only if it has no fault.
package city

import (
	"path/filepath"
	"slices"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/ticket"
)

// City is everything the city wrote, proved to hold together. It is read-only.
type City struct {
	Dir      string
	Settings Settings
	Hotlines []Hotline
	Groups   []Group
	Prompts  []Prompt
	Calendar ticket.Calendar
	Years    []int                // those the calendar has
	Flows    map[string]*ivr.Flow // by name

	// OldNumbers are the numbers that lead to a hotline, in the form that
	// OldNumber compares: without country and area code.
	OldNumbers map[string]hotline.HotlineKey

	scripts map[string]*script
	written origins
}

// LoadOptions say what is laid over the files. The zero value reads the files
// and the process's environment.
type LoadOptions struct {
	// Environ is the environment, as os.Environ gives it; nil is the process's.
	Environ []string
	// Found are settings the program found out, by key ("redis.address"); they
	// stand in for the defaults, so file and environment override them.
	Found map[string]string
	// Set are settings given on the command line; they override everything.
	Set map[string]string
	// Prompts are those that the program says by itself, outside any flow.
	Prompts []string
}

// Load reads the city's folder. The error is Invalid and holds Faults: every
// fault there is, one a line.
func Load(dir string, o LoadOptions) (*City, error) {
	d := &desk{dir: dir, faults: &faults{}}
	c := &City{Dir: dir}
	c.Settings, c.written = d.settings(o)
	c.Hotlines = d.hotlines()
	c.Groups = d.groups(c.Hotlines)
	c.Prompts = d.prompts(c.Settings.Languages)
	c.Calendar, c.Years = d.calendar()
	c.OldNumbers = d.oldNumbers(c.Hotlines, c.Settings.AreaCode)
	d.flows(c)
	d.profiles(c, c.written)
	d.spoken(c, o.Prompts)
	if err := d.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// Flow finds a flow by its name or by its hash, as a call's record has it.
func (c *City) Flow(nameOrHash string) (*ivr.Flow, bool) {
	if f, ok := c.Flows[nameOrHash]; ok {
		return f, true
	}
	for _, f := range c.Flows {
		if f.Hash == nameOrHash {
			return f, true
		}
	}
	return nil, false
}

// Hotline finds a hotline by its key.
func (c *City) Hotline(key hotline.HotlineKey) (Hotline, bool) {
	i := slices.IndexFunc(c.Hotlines, func(h Hotline) bool { return h.Key == key })
	if i < 0 {
		return Hotline{}, false
	}
	return c.Hotlines[i], true
}

// Where tells where a setting was written: file:line, the environment's
// variable, or "default".
func (c *City) Where(key string) string {
	if v, ok := c.written[key]; ok {
		return v.where()
	}
	return "default"
}

// Skills are all that an agent can be asked for: the matters of each group.
func (c *City) Skills() []hotline.Skill {
	all := make([]hotline.Skill, len(c.Groups))
	for i, g := range c.Groups {
		all[i] = hotline.Skill(g.Key)
	}
	return all
}

// HasYear tells whether the calendar has the year of t in the city.
func (c *City) HasYear(t time.Time) bool {
	return slices.Contains(c.Years, t.In(ticket.Zone()).Year())
}

// spoken checks the prompts that the program and the settings name.
func (d *desk) spoken(c *City, own []string) {
	w := wordsIn(c.Prompts, c.Settings.Languages)
	for _, key := range own {
		w.need(d.foreign("the program"), key)
	}
	notice, ok := c.written["recording.notice"]
	if !ok {
		notice = d.foreign("the setting recording.notice")
	}
	w.need(notice, c.Settings.Recording.Notice)
}

// file names a file below the city's folder as the operator would.
func (c *City) file(parts ...string) string {
	return filepath.Join(append([]string{c.Dir}, parts...)...)
}
