//go:build !race

package store

// underRace tells whether the race detector runs, which makes CPU figures
// meaningless.
const underRace = false
