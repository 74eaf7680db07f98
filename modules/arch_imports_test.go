package modules_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// drivers are what modules reach only through platform/.
var drivers = []string{
	"database/sql", "github.com/jackc/pgx", "github.com/jmoiron/sqlx", "github.com/labstack/echo", "github.com/docker/docker",
	"github.com/moby/moby", "github.com/rubenv/sql-migrate", "github.com/kelseyhightower/envconfig",
}

// The platform's packages that hold SQL, and those that hold echo.
var (
	sqlSide  = []string{module + "platform/pg", module + "platform/cache", module + "platform/outbox"}
	httpSide = []string{"net/http", "github.com/labstack/echo"}
)

// layers says what a file may not import, by its base name, at every depth.
var layers = []struct {
	files     string
	forbidden []string
}{
	{"http_*.go", append([]string{fxPath}, sqlSide...)},
	{"service*.go", append([]string{fxPath}, httpSide...)},
	{"store*.go", append([]string{fxPath}, httpSide...)},
	{"worker*.go", append([]string{fxPath}, httpSide...)},
	{"ports*.go", append([]string{fxPath}, httpSide...)},
	{"hooks*.go", append([]string{fxPath}, httpSide...)},
	{"model*.go", append(append([]string{fxPath}, httpSide...), sqlSide...)},
}

// layerNames are what the name of a domain's file begins with.
var layerNames = []string{
	"doc", "module", "config", "model", "errors", "ports", "service", "store", "cache", "worker", "hooks", "metrics",
	"grpc", "client", "http_public", "http_internal", "http_user", "http_admin", "http_view",
}

func refused(s source, why string, forbidden ...string) (out []violation) {
	for _, imp := range s.imports {
		for _, f := range forbidden {
			if imp == f || strings.HasPrefix(imp, f+"/") {
				out = append(out, violation{s.name, fmt.Sprintf("%s may not import %s", why, imp)})
			}
		}
	}
	return out
}

func domainsImportOnlyToTheirLeft(files []source) (out []violation) {
	for _, s := range files {
		domain := s.domain()
		if domain == "" {
			continue
		}
		own := slices.Index(order, domain)
		if own < 0 {
			out = append(out, violation{s.name, fmt.Sprintf("the domain %q has no place in the order", domain)})
			continue
		}
		for _, imp := range s.imports {
			rest, ok := strings.CutPrefix(imp, module+"modules/")
			other, _, _ := strings.Cut(rest, "/")
			if ok && other != domain && (slices.Index(order, other) < 0 || slices.Index(order, other) > own) {
				out = append(out, violation{s.name, fmt.Sprintf("%s may not import %s", domain, other)})
			}
		}
	}
	return out
}

func nobodyImportsUpwards(files []source) (out []violation) {
	for _, s := range files {
		switch {
		case s.in("platform"):
			out = append(out, refused(s, "platform", module+"modules", module+"cmd")...)
		case s.in("proto", "sql"):
			out = append(out, refused(s, "a contract", module+"modules", module+"platform", module+"cmd")...)
		case s.in("modules"):
			out = append(out, refused(s, "a module", module+"cmd")...)
		case s.in("cmd/engine"): // a program of its own, but JSON is refused alike
			s.imports = slices.DeleteFunc(slices.Clone(s.imports), func(imp string) bool { return imp == module+"platform/httpx/strict" })
			out = append(out, refused(s, "the engine", module+"modules", module+"platform")...)
		}
	}
	for _, s := range product(files) {
		out = append(out, refused(s, "the product", module+"platform/testkit", "github.com/stretchr/testify", "github.com/testcontainers")...)
		for _, imp := range s.imports {
			if rest, ok := strings.CutPrefix(imp, module+"modules/"); ok && strings.HasSuffix(rest, "test") {
				out = append(out, violation{s.name, "the product may not import the fakes " + imp})
			}
		}
	}
	return out
}

