package modules_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// statement recognises the beginning of one by what comes after its verb.
var statement = regexp.MustCompile(`^\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+((AS\s+)?\w+\s+)?SET\s|DELETE\s+FROM\s|TRUNCATE\s|WITH\s+\w+\s+AS)`)

func onlyStoresHoldSQL(files []source) (out []violation) {
	for _, s := range product(files) {
		if s.domain() == "" || strings.HasPrefix(path.Base(s.name), "store") {
			continue
		}
		s.literals(func(text string, pos token.Pos) {
			if statement.MatchString(text) {
				out = append(out, violation{s.at(pos), "SQL belongs into a store"})
			}
		})
	}
	return out
}

// writes finds the table of every writing statement, wherever in a text it
// stands: a WITH may hold several.
var writes = regexp.MustCompile(`(?:INSERT\s+INTO|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE(?:\s+TABLE)?|UPDATE)\s+(?:ONLY\s+)?(?:backend\.)?([a-z_]+)`)

// writer is who writes tables: a domain, or a package outside of modules.
func (s source) writer() string {
	if d := s.domain(); d != "" {
		return "modules/" + d
	}
	return s.dir()
}

// oneDomainWritesATable holds every string of the product that writes, and every
// outbox.Queue, against the others.
func oneDomainWritesATable(files []source) (out []violation) {
	type place struct{ writer, at string }
	tables := map[string][]place{}
	for _, s := range product(files) {
		if s.in("cmd/engine", "tools") {
			continue
		}
		for _, w := range written(s) {
			tables[w.table] = append(tables[w.table], place{s.writer(), s.at(w.pos)})
		}
	}
	for table, places := range tables {
		writers := map[string]bool{}
		for _, p := range places {
			writers[p.writer] = true
		}
		if len(writers) == 1 {
			continue
		}
		for _, p := range places {
			out = append(out, violation{p.at, fmt.Sprintf("%s is written by %d packages, %s among them", table, len(writers), p.writer)})
		}
	}
	slices.SortFunc(out, func(a, b violation) int { return strings.Compare(a.at, b.at) })
	return out
}

// write is a place that writes a table.
type write struct {
	table string
	pos   token.Pos
}

// written are the tables that a file writes.
func written(s source) []write {
	out := queues(s)
	s.literals(func(text string, pos token.Pos) {
		for _, m := range writes.FindAllStringSubmatch(text, -1) {
			out = append(out, write{m[1], pos})
		}
	})
	return out
}

// queues are the tables of the outbox.Queues that a file declares.
func queues(s source) []write {
	var out []write
	local := s.local(module + "platform/outbox")
	ast.Inspect(s.ast, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok || local == "" {
			return true
		}
		sel, ok := lit.Type.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Queue" {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); !ok || id.Name != local {
			return true
		}
		for _, e := range lit.Elts {
			kv, ok := e.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			key, isName := kv.Key.(*ast.Ident)
			value, isText := kv.Value.(*ast.BasicLit)
			if isName && isText && key.Name == "Table" {
				table, _ := strconv.Unquote(value.Value)
				out = append(out, write{table, value.Pos()})
			}
		}
		return true
	})
	return out
}
