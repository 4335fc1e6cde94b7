package web

import "time"

// AskEvery lets a test not wait fifteen seconds.
func (s *Server) AskEvery(d time.Duration) { s.ask = d }

// Served names the operations that are registered.
func (s *Server) Served() []string { return s.served }

// TableLine is one line of the table of operations.
type TableLine struct{ ID, Method, Path, Roles string }

// Table gives the table of operations.
func Table() []TableLine {
	var lines []TableLine
	for _, o := range operations {
		lines = append(lines, TableLine{o.id, o.method, o.path, o.roles})
	}
	return lines
}
