//go:build race

package test

// slower is how many times longer a process may take to start.
const slower = 3