func filesImportOnlyWhatTheirLayerMay(files []source) (out []violation) {
	for _, s := range product(files) {
		if s.domain() == "" {
			continue
		}
		for _, l := range layers {
			if ok, _ := path.Match(l.files, path.Base(s.name)); ok {
				out = append(out, refused(s, l.files, l.forbidden...)...)
			}
		}
	}
	return out
}

func everyFileOfADomainHasALayer(files []source) (out []violation) {
	for _, s := range product(files) {
		if s.domain() == "" || path.Dir(s.dir()) != "modules" {
			continue
		}
		base := strings.TrimSuffix(path.Base(s.name), ".go")
		if !slices.ContainsFunc(layerNames, func(l string) bool { return base == l || strings.HasPrefix(base, l+"_") }) {
			out = append(out, violation{s.name, "its name does not begin with a layer"})
		}
	}
	return out
}

func modulesImportNoDriver(files []source) (out []violation) {
	for _, s := range files {
		if s.in("modules") {
			out = append(out, refused(s, "a module", drivers...)...)
		}
	}
	return out
}

// The order in which things start and stop is data in one place. fx.Lifecycle
// or an Invoke anywhere else would bring back the accident of parameter lists.
func onlyLifecycleNamesFxLifecycle(files []source) (out []violation) {
	for _, s := range product(files) {
		if s.in("platform/lifecycle") {
			continue
		}
		s.selectors(fxPath, func(name string, pos token.Pos) {
			if slices.Contains([]string{"Lifecycle", "Invoke", "Hook", "StartHook", "StopHook"}, name) {
				out = append(out, violation{s.at(pos), "fx." + name + " belongs to platform/lifecycle"})
			}
		})
	}
	return out
}

// What takes value groups does so through one small fx.In beside the wiring.
func parameterObjectsStandInModuleFiles(files []source) (out []violation) {
	for _, s := range product(files) {
		s.selectors(fxPath, func(name string, pos token.Pos) {
			if name == "Out" || name == "In" && path.Base(s.name) != "module.go" && !s.in("cmd") {
				out = append(out, violation{s.at(pos), "fx." + name + " stands in module.go alone"})
			}
		})
	}
	return out
}

// A group tag is written where its hooks are owned: as the tag of a field of an
// fx.In whose type the package itself declares, or in the platform's Provide
// functions.
func groupTagsStandWithTheirOwner(files []source) (out []violation) {
	for _, s := range product(files) {
		if s.in("platform/hook", "platform/httpx", "platform/grpcx", "platform/lifecycle") {
			continue
		}
		owned := map[ast.Node]bool{}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Field:
				list, isList := n.Type.(*ast.ArrayType)
				if n.Tag == nil || !isList {
					break
				}
				if _, own := list.Elt.(*ast.Ident); own && path.Base(s.name) == "module.go" {
					owned[n.Tag] = true
				}
			case *ast.BasicLit:
				if n.Kind == token.STRING && strings.Contains(n.Value, `group:"`) && !owned[n] {
					out = append(out, violation{s.at(n.Pos()), "a group is named by hand outside the module.go of its owner"})
				}
			}
			return true
		})
	}
	return out
}

// A package that gives its child's names out under its own has no wall there.
func noPackageReexportsAChild(files []source) (out []violation) {
	for _, s := range product(files) {
		if s.domain() == "" {
			continue
		}
		children := map[string]bool{}
		for _, spec := range s.ast.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			if strings.HasPrefix(imp, module+s.dir()+"/") {
				children[s.local(imp)] = true
			}
		}
		child := func(e ast.Expr) bool {
			sel, ok := e.(*ast.SelectorExpr)
			if !ok {
				return false
			}
			id, ok := sel.X.(*ast.Ident)
			return ok && children[id.Name]
		}
		for _, decl := range s.ast.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range gen.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if child(spec.Type) {
						out = append(out, violation{s.at(spec.Pos()), spec.Name.Name + " is a child's name"})
					}
				case *ast.ValueSpec:
					if slices.ContainsFunc(spec.Values, child) {
						out = append(out, violation{s.at(spec.Pos()), spec.Names[0].Name + " is a child's name"})
					}
				}
			}
		}
	}
	return out
}
