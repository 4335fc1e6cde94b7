package city

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"hotline"
)

// Each file of testdata/faults is one slip in the city as shipped, and what the
// operator is told. To add a case, write a file with some of these sections and
// run `go test ./city -update`, which fills in the last:
//
//	-- change flows/menu.yaml --   text that stands there, a line =>, the text instead
//	-- append groups.yaml --       text added at the end
//	-- file flows/x.yaml --        the whole file; \t is a tab
//	-- remove groups.yaml --
//	-- env --                      variables of the environment
//	-- set --                      settings of the command line
//	-- pace --                     check, with so long for each character
//	-- want --                     what is told
func TestFaultsNameFileLineAndWhatIsRight(t *testing.T) {
	cases, err := filepath.Glob("testdata/faults/*.txt")
	if err != nil || len(cases) < 40 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			story, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			copyCity(t)
			got := told(play(t, story))
			if *update {
				story.Files = slices.DeleteFunc(story.Files, func(f txtar.File) bool { return f.Name == "want" })
				story.Files = append(story.Files, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(filepath.Join(home, file), txtar.Format(story), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			last := story.Files[len(story.Files)-1]
			if last.Name != "want" || string(last.Data) != got {
				t.Errorf("got:\n%s\nwant:\n%s", got, last.Data)
			}
		})
	}
}

// copyCity puts the shipped city into a folder of the test's own, as configs.
func copyCity(t *testing.T) {
	t.Helper()
	from, err := filepath.Abs("../configs")
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	if err := os.CopyFS(filepath.Join(to, "configs"), os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(to)
}

// play makes the changes of a story and loads the city.
func play(t *testing.T, story *txtar.Archive) error {
	t.Helper()
	o := LoadOptions{Environ: []string{}, Set: map[string]string{}}
	pace := time.Duration(0)
	for _, f := range story.Files {
		do, name, _ := strings.Cut(f.Name, " ")
		path := filepath.Join("configs", name)
		text := strings.ReplaceAll(string(f.Data), `\t`, "\t")
		switch do {
		case "change":
			change(t, path, text)
		case "append":
			write(t, path, read(t, path)+text)
		case "file":
			write(t, path, text)
		case "remove":
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		case "env":
			o.Environ = strings.Fields(text)
		case "set":
			for _, pair := range strings.Fields(text) {
				key, word, _ := strings.Cut(pair, "=")
				o.Set[key] = word
			}
		case "pace":
			var err error
			if pace, err = time.ParseDuration(strings.TrimSpace(text)); err != nil {
				t.Fatal(err)
			}
		case "want":
		default:
			t.Fatalf("a story has no section %q", f.Name)
		}
	}
	c, err := Load("configs", o)
	if err != nil || pace == 0 {
		return err
	}
	speaker := steady(c)
	speaker.pace = pace
	_, err = c.Check(speaker, november)
	return err
}

// change replaces text that stands in the file exactly once.
func change(t *testing.T, path, text string) {
	t.Helper()
	was, becomes, ok := strings.Cut(text, "=>\n")
	all := read(t, path)
	if !ok || strings.Count(all, was) != 1 {
		t.Fatalf("%s has this %d times, want once:\n%s", path, strings.Count(all, was), was)
	}
	write(t, path, strings.Replace(all, was, becomes, 1))
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// told is what the operator reads.
func told(err error) string {
	if err == nil {
		return "all is well\n"
	}
	return err.Error() + "\n"
}

// Files that are too large to write down are refused in no time and little
// memory, with a sentence.
func TestMonstrousFilesAreRefused(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'z'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	var names strings.Builder
	for i := range 30000 {
		fmt.Fprintf(&names, "name%d: x\n", i)
	}
	for what, monster := range map[string]struct{ text, want string }{
		"ten megabytes": {strings.Repeat("# a comment\n", 900_000), "larger than 1024 KB"},
		"alias bomb":    {bomb, "anchors and aliases"},
		"deep nesting":  {strings.Repeat("[", 9_000), "hotline.yaml"},
		"deep fields":   {"routing: " + strings.Repeat("{a: ", 5_000) + strings.Repeat("}", 5_000), "nested deeper"},
		"very deep":     {strings.Repeat("[", 500_000), "hotline.yaml"},
		"many names":    {names.String(), " more"},
		"no text":       {"\x00\xff\xfe\x00", "UTF-8"},
		"a program":     {"\x7fELF\x02\x01\x01", "not YAML"},
	} {
		t.Run(what, func(t *testing.T) {
			copyCity(t)
			write(t, "configs/hotline.yaml", monster.text)
			began := time.Now()
			_, err := Load("configs", LoadOptions{Environ: []string{}})
			if err == nil || !strings.Contains(err.Error(), monster.want) {
				t.Errorf("told %.300v, want …%s…", err, monster.want)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("refused after %v", took)
			}
		})
	}
}

// A fault is for people and for machines: of kind Invalid, with file and line.
func TestFaultsCanBeReadByMachines(t *testing.T) {
	copyCity(t)
	change(t, "configs/hotline.yaml", "  ring: 20s\n=>\n  ring: 20\n")
	_, err := Load("configs", LoadOptions{Environ: []string{}})
	var all Faults
	if !errors.As(err, &all) || len(all) != 1 || all[0].File != "configs/hotline.yaml" || all[0].Line == 0 {
		t.Fatalf("%#v", err)
	}
	if hotline.KindOf(err) != hotline.Invalid {
		t.Errorf("kind %s", hotline.KindOf(err))
	}
}
