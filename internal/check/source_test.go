package check

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"zonecast/internal/zone"
)

// How codes are found: whatever text reaches a field, variable, parameter or result that is named check or Check, or a
// constant or function whose name begins or ends so, is one. So are the texts of constants that stand there.

var codeForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// source is what the collector knows of one package.
type source struct {
	dir    string
	files  []*ast.File
	consts map[string]string // name -> text
	params map[string][]int  // function or method -> indexes of parameters named check
	fields map[string]int    // struct -> index of the field named check
}

// usedCodes reads the program's packages and gives each code with the folders that use it.
func usedCodes(t *testing.T, root string) map[string][]string {
	t.Helper()
	packages := map[string]*source{}
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		dir, _ := filepath.Rel(root, filepath.Dir(path))
		dir = filepath.ToSlash(dir)
		switch {
		case d.IsDir():
			if name := d.Name(); path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "data" || path == filepath.Join(root, "ci")) {
				return fs.SkipDir
			}
			return nil
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || dir == "internal/check":
			return nil
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if packages[dir] == nil {
			packages[dir] = &source{dir: dir, consts: map[string]string{}, params: map[string][]int{}, fields: map[string]int{}}
		}
		packages[dir].files = append(packages[dir].files, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	exported := map[string]string{} // constants of all packages, as package.Name
	foreign := map[string][]int{}   // params of exported functions and methods of all packages
	for _, p := range packages {
		p.declarations()
		for name, at := range p.params {
			if ast.IsExported(name) {
				foreign[name] = append(foreign[name], at...)
			}
		}
		for name, text := range p.consts {
			exported[filepath.Base(p.dir)+"."+name] = text
		}
	}
	used := map[string][]string{}
	for _, p := range packages {
		for code := range p.codes(exported, foreign) {
			used[code] = append(used[code], p.dir)
		}
	}
	for _, dirs := range used {
		slices.Sort(dirs)
	}
	return used
}

func named(name string) bool { return name == "check" || name == "Check" }

func (p *source) declarations() {
	for _, file := range p.files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GenDecl:
				for _, spec := range n.Specs {
					v, ok := spec.(*ast.ValueSpec)
					for i := range min(len(namesOf(v, ok)), len(valuesOf(v, ok))) {
						if text, ok := literal(v.Values[i]); ok && n.Tok == token.CONST {
							p.consts[v.Names[i].Name] = text
						}
					}
				}
			case *ast.FuncDecl:
				p.params[n.Name.Name] = append(p.params[n.Name.Name], positions(n.Type.Params)...)
			case *ast.AssignStmt:
				for i, right := range n.Rhs {
					if f, ok := right.(*ast.FuncLit); ok && i < len(n.Lhs) {
						if name, ok := n.Lhs[i].(*ast.Ident); ok {
							p.params[name.Name] = append(p.params[name.Name], positions(f.Type.Params)...)
						}
					}
				}
			case *ast.TypeSpec:
				if s, ok := n.Type.(*ast.StructType); ok {
					if at := positions(s.Fields); len(at) > 0 {
						p.fields[n.Name.Name] = at[0]
					}
				}
			}
			return true
		})
	}
}

func namesOf(v *ast.ValueSpec, ok bool) []*ast.Ident {
	if !ok {
		return nil
	}
	return v.Names
}

func valuesOf(v *ast.ValueSpec, ok bool) []ast.Expr {
	if !ok {
		return nil
	}
	return v.Values
}

// positions gives where in a list of parameters or fields those named check stand.
func positions(list *ast.FieldList) (at []int) {
	i := 0
	for _, f := range list.List {
		for _, name := range f.Names {
			if named(name.Name) {
				at = append(at, i)
			}
			i++
		}
	}
	return at
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// codes walks the package for texts in the right places.
func (p *source) codes(exported map[string]string, foreign map[string][]int) map[string]bool {
	found := map[string]bool{}
	take := func(e ast.Expr) {
		text, ok := literal(e)
		switch e := e.(type) {
		case *ast.Ident:
			text, ok = p.consts[e.Name]
		case *ast.SelectorExpr:
			if pkg, is := e.X.(*ast.Ident); is {
				text, ok = exported[pkg.Name+"."+e.Sel.Name]
			}
		}
		if ok && codeForm.MatchString(text) && text != string(zone.Error) && text != string(zone.Warning) {
			found[text] = true
		}
	}
	for _, file := range p.files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if k, ok := n.Key.(*ast.Ident); ok && named(k.Name) {
					take(n.Value)
				}
			case *ast.CompositeLit:
				p.unkeyed(n, take)
			case *ast.CallExpr:
				for _, i := range slices.Concat(p.params[called(n)], foreign[called(n)]) {
					if i < len(n.Args) {
						take(n.Args[i])
					}
				}
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if len(n.Lhs) == len(n.Rhs) && named(assigned(left)) {
						take(n.Rhs[i])
					}
				}
			case *ast.FuncDecl:
				if strings.HasSuffix(n.Name.Name, "Check") || len(results(n)) > 0 {
					returns(n, take)
				}
			}
			return true
		})
	}
	return found
}

func (p *source) unkeyed(n *ast.CompositeLit, take func(ast.Expr)) {
	of := func(t ast.Expr, list []ast.Expr) {
		if name, ok := t.(*ast.Ident); ok {
			if i, ok := p.fields[name.Name]; ok && i < len(list) {
				take(list[i])
			}
		}
	}
	of(n.Type, n.Elts)
	element := ast.Expr(nil)
	switch t := n.Type.(type) {
	case *ast.ArrayType:
		element = t.Elt
	case *ast.MapType:
		element = t.Value
	}
	for _, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			e = kv.Value
		}
		if inner, ok := e.(*ast.CompositeLit); ok && inner.Type == nil {
			of(element, inner.Elts)
		}
	}
}

// results gives the indexes of a function's results named check.
func results(f *ast.FuncDecl) []int {
	if f.Type.Results == nil {
		return nil
	}
	return positions(f.Type.Results)
}

func returns(f *ast.FuncDecl, take func(ast.Expr)) {
	at := results(f)
	if len(at) == 0 {
		at = []int{0}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok {
			for _, i := range at {
				if i < len(r.Results) {
					take(r.Results[i])
				}
			}
		}
		return true
	})
}

func called(n *ast.CallExpr) string {
	switch f := n.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

func assigned(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
