package pgwrite

import (
	"go/ast"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"
)

const (
	platform = "galaxy/backend/platform/"
	pgPath   = platform + "pg"
	pgconn   = "github.com/jackc/pgx/v5/pgconn"
)

// drivers may be imported below platform/ only.
var drivers = []string{"database/sql", "github.com/jackc/pgx", "github.com/jmoiron/sqlx"}

// composers build statements out of identifiers that are constants of the
// program: the table of a queue, the database of a test.
var composers = []string{pgPath, platform + "outbox", platform + "localpg", platform + "testkit"}

// Analyzer refuses writes outside a transaction.
var Analyzer = &analysis.Analyzer{
	Name:     "pgwrite",
	Doc:      "refuse writing statements outside an explicit transaction",
	Requires: []*analysis.Analyzer{inspect.Analyzer},
	Run:      run,
}

func run(pass *analysis.Pass) (any, error) {
	checkImports(pass)
	nodes := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	t := newTexts(pass, nodes)
	for n := range nodes.PreorderSeq((*ast.CallExpr)(nil), (*ast.SelectorExpr)(nil)) {
		switch n := n.(type) {
		case *ast.CallExpr:
			checkCall(pass, t, n)
		case *ast.SelectorExpr:
			checkRetry(pass, n)
		}
	}
	return nil, nil
}

func checkImports(pass *analysis.Pass) {
	if strings.HasPrefix(path(pass.Pkg), platform) {
		return
	}
	for _, file := range pass.Files {
		if inTest(pass, file) {
			continue
		}
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err == nil && slices.ContainsFunc(drivers, func(d string) bool { return name == d || strings.HasPrefix(name, d+"/") }) {
				pass.Reportf(spec.Pos(), "%s is imported outside platform/: statements go through platform/pg", name)
			}
		}
	}
}

func checkRetry(pass *analysis.Pass, sel *ast.SelectorExpr) {
	if fn := pass.TypesInfo.Uses[sel.Sel]; fn != nil && fn.Pkg() != nil && fn.Pkg().Path() == pgconn && fn.Name() == "SafeToRetry" && !inTest(pass, sel) {
		pass.Reportf(sel.Pos(), "pgconn.SafeToRetry says true of a COMMIT that took place: read again by key instead")
	}
}

// checkCall looks at calls of platform/pg that take a statement: its position
// follows from the parameter list, the rest from who runs it.
func checkCall(pass *analysis.Pass, t *texts, call *ast.CallExpr) {
	fn, ok := typeutil.Callee(pass.TypesInfo, call).(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Pkg().Path() != pgPath || path(pass.Pkg) == pgPath {
		return
	}
	sig := fn.Signature()
	at := statementIndex(sig)
	if at < 0 || at >= len(call.Args) {
		return
	}
	arg := call.Args[at]
	text, ok := t.of(arg)
	if !ok {
		if !slices.Contains(composers, path(pass.Pkg)) && !inTest(pass, arg) {
			pass.Reportf(arg.Pos(), "the statement of %s is not made of constants", fn.Name())
		}
		return
	}
	verb := writes(text)
	if verb != "" && !inTransaction(pass, sig, call) {
		pass.Reportf(arg.Pos(), "%s outside a transaction: pass a *pg.Tx", verb)
	}
}

// statementIndex finds the string parameter right before the variadic
// arguments of a statement, or -1.
func statementIndex(sig *types.Signature) int {
	n := sig.Params().Len()
	if !sig.Variadic() || n < 2 {
		return -1
	}
	last := sig.Params().At(n - 1).Type().(*types.Slice)
	basic, ok := sig.Params().At(n - 2).Type().(*types.Basic)
	if empty, isAny := last.Elem().Underlying().(*types.Interface); !ok || basic.Kind() != types.String || !isAny || !empty.Empty() {
		return -1
	}
	return n - 2
}

// inTransaction is true when the statement's runner, the receiver or the first
// argument of a type of platform/pg, is statically a *pg.Tx.
func inTransaction(pass *analysis.Pass, sig *types.Signature, call *ast.CallExpr) bool {
	if recv := sig.Recv(); recv != nil {
		return isTx(recv.Type())
	}
	return slices.ContainsFunc(call.Args, func(arg ast.Expr) bool { return isTx(pass.TypesInfo.TypeOf(arg)) })
}

func isTx(t types.Type) bool {
	ptr, ok := types.Unalias(t).(*types.Pointer)
	if !ok {
		return false
	}
	named, ok := types.Unalias(ptr.Elem()).(*types.Named)
	return ok && named.Obj().Name() == "Tx" && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == pgPath
}

// inTest: tests look behind the scenes, watch over the drivers' own faults and
// build statements out of table names. They write in transactions like anybody.
func inTest(pass *analysis.Pass, n ast.Node) bool {
	return strings.HasSuffix(pass.Fset.Position(n.Pos()).Filename, "_test.go")
}

// path is the import path without what go vet adds for test variants.
func path(pkg *types.Package) string {
	name, _, _ := strings.Cut(pkg.Path(), " ")
	return strings.TrimSuffix(name, "_test")
}
