package main

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

// TestEveryComponentToleratesAnyOrderOfStartAndStop starts and stops each
// component of the program from ten sides at once, on a database. A component
// may refuse to start again once it has been stopped; it may not hang, panic,
// race, or leave a goroutine behind, which TestMain looks for. A warm-up has
// nothing to stop: it has to bear being repeated.
func TestEveryComponentToleratesAnyOrderOfStartAndStop(t *testing.T) {
	p := testkit.Postgres(t)
	vars := newWorld(t, p.DSN, "BACKEND_HTTP_LISTEN_ADDR=127.0.0.1:0", "BACKEND_GRPC_PUSH_LISTEN_ADDR=127.0.0.1:0", "BACKEND_LOGGING_LEVEL=fatal").vars
	c, _, err := Load(environment(vars, nil))
	require.NoError(t, err)
	l, err := pg.NewLeaderLock(c.Postgres, zap.NewNop())
	require.NoError(t, err)
	require.NoError(t, l.Acquire(t.Context(), func() {}))
	var plan lifecycle.Plan
	app := fx.New(append(program(c, lock{l}, modules()), fx.NopLogger, fx.Populate(&plan))...)
	require.NoError(t, app.Err())
	// What is below stays up while what is above is under stress.
	for _, e := range plan {
		if e.Start != nil && e.Phase <= lifecycle.Cache {
			require.NoError(t, e.Start(t.Context()), e.Name)
		}
	}
	for i := len(plan) - 1; i >= 0; i-- {
		stress(t, plan[i])
	}
}

func stress(t *testing.T, e lifecycle.Entry) {
	t.Helper()
	call := func(name string, f func(context.Context) error) {
		if f == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := f(ctx); err != nil && (ctx.Err() != nil || strings.Contains(err.Error(), "panic")) {
			t.Errorf("%s %s: %v", name, e.Name, err)
		}
	}
	if e.Stop == nil {
		call("start", e.Start)
		return
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range 50 {
				call("start", e.Start)
				call("stop", e.Stop)
			}
		})
	}
	wg.Wait()
	call("stop", e.Stop)
}
