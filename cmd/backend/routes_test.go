package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

type tablesIn struct {
	fx.In
	Tables []httpx.Table `group:"routes"`
}

// tables are the routes of the whole program, and its document.
func tables(t *testing.T) (out []httpx.Table, doc httpx.Document) {
	t.Helper()
	c, _, err := Load(environment(complete(), nil))
	require.NoError(t, err)
	l, err := pg.NewLeaderLock(c.Postgres, zap.NewNop())
	require.NoError(t, err)
	app := fx.New(append(program(c, lock{l}, modules()), fx.NopLogger, fx.Populate(&doc),
		fx.Invoke(func(in tablesIn) { out = in.Tables }))...)
	require.NoError(t, app.Err())
	return out, doc
}

func TestTheDocumentAndTheRoutesAreTheSameBothWays(t *testing.T) {
	all, doc := tables(t)
	problems, err := httpx.Compare(doc, all...)
	require.NoError(t, err)
	require.Empty(t, problems)
}

// TestOnlyOperatorsChangeAndOnlyAdministratorsManageOperators holds the roles:
// a viewer reads, an operator acts, an administrator manages operators.
func TestOnlyOperatorsChangeAndOnlyAdministratorsManageOperators(t *testing.T) {
	all, _ := tables(t)
	n := 0
	for _, table := range all {
		for _, r := range table.Routes {
			if table.Surface != httpx.SurfaceAdmin {
				require.Equal(t, httpx.NoRole, r.Role, r.Op)
				continue
			}
			n++
			if r.Method != http.MethodGet {
				require.GreaterOrEqual(t, r.Role, httpx.Operator, "%s changes something", r.Op)
			}
		}
	}
	require.NotZero(t, n)
}
