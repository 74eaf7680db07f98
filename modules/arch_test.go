package modules_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	module = "galaxy/backend/"
	fxPath = "go.uber.org/fx"

	maxFile    = 350   // lines of a product file
	maxPackage = 3_500 // product lines of a package
)

// order is the one list of domains, lowest first. A domain may import only
// domains to its left.
var order = []string{"admin", "mail", "push", "engine", "user", "geo", "auth", "notification", "engineversion", "runtime", "racename", "game", "lobby", "turn", "console"}

// drivers are what modules reach only through platform/.
var drivers = []string{
	"database/sql", "github.com/jackc/pgx", "github.com/jmoiron/sqlx", "github.com/labstack/echo", "github.com/docker/docker",
	"github.com/moby/moby", "github.com/rubenv/sql-migrate", "github.com/kelseyhightower/envconfig",
}

// layers says which imports a file of a domain may not have, by file name.
var layers = []struct {
	files     string
	forbidden []string
}{
	{"http*.go", []string{module + "platform/pg", module + "platform/cache", module + "platform/outbox", fxPath}},
	{"service*.go", []string{"net/http", fxPath}},
	{"store*.go", []string{"net/http", fxPath}},
	{"worker*.go", []string{"net/http", fxPath}},
	{"ports*.go", []string{"net/http", fxPath}},
	{"model*.go", []string{"net/http", module + "platform/pg", module + "platform/cache", module + "platform/outbox", fxPath}},
}

// source is one Go file of the repository.
type source struct {
	name    string // slash-separated, from the repository's root
	lines   int
	ast     *ast.File
	imports []string
}

func (s source) test() bool  { return strings.HasSuffix(s.name, "_test.go") }
func (s source) dir() string { return path.Dir(s.name) }

// internal says whether only one domain can import the package.
func (s source) internal() bool { return strings.Contains(s.name, "/internal/") }

// in says whether the file lies in the folder or below it.
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

// product is every file that is neither a test, a help for tests nor generated.
func product(t *testing.T) []source {
	t.Helper()
	return slices.DeleteFunc(slices.Clone(sources(t)), func(s source) bool {
		return s.test() || s.in("platform/testkit", "modules/runtime/driver/drivertest", "cmd/engine/conformance", "integration", "bench") || ast.IsGenerated(s.ast)
	})
}

func TestDomainsImportOnlyToTheirLeft(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		domain := s.domain()
		if domain == "" {
			continue
		}
		own := slices.Index(order, domain)
		if own < 0 {
			t.Errorf("%s: domain %q has no place in the order", s.name, domain)
			continue
		}
		for _, imp := range s.imports {
			rest, ok := strings.CutPrefix(imp, module+"modules/")
			other, _, _ := strings.Cut(rest, "/")
			if ok && other != domain && (slices.Index(order, other) < 0 || slices.Index(order, other) > own) {
				t.Errorf("%s: %s may not import %s", s.name, domain, other)
			}
		}
	}
}

func TestFilesImportOnlyWhatTheirLayerMay(t *testing.T) {
	t.Parallel()
	for _, s := range product(t) {
		if s.domain() == "" || path.Dir(s.dir()) != "modules" {
			continue
		}
		for _, l := range layers {
			if ok, _ := path.Match(l.files, path.Base(s.name)); ok {
				refuse(t, s, l.forbidden...)
			}
		}
	}
}

func TestOnlyStoresHoldSQL(t *testing.T) {
	t.Parallel()
	for _, s := range product(t) {
		if s.domain() == "" || strings.HasPrefix(path.Base(s.name), "store") {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && statement.MatchString(lit.Value) {
				t.Errorf("%s:%d: SQL belongs into store.go", s.name, fileSet.Position(lit.Pos()).Line)
			}
			return true
		})
	}
}

// statement recognises the beginning of one by what comes after its verb.
var statement = regexp.MustCompile("^[`\"]\\s*(SELECT\\s|INSERT\\s+INTO\\s|UPDATE\\s+\\w+\\s+(\\w+\\s+)?SET\\s|DELETE\\s+FROM\\s|WITH\\s+\\w+\\s+AS)")

func TestModulesImportNoDriver(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.in("modules") {
			refuse(t, s, drivers...)
		}
	}
}

func TestNobodyImportsUpwards(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		switch {
		case s.in("platform"):
			refuse(t, s, module+"modules", module+"cmd")
		case s.in("proto", "sql"):
			refuse(t, s, module+"modules", module+"platform", module+"cmd")
		case s.in("modules"):
			refuse(t, s, module+"cmd")
		case s.in("cmd/engine"): // a program of its own, but JSON is refused alike
			s.imports = slices.DeleteFunc(slices.Clone(s.imports), func(imp string) bool { return imp == module+"platform/httpx/strict" })
			refuse(t, s, module+"modules", module+"platform")
		}
	}
	for _, s := range product(t) {
		refuse(t, s, module+"platform/testkit", "github.com/stretchr/testify", "github.com/testcontainers")
	}
}

