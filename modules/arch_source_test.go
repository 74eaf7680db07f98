package modules_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	module = "galaxy/backend/"
	fxPath = "go.uber.org/fx"
)

// source is one Go file of the repository.
type source struct {
	name    string // slash-separated, from the repository's root
	text    []string
	ast     *ast.File
	imports []string
}

func (s source) test() bool  { return strings.HasSuffix(s.name, "_test.go") }
func (s source) dir() string { return path.Dir(s.name) }

// in says whether the file lies in one of the folders or below it.
func (s source) in(folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return strings.HasPrefix(s.name, f+"/") })
}

// domain is the first folder below modules/, or "".
func (s source) domain() string {
	rest, ok := strings.CutPrefix(s.name, "modules/")
	domain, _, nested := strings.Cut(rest, "/")
	if !ok || !nested {
		return ""
	}
	return domain
}

// forTests says whether the file is a test or belongs to a package that only
// tests import.
func (s source) forTests() bool {
	return s.test() || strings.HasSuffix(s.dir(), "test") && s.in("modules") ||
		s.in("platform/testkit", "cmd/engine/conformance", "integration", "bench")
}

// product is every file that is neither for tests nor generated.
func product(files []source) []source {
	return slices.DeleteFunc(slices.Clone(files), func(s source) bool { return s.forTests() || ast.IsGenerated(s.ast) })
}

// at names a place in the file.
func (s source) at(pos token.Pos) string {
	return fmt.Sprintf("%s:%d", s.name, fileSet.Position(pos).Line)
}

// local is the name under which the file knows an import, or "".
func (s source) local(importPath string) string {
	for _, spec := range s.ast.Imports {
		if spec.Path.Value != strconv.Quote(importPath) {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(importPath)
	}
	return ""
}

// selectors calls fn for every name that the file takes from an import.
func (s source) selectors(importPath string, fn func(name string, pos token.Pos)) {
	local := s.local(importPath)
	if local == "" {
		return
	}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == local {
				fn(sel.Sel.Name, sel.Pos())
			}
		}
		return true
	})
}

// literals calls fn for every string in the file that is no import and no tag.
func (s source) literals(fn func(text string, pos token.Pos)) {
	skip := map[ast.Node]bool{}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			if n.Tag != nil {
				skip[n.Tag] = true
			}
		case *ast.BasicLit:
			if n.Kind == token.STRING && !skip[n] {
				if text, err := strconv.Unquote(n.Value); err == nil {
					fn(text, n.Pos())
				}
			}
		}
		return true
	})
}

var fileSet = token.NewFileSet()

// parsed reads every Go file of the repository once.
var parsed = sync.OnceValues(func() ([]source, error) {
	var out []source
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && file != ".." && (strings.HasPrefix(name, ".") || name == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") {
			return nil
		}
		s, err := parse(file)
		s.name = strings.TrimPrefix(filepath.ToSlash(file), "../")
		out = append(out, s)
		return err
	})
	return out, err
})

func parse(file string) (source, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return source{}, err
	}
	f, err := parser.ParseFile(fileSet, file, text, parser.ParseComments)
	if err != nil {
		return source{}, err
	}
	s := source{ast: f, text: strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")}
	for _, spec := range f.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, err
		}
		s.imports = append(s.imports, imp)
	}
	return s, nil
}

// mutant reads a file of testdata as the one that its first line names.
func mutant(t *testing.T, file string) source {
	t.Helper()
	s, err := parse(file)
	if err != nil {
		t.Fatal(err)
	}
	name, ok := strings.CutPrefix(s.text[0], "// stands as ")
	if !ok {
		t.Fatalf("%s does not say where it stands", file)
	}
	s.name = name
	return s
}

func repository(t *testing.T) []source {
	t.Helper()
	all, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(all, func(s source) bool { return s.name == "platform/lifecycle/plan.go" }) {
		t.Fatal("the repository was not read: this test is in the wrong place")
	}
	return all
}
