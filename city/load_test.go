package city

import "testing"

func TestTheShippedCityLoads(t *testing.T) {
	c, err := Load("../configs", LoadOptions{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(len(c.Hotlines), len(c.Groups), len(c.Prompts), c.OldNumbers, sortedKeys(c.Flows), sortedKeys(c.Flows["menu"].Steps))
	t.Logf("%+v", c.Settings)
}
