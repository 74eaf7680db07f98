package pgwrite

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// texts finds out what strings are made of.
type texts struct {
	info *types.Info
	// assigned holds everything a local variable ever gets; nil stands for
	// something that is not an expression of its own.
	assigned map[types.Object][]ast.Expr
}

func newTexts(pass *analysis.Pass, nodes *inspector.Inspector) *texts {
	t := &texts{info: pass.TypesInfo, assigned: map[types.Object][]ast.Expr{}}
	for n := range nodes.PreorderSeq((*ast.AssignStmt)(nil), (*ast.ValueSpec)(nil), (*ast.RangeStmt)(nil), (*ast.UnaryExpr)(nil)) {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				t.assign(left, right(n.Rhs, i, len(n.Lhs)))
			}
		case *ast.ValueSpec:
			for i, left := range n.Names {
				if len(n.Values) > 0 { // a variable without a value is empty text
					t.assign(left, right(n.Values, i, len(n.Names)))
				}
			}
		case *ast.RangeStmt:
			t.assign(n.Key, nil)
			t.assign(n.Value, nil)
		case *ast.UnaryExpr:
			if n.Op == token.AND { // whoever has the address writes unseen
				t.assign(n.X, nil)
			}
		}
	}
	return t
}

func right(values []ast.Expr, i, n int) ast.Expr {
	if len(values) != n {
		return nil
	}
	return values[i]
}

func (t *texts) assign(left, value ast.Expr) {
	id, ok := left.(*ast.Ident)
	if !ok {
		return
	}
	if obj := t.info.ObjectOf(id); obj != nil {
		t.assigned[obj] = append(t.assigned[obj], value)
	}
}

// of returns all text that an expression can be put together from, if that is
// constants alone: a constant, a sum, a local variable that only ever gets such.
func (t *texts) of(e ast.Expr) (string, bool) { return t.collect(e, map[types.Object]bool{}) }

func (t *texts) collect(e ast.Expr, under map[types.Object]bool) (string, bool) {
	if e == nil {
		return "", false
	}
	if v := t.info.Types[e].Value; v != nil {
		return constant.StringVal(v), v.Kind() == constant.String
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		return t.collect(e.X, under)
	case *ast.BinaryExpr:
		a, okA := t.collect(e.X, under)
		b, okB := t.collect(e.Y, under)
		return a + b, okA && okB
	case *ast.Ident:
		v, ok := t.info.ObjectOf(e).(*types.Var)
		if !ok || v.Kind() != types.LocalVar {
			return "", false
		}
		if under[v] { // q = q + …
			return "", true
		}
		under[v] = true
		defer delete(under, v)
		var all strings.Builder
		for _, value := range t.assigned[v] {
			text, ok := t.collect(value, under)
			if !ok {
				return "", false
			}
			all.WriteString(text + " ")
		}
		return all.String(), true
	}
	return "", false
}
