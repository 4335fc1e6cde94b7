package live

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"hotline"
	"hotline/routing"
)

// A value in Redis is a few numbers that the scripts must read or write, and
// then the rest as JSON, which they never look into.

// agentBody gives the JSON part of an agent.
func agentBody(a routing.Agent) (string, error) {
	a.Version, a.Since, a.Deadline = 0, 0, 0
	return body(a)
}

// placeBody gives the JSON part of a place.
func placeBody(p hotline.Place) (string, error) {
	p.Version, p.Offer, p.Seq, p.Since = 0, 0, 0, 0
	return body(p)
}

func body(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// parseAgent reads "version since deadline body".
func parseAgent(value string) (routing.Agent, error) {
	var a routing.Agent
	var n [3]int64
	if err := parse(value, n[:], &a); err != nil {
		return a, fmt.Errorf("an agent on the board: %w", err)
	}
	a.Version, a.Since, a.Deadline = n[0], hotline.Millis(n[1]), hotline.Millis(n[2])
	return a, nil
}

// parsePlace reads "version offer seq since body".
func parsePlace(value string) (hotline.Place, error) {
	var p hotline.Place
	var n [4]int64
	if err := parse(value, n[:], &p); err != nil {
		return p, fmt.Errorf("a place on the board: %w", err)
	}
	p.Version, p.Offer, p.Seq, p.Since = n[0], hotline.OfferID(n[1]), n[2], hotline.Millis(n[3])
	return p, nil
}

func parse(value string, numbers []int64, to any) error {
	rest := value
	for i := range numbers {
		word, after, _ := strings.Cut(rest, " ")
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not what this version of the program writes: %w", value, err)
		}
		numbers[i], rest = n, after
	}
	if err := json.Unmarshal([]byte(rest), to); err != nil {
		return fmt.Errorf("%q is not what this version of the program writes: %w", value, err)
	}
	return nil
}

func number(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case string:
		n, _ := strconv.ParseInt(v, 10, 64) // our own scripts wrote it
		return n
	}
	return 0
}
