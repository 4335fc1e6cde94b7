package web_test

import (
	"encoding/json"
	"slices"

	"hotline/routing"
	"hotline/store"
)

const routingOffered = routing.Offered

func decode(body string, v any) error { return json.Unmarshal([]byte(body), v) }

func contains(list []string, s string) bool { return slices.Contains(list, s) }

func storeUser(name, role string) store.User {
	return store.User{Name: name, Role: role, Enabled: true}
}
