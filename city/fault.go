package city

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline"
)

// Fault is one thing that is wrong in what the city wrote, and what would be
// right.
type Fault struct {
	File string // as the operator named it, e.g. configs/flows/menu.yaml, or "environment"
	Line int    // 0: the file as a whole
	What string // one sentence
}

// Where is file:line.
func (f Fault) Where() string { return place(f.File, f.Line) }

// String is the line the operator reads.
func (f Fault) String() string { return f.Where() + ": " + f.What }

func place(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// Faults are all that were found, ordered by file and line.
type Faults []Fault

// mostFaults bounds what is told at once: a file of another kind has a fault
// in every line.
const mostFaults = 100

// Error is one fault a line.
func (f Faults) Error() string {
	lines := make([]string, 0, len(f))
	for i, x := range f {
		if i == mostFaults {
			lines = append(lines, fmt.Sprintf("… and %d more", len(f)-mostFaults))
			break
		}
		lines = append(lines, x.String())
	}
	return strings.Join(lines, "\n")
}

// faults collects while files are read and flows are proved.
type faults struct{ all Faults }

func (f *faults) add(file string, line int, format string, args ...any) {
	f.all = append(f.all, Fault{file, line, fmt.Sprintf(format, args...)})
}

// enough tells that a file is of another kind: reading on in it helps nobody.
func (f *faults) enough(file string) bool {
	n := 0
	for _, x := range f.all {
		if x.File == file {
			n++
		}
	}
	return n > 2*mostFaults
}

// err gives what was found as one error of kind Invalid, nil when there is
// nothing. The same sentence at the same place is told once.
func (f *faults) err() error {
	if len(f.all) == 0 {
		return nil
	}
	slices.SortStableFunc(f.all, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return hotline.Errorf(hotline.Invalid, "%w", slices.Compact(f.all))
}

// orList names what would be right: the nearest name when one is near, else
// the names there are.
func orList(wrong string, right []string) string {
	best, least := "", 3
	for _, r := range right {
		if d := distance(wrong, r); d < least && d < len(r) {
			best, least = r, d
		}
	}
	switch {
	case best != "":
		return "did you mean " + best + "?"
	case len(right) == 0:
		return "there is none"
	}
	right = slices.Sorted(slices.Values(right))
	if len(right) > 12 {
		return "there are " + strings.Join(right[:12], ", ") + " …"
	}
	return "there are " + strings.Join(right, ", ")
}

// distance counts the letters to change, add or remove (Levenshtein); long
// words are not compared.
func distance(a, b string) int {
	if len(a) > 40 || len(b) > 40 {
		return 40
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// splitWhere undoes place.
func splitWhere(where string) (string, int) {
	i := strings.LastIndexByte(where, ':')
	if i < 0 {
		return where, 0
	}
	line, err := strconv.Atoi(where[i+1:])
	if err != nil {
		return where, 0
	}
	return where[:i], line
}

// tenths writes a time as people read it: 3.2 s.
func tenths(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
