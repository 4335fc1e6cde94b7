// Package web is the hotline's door for programs and browsers: the HTTP API
// under /api/v1 with its OpenAPI 3.1 description made from the Go types, the
// live events that walls follow, a plain live page, and the two health pages.
//
// It imports the domain and HTTP only. What it shows and what it changes it is
// given through the small interfaces in ports.go; who may do what stands in one
// table in role.go.
package web
