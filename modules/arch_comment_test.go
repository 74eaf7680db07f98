package modules_test

import (
	"go/ast"
	"strings"
)

func everyPackageAndExportedNameIsDocumented(files []source) (out []violation) {
	said := map[string]bool{}
	for _, s := range product(files) {
		name, text := s.ast.Name.Name, s.ast.Doc.Text()
		said[s.dir()] = said[s.dir()] || strings.HasPrefix(text, "Package "+name+" ") ||
			name == "main" && strings.HasPrefix(text, "Command ")
		if !s.in("modules", "platform") {
			continue
		}
		for _, name := range undocumented(s.ast) {
			out = append(out, violation{s.name, name + " has no doc comment"})
		}
	}
	for dir, ok := range said {
		if !ok {
			out = append(out, violation{dir, "the package has no comment"})
		}
	}
	return out
}

// undocumented lists exported names without a comment: functions, types, values
// and the methods of exported types. A comment on a group of constants or
// variables speaks for all of them.
func undocumented(file *ast.File) []string {
	var out []string
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || ast.IsExported(receiver(d)) && !known[d.Name.Name]) {
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
