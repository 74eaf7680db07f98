package modules_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"strings"
	"unicode/utf8"
)

const (
	maxFile     = 350   // lines of a product file
	maxFunction = 50    // lines of a function, from its name to its last brace
	maxPackage  = 3_500 // product lines of a package
	maxColumns  = 120   // characters of a line; a tab counts as one
)

func filesFunctionsAndPackagesStaySmall(files []source) (out []violation) {
	packages := map[string]int{}
	for _, s := range product(files) {
		if packages[s.dir()] += len(s.text); len(s.text) > maxFile {
			out = append(out, violation{s.name, fmt.Sprintf("it has %d lines, more than %d", len(s.text), maxFile)})
		}
		for _, decl := range s.ast.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := fileSet.Position(fn.End()).Line - fileSet.Position(fn.Name.Pos()).Line + 1; n > maxFunction {
				out = append(out, violation{s.at(fn.Pos()), fmt.Sprintf("%s has %d lines, more than %d", fn.Name.Name, n, maxFunction)})
			}
		}
	}
	for dir, lines := range packages {
		if lines > maxPackage {
			out = append(out, violation{dir, fmt.Sprintf("the package has %d lines, more than %d", lines, maxPackage)})
		}
	}
	return out
}

// linesStayNarrow, but for SQL and for tables, whose rows say more in one line:
// routes, errors, fields with tags, rows of composite literals.
func linesStayNarrow(files []source) (out []violation) {
	for _, s := range product(files) {
		if !s.in("modules", "platform", "cmd") || strings.HasPrefix(path.Base(s.name), "store") {
			continue // a store's lines are statements and their arguments
		}
		wide := s.tableLines()
		for i, line := range s.text {
			if utf8.RuneCountInString(line) > maxColumns && !wide[i+1] {
				out = append(out, violation{fmt.Sprintf("%s:%d", s.name, i+1), fmt.Sprintf("the line has more than %d columns", maxColumns)})
			}
		}
	}
	return out
}

// tableLines are the lines of raw strings, of fields with tags, of generated
// directives and of what is declared at the top level by composite literals and
// calls: tables.
func (s source) tableLines() map[int]bool {
	out := map[int]bool{}
	span := func(from, to token.Pos) {
		for l := fileSet.Position(from).Line; l <= fileSet.Position(to).Line; l++ {
			out[l] = true
		}
	}
	for _, decl := range s.ast.Decls {
		if gen, ok := decl.(*ast.GenDecl); ok && (gen.Tok == token.VAR || gen.Tok == token.CONST) {
			span(gen.Pos(), gen.End())
		}
	}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if strings.HasPrefix(n.Value, "`") {
				span(n.Pos(), n.End())
			}
		case *ast.Field:
			if n.Tag != nil {
				span(n.Pos(), n.End())
			}
		case *ast.CompositeLit:
			span(n.Pos(), n.End())
		}
		return true
	})
	return out
}
