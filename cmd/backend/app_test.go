package main

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/pg"
)

var update = flag.Bool("update", false, "write the generated documents and goldens anew")

// complete is an environment that is just enough.
func complete() map[string]string {
	return map[string]string{
		"BACKEND_POSTGRES_DSN": "postgres://galaxy:hunter2@127.0.0.1:1/galaxy?search_path=backend", "BACKEND_SMTP_HOST": "127.0.0.1",
		"BACKEND_SMTP_FROM": "galaxy@example.com", "BACKEND_DOCKER_NETWORK": "galaxy", "BACKEND_GAME_STATE_ROOT": "/var/lib/galaxy",
		"BACKEND_GEOIP_DB_PATH": "/var/lib/country.mmdb", "BACKEND_OTEL_TRACES_EXPORTER": "none", "BACKEND_OTEL_METRICS_EXPORTER": "none",
		"BACKEND_LOGGING_LEVEL": "error",
	}
}

// environment is vars with changes, as a process sees them.
func environment(vars map[string]string, changes map[string]string) []string {
	maps.Copy(vars, changes)
	var out []string
	for name, value := range vars {
		out = append(out, name+"="+value)
	}
	return out
}

func plan(t *testing.T, c Config, options []fx.Option) string {
	t.Helper()
	l, err := pg.NewLeaderLock(c.Postgres, zap.NewNop())
	require.NoError(t, err)
	var p lifecycle.Plan
	app := fx.New(append(program(c, lock{l}, options), fx.NopLogger, fx.Populate(&p))...)
	require.NoError(t, app.Err())
	return p.String()
}

// TestThePlanIsTheSameForAnyOrderOfModules builds the whole graph without
// starting anything: what starts and stops when is data, not an accident of
// parameter lists.
func TestThePlanIsTheSameForAnyOrderOfModules(t *testing.T) {
	c, _, err := Load(environment(complete(), nil))
	require.NoError(t, err)
	golden := filepath.Join("testdata", "plan.txt")
	got := plan(t, c, modules())
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
	for range 100 {
		options := modules()
		rand.Shuffle(len(options), func(a, b int) { options[a], options[b] = options[b], options[a] })
		require.Equal(t, string(want), plan(t, c, options))
	}
}

// TestTheDocumentedSumOfBudgetsIsTheRealOne keeps docs/operations.md honest: an
// operator sets the grace period of the container by it.
func TestTheDocumentedSumOfBudgetsIsTheRealOne(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	for limit, says := range map[string]string{"": "the sum is %.0f s, and a stop", "10s": "at 10 s the sum is %.0f s"} {
		c, _, err := Load(environment(complete(), map[string]string{"BACKEND_SHUTDOWN_TIMEOUT": limit}))
		require.NoError(t, err)
		l, err := pg.NewLeaderLock(c.Postgres, zap.NewNop())
		require.NoError(t, err)
		var p lifecycle.Plan
		app := fx.New(append(program(c, lock{l}, modules()), fx.NopLogger, fx.Populate(&p))...)
		require.NoError(t, app.Err())
		require.Contains(t, strings.Join(strings.Fields(string(text)), " "), fmt.Sprintf(says, p.Budget().Seconds()))
	}
}
