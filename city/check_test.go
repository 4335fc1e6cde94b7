package city

import (
	"flag"
	"os"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// november is a day whose year the calendar has, and the next not yet.
var november = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// paced takes 200 ms for each character: a steady speaker.
type paced struct {
	texts map[string]string
	pace  time.Duration
}

func steady(c *City) paced {
	p := paced{map[string]string{}, 200 * time.Millisecond}
	for _, x := range c.Prompts {
		p.texts[x.Key] = x.Text
	}
	return p
}

func (p paced) Length(_, key string) (time.Duration, bool) {
	text, ok := p.texts[key]
	return time.Duration(len([]rune(text))) * p.pace, ok
}

func shipped(t *testing.T) *City {
	t.Helper()
	c, err := Load("../configs", LoadOptions{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// golden compares got with testdata/name; -update writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs; got:\n%s\nwant:\n%s\n(go test ./city -update writes it)", file, got, want)
	}
}

// The report of the city as shipped, with a speaker of a steady pace.
func TestReportOfTheShippedCity(t *testing.T) {
	c := shipped(t)
	report, err := c.Check(steady(c), november)
	if err != nil {
		t.Error(err)
	}
	golden(t, "testdata/report.txt", report.String())
}
