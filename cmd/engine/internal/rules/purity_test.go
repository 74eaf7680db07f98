package rules_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// product parses the package's own files.
func product(t *testing.T, dir string) (*token.FileSet, []*ast.File) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	set := token.NewFileSet()
	var files []*ast.File
	for _, entry := range entries {
		if name := entry.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			file, err := parser.ParseFile(set, dir+"/"+name, nil, 0)
			require.NoError(t, err)
			files = append(files, file)
		}
	}
	return set, files
}

func imports(files []*ast.File) []string {
	var all []string
	for _, file := range files {
		for _, spec := range file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value) // it has been parsed
			all = append(all, path)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// concurrent finds goroutines, channels and selects.
func concurrent(files []*ast.File) (found bool) {
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n.(type) {
			case *ast.GoStmt, *ast.SelectStmt, *ast.ChanType, *ast.SendStmt:
				found = true
			}
			return !found
		})
	}
	return found
}

// The rules use no clock, no disk, no random numbers but those of their streams,
// and no iteration order that changes from run to run.
func TestRulesArePure(t *testing.T) {
	t.Parallel()
	set, files := product(t, ".")
	allowed := []string{"cmp", "crypto/sha256", "encoding/binary", "errors", "math", "math/rand/v2", "slices"}
	for _, path := range imports(files) {
		require.Contains(t, allowed, path)
	}
	require.False(t, concurrent(files))
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: importer.ForCompiler(set, "gc", nil)}
	_, err := config.Check("rules", set, files, info)
	require.NoError(t, err)
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			if loop, is := n.(*ast.RangeStmt); is {
				_, isMap := info.Types[loop.X].Type.Underlying().(*types.Map)
				require.False(t, isMap, "%s: map iteration order is random", set.Position(loop.Pos()))
			}
			return true
		})
	}
	for use, object := range info.Uses {
		global := object.Pkg() != nil && object.Pkg().Path() == "math/rand/v2" && object.Parent() == object.Pkg().Scope()
		if _, isFunc := object.(*types.Func); global && isFunc {
			require.Contains(t, []string{"New", "NewPCG"}, object.Name(), "%s: random numbers come from a stream", set.Position(use.Pos()))
		}
	}
}

// The same holds for package game.
func TestTheGameUsesNoClockAndNoDisk(t *testing.T) {
	t.Parallel()
	_, files := product(t, "../game")
	for _, path := range imports(files) {
		require.NotContains(t, []string{"context", "io", "io/fs", "math/rand", "math/rand/v2", "net", "net/http", "os", "runtime", "sync", "syscall", "time", "unsafe"}, path)
	}
	require.False(t, concurrent(files))
}