// The order in which things start and stop is data in one place. fx.Lifecycle
// or an Invoke anywhere else would bring back the accident of parameter lists.
func TestOnlyLifecycleNamesFxLifecycleAndInvoke(t *testing.T) {
	t.Parallel()
	for _, s := range product(t) {
		if s.in("platform/lifecycle") {
			continue
		}
		for name, at := range fxNames(s) {
			if name == "Lifecycle" || name == "Invoke" || name == "Hook" || name == "StartHook" || name == "StopHook" {
				t.Errorf("%s: fx.%s belongs to platform/lifecycle", at, name)
			}
		}
	}
}

// What takes value groups does so through one small fx.In beside the wiring.
func TestParameterObjectsStandInModuleFilesAlone(t *testing.T) {
	t.Parallel()
	for _, s := range product(t) {
		for name, at := range fxNames(s) {
			if s.in("modules") && (name == "Out" || name == "In" && path.Base(s.name) != "module.go") {
				t.Errorf("%s: no fx.%s here", at, name)
			}
		}
	}
}

func TestFilesAndPackagesStaySmall(t *testing.T) {
	t.Parallel()
	packages := map[string]int{}
	for _, s := range product(t) {
		if packages[s.dir()] += s.lines; s.lines > maxFile {
			t.Errorf("%s has %d lines, more than %d", s.name, s.lines, maxFile)
		}
	}
	for dir, lines := range packages {
		if lines > maxPackage {
			t.Errorf("%s has %d lines, more than %d", dir, lines, maxPackage)
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, s := range product(t) {
		name := s.ast.Name.Name
		text := s.ast.Doc.Text()
		said[s.dir()] = said[s.dir()] || strings.HasPrefix(text, "Package "+name+" ") || name == "main" && strings.HasPrefix(text, "Command ")
	}
	for dir, ok := range said {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	t.Parallel()
	for _, s := range product(t) {
		if !s.in("modules", "platform") {
			continue
		}
		for _, name := range undocumented(s.ast, s.internal()) {
			t.Errorf("%s: %s has no doc comment", s.name, name)
		}
	}
}

// undocumented lists exported names without a comment: functions, types, values
// and the methods of exported types, these last only where another domain can
// call them. A comment on a group of constants or variables speaks for all of
// them.
func undocumented(file *ast.File, internal bool) []string {
	var out []string
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || !internal && ast.IsExported(receiver(d)) && !known[d.Name.Name]) {
				out = append(out, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				var doc *ast.CommentGroup
				var names []*ast.Ident
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					doc, names = spec.Doc, []*ast.Ident{spec.Name}
				case *ast.ValueSpec:
					doc, names = spec.Doc, spec.Names
					if doc == nil {
						doc = spec.Comment
					}
				}
				for _, n := range names {
					if n.IsExported() && doc == nil && d.Doc == nil {
						out = append(out, n.Name)
					}
				}
			}
		}
	}
	return out
}

// known are methods that say by their names which interface of the standard
// library they implement.
var known = map[string]bool{"String": true, "Error": true, "Unwrap": true, "Is": true, "MarshalText": true, "UnmarshalText": true,
	"MarshalJSON": true, "UnmarshalJSON": true, "Scan": true, "Value": true, "Len": true, "Close": true, "Read": true, "Write": true}

// receiver is the name of the type that a method belongs to.
func receiver(fn *ast.FuncDecl) string {
	t := fn.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// fxNames returns which names of package fx a file uses, and where.
func fxNames(s source) map[string]string {
	local := ""
	for _, spec := range s.ast.Imports {
		if spec.Path.Value == strconv.Quote(fxPath) {
			if local = "fx"; spec.Name != nil {
				local = spec.Name.Name
			}
		}
	}
	names := map[string]string{}
	if local == "" {
		return names
	}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == local {
				names[sel.Sel.Name] = fmt.Sprintf("%s:%d", s.name, fileSet.Position(sel.Pos()).Line)
			}
		}
		return true
	})
	return names
}

func refuse(t *testing.T, s source, forbidden ...string) {
	t.Helper()
	for _, imp := range s.imports {
		for _, f := range forbidden {
			if imp == f || strings.HasPrefix(imp, f+"/") {
				t.Errorf("%s may not import %s", s.name, imp)
			}
		}
	}
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
		f, err := parser.ParseFile(fileSet, file, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		s := source{name: strings.TrimPrefix(filepath.ToSlash(file), "../"), ast: f, lines: fileSet.File(f.FileStart).LineCount()}
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, imp)
		}
		out = append(out, s)
		return nil
	})
	return out, err
})

func sources(t *testing.T) []source {
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
