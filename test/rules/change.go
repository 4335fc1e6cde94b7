package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// changes finds package variables that change, our own and others'
// (http.DefaultTransport): assigned outside their declaration, handed out by
// address, or of a kind that only exists to be changed.
func changes(s source) (faults []string) {
	say := func(n ast.Node, v *types.Var, how string) {
		faults = append(faults, fmt.Sprintf("%s: the package variable %s %s; keep it in a struct that somebody owns", s.at(n), v.Name(), how))
	}
	for _, name := range s.types.Scope().Names() {
		if v, ok := s.types.Scope().Lookup(name).(*types.Var); ok && changeable(v.Type()) {
			faults = append(faults, fmt.Sprintf("%s: the package variable %s is a %s; keep it in a struct that somebody owns", s.path, name, v.Type()))
		}
	}
	for _, f := range s.files {
		ast.Inspect(f, func(n ast.Node) bool {
			for _, c := range s.touched(n) {
				if v := s.variable(c.what); v != nil {
					say(n, v, c.how)
				}
			}
			return true
		})
	}
	return faults
}

// touch is an expression that is changed, and how.
type touch struct {
	what ast.Expr
	how  string
}

// touched are the expressions that a node changes.
func (s source) touched(n ast.Node) (all []touch) {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			for _, e := range n.Lhs {
				all = append(all, touch{e, "is assigned to"})
			}
		}
	case *ast.IncDecStmt:
		all = append(all, touch{n.X, "is counted"})
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			all = append(all, touch{n.Key, "is assigned to"}, touch{n.Value, "is assigned to"})
		}
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			all = append(all, touch{n.X, "is handed out by its address"})
		}
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "delete" || f.Name == "clear") && len(n.Args) > 0 {
			if _, builtin := s.info.Uses[f].(*types.Builtin); builtin {
				all = append(all, touch{n.Args[0], "loses entries"})
			}
		}
	case *ast.SelectorExpr:
		if s.byAddress(n) {
			all = append(all, touch{n.X, "is changed by its method " + n.Sel.Name})
		}
	}
	return all
}

// byAddress tells whether a method of a value is called that gets the value's
// address, and so can change it.
func (s source) byAddress(e *ast.SelectorExpr) bool {
	sel := s.info.Selections[e]
	if sel == nil || sel.Kind() != types.MethodVal {
		return false
	}
	f, ok := sel.Obj().(*types.Func)
	if !ok {
		return false
	}
	recv := f.Type().(*types.Signature).Recv()
	if _, pointer := recv.Type().(*types.Pointer); !pointer {
		return false
	}
	_, already := sel.Recv().Underlying().(*types.Pointer)
	return !already
}

// variable gives the package variable that an expression is a part of; nil when
// it is none.
func (s source) variable(e ast.Expr) *types.Var {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return s.variable(e.X)
	case *ast.IndexExpr:
		return s.variable(e.X)
	case *ast.SliceExpr:
		return s.variable(e.X)
	case *ast.StarExpr:
		return s.variable(e.X)
	case *ast.SelectorExpr:
		if v := s.global(e.Sel); v != nil {
			return v
		}
		return s.variable(e.X)
	case *ast.Ident:
		return s.global(e)
	}
	return nil
}

// global gives the package variable that a name means.
func (s source) global(id *ast.Ident) *types.Var {
	v, ok := s.info.Uses[id].(*types.Var)
	if !ok || v.IsField() || v.Name() == "_" || v.Pkg() == nil || v.Parent() != v.Pkg().Scope() {
		return nil
	}
	return v
}

// changeable tells whether a type only exists to be changed.
func changeable(t types.Type) bool {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if _, ok := t.Underlying().(*types.Chan); ok {
		return true
	}
	n, ok := t.(*types.Named)
	if !ok || n.Obj().Pkg() == nil {
		return false
	}
	switch n.Obj().Pkg().Path() {
	case "sync", "sync/atomic":
		return true
	}
	return false
}
