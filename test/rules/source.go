package rules

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
)

// source is one package read and type-checked.
type source struct {
	path  string
	fset  *token.FileSet
	files []*ast.File
	info  *types.Info
	types *types.Package
}

// reader reads packages against the export data that go list told of.
type reader struct {
	fset    *token.FileSet
	imports types.Importer
}

func newReader(all []listed) *reader {
	export := map[string]string{}
	for _, p := range all {
		export[p.ImportPath] = p.Export
	}
	r := &reader{fset: token.NewFileSet()}
	r.imports = importer.ForCompiler(r.fset, "gc", func(path string) (io.ReadCloser, error) {
		if export[path] == "" {
			return nil, fmt.Errorf("go list gave no export data for %s", path)
		}
		return os.Open(export[path])
	})
	return r
}

// read reads one package of the module, its tests left out.
func (r *reader) read(p listed) (source, error) {
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(r.fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return source{}, err
		}
		files = append(files, f)
	}
	return r.check(p.ImportPath, files)
}

// text reads a package of one file from text, for the rules' own proof.
func (r *reader) text(path, text string) (source, error) {
	f, err := parser.ParseFile(r.fset, path+".go", text, parser.SkipObjectResolution)
	if err != nil {
		return source{}, err
	}
	return r.check(path, []*ast.File{f})
}

func (r *reader) check(path string, files []*ast.File) (source, error) {
	s := source{path: path, fset: r.fset, files: files, info: &types.Info{
		Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}, Types: map[ast.Expr]types.TypeAndValue{},
	}}
	var err error
	s.types, err = (&types.Config{Importer: r.imports}).Check(path, r.fset, files, s.info)
	return s, err
}

// at writes where something stands.
func (s source) at(n ast.Node) string {
	p := s.fset.Position(n.Pos())
	return fmt.Sprintf("%s/%s:%d", s.path, filepath.Base(p.Filename), p.Line)
}

// mostMethods is the most an interface of the domain may ask for.
const mostMethods = 5

// wide finds interfaces that ask for too much.
func wide(s source) (faults []string) {
	scope := s.types.Scope()
	for _, name := range scope.Names() {
		t, ok := scope.Lookup(name).(*types.TypeName)
		if !ok {
			continue
		}
		if i, ok := t.Type().Underlying().(*types.Interface); ok && i.NumMethods() > mostMethods {
			faults = append(faults, fmt.Sprintf("%s.%s has %d methods; an interface of the domain has %d at most", s.path, name, i.NumMethods(), mostMethods))
		}
	}
	return faults
}

// inits finds functions that run by being imported.
func inits(s source) (faults []string) {
	for _, f := range s.files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				faults = append(faults, s.at(fn)+": init() runs unasked; let main call what has to be done")
			}
		}
	}
	return faults
}
