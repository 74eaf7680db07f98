package pg_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
)

func TestConfigNamesEveryProblemAndNoSecret(t *testing.T) {
	t.Parallel()
	dsn := secret.New("postgres://u:hunter2@h/db?search_path=backend")
	good := pg.Config{DSN: dsn, MaxConns: 25, MinConns: 2, OperationTimeout: time.Second}
	require.NoError(t, good.Validate())

	for want, change := range map[string]func(*pg.Config){
		"BACKEND_POSTGRES_DSN is required":                    func(c *pg.Config) { c.DSN = secret.Secret{} },
		"BACKEND_POSTGRES_DSN is not a Postgres DSN":          func(c *pg.Config) { c.DSN = secret.New("postgres://u:hunter2@h:x/") },
		"BACKEND_POSTGRES_DSN must include search_path":       func(c *pg.Config) { c.DSN = secret.New("postgres://u:hunter2@h/db") },
		"BACKEND_POSTGRES_MAX_CONNS must be at least 2":       func(c *pg.Config) { c.MaxConns = 1; c.MinConns = 0 },
		"BACKEND_POSTGRES_MIN_CONNS must lie between":         func(c *pg.Config) { c.MinConns = 26 },
		"BACKEND_POSTGRES_OPERATION_TIMEOUT must be positive": func(c *pg.Config) { c.OperationTimeout = 0 },
	} {
		c := good
		change(&c)
		err := c.Validate()
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "hunter2")
	}
	require.ErrorContains(t, pg.Config{}.Validate(), "MAX_CONNS")
}
