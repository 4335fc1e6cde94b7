package city

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Bounds of a file; what the city writes by hand is far below them.
const (
	mostBytes = 1 << 20
	mostDepth = 16
)

// desk reads files from one folder and collects what is wrong in them.
type desk struct {
	dir string
	*faults
}

// open reads one YAML file strictly: spaces only, one document, no anchors, no
// key twice. ok is false when there is nothing to read on with.
func (d *desk) open(name string) (v value, ok bool) {
	file := filepath.Join(d.dir, filepath.FromSlash(name))
	text, ok := d.read(file)
	if !ok {
		return value{}, false
	}
	return d.parse(file, text)
}

func (d *desk) read(file string) ([]byte, bool) {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		d.add(file, 0, "there is no such file, and it is needed: restore it, or take away what asks for it")
		return nil, false
	}
	if err != nil {
		d.add(file, 0, "the file cannot be read: %v", plain(err))
		return nil, false
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostBytes+1))
	switch {
	case err != nil:
		d.add(file, 0, "the file cannot be read: %v", plain(err))
	case len(text) > mostBytes:
		d.add(file, 0, "the file is larger than %d KB: settings are written by hand and smaller", mostBytes>>10)
	default:
		return text, true
	}
	return nil, false
}

// plain leaves out the path, which stands before the sentence already.
func plain(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (d *desk) parse(file string, text []byte) (value, bool) {
	if !d.legible(file, text) {
		return value{}, false
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 1 && doc.Content[0].Tag == "!!null" {
		d.add(file, 0, "the file is empty: restore it from the copy that came with the program")
		return value{}, false
	}
	if err != nil {
		d.syntax(file, err)
		return value{}, false
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		d.add(file, more.Line, "a second document begins: one file holds one, without ---")
		return value{}, false
	}
	v := value{n: doc.Content[0], file: file, faults: d.faults}
	return v, v.sane(0)
}

// legible finds what the parser would report without saying what it means.
func (d *desk) legible(file string, text []byte) bool {
	fine := true
	for i, line := range bytes.Split(text, []byte("\n")) {
		indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		switch {
		case !utf8.Valid(line):
			d.add(file, i+1, "the line is not UTF-8: save the file as UTF-8")
			fine = false
		case bytes.ContainsRune(indent, '\t') && len(bytes.TrimSpace(line)) > 0:
			d.add(file, i+1, "the line begins with a tab: indent with spaces")
			fine = false
		}
	}
	return fine
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

// syntax tells what the parser found, with its line.
func (d *desk) syntax(file string, err error) {
	text := err.Error()
	m := yamlLine.FindStringSubmatch(text)
	line, _ := strconv.Atoi(m[1])
	d.add(file, line, "this is not YAML: %s", strings.TrimPrefix(text, m[0]))
}

// sane refuses what has no place in a file that people read: anchors, aliases
// (and so alias bombs), tags, endless nesting, a key twice.
func (v value) sane(depth int) bool {
	switch {
	case v.n.Kind == yaml.AliasNode || v.n.Anchor != "":
		v.fault("anchors and aliases (& and *) are not used here: write the value out; text that begins with them stands in quotes")
		return false
	case depth > mostDepth:
		v.fault("this is nested deeper than %d levels: something is indented wrongly", mostDepth)
		return false
	case v.n.Style&yaml.TaggedStyle != 0:
		v.fault("tags (!) are not used here: write the plain value")
		return false
	}
	fine := true
	seen := map[string]int{}
	for i, child := range v.n.Content {
		if v.n.Kind == yaml.MappingNode && i%2 == 0 {
			if first, twice := seen[child.Value]; twice {
				v.at(child).fault("%q is given twice, first in line %d: keep one", child.Value, first)
				fine = false
			}
			seen[child.Value] = child.Line
		}
		if !v.at(child).sane(depth + 1) {
			fine = false
			if depth > 1 {
				break
			}
		}
	}
	return fine
}
