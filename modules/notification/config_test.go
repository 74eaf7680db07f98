package notification

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestConfigReportsEveryProblem(t *testing.T) {
	t.Parallel()
	good := Config{AdminEmail: "ops@example.com", WorkerInterval: time.Second, MaxAttempts: 1}
	for name, c := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"good":                   {func(*Config) {}, nil},
		"no address":             {func(c *Config) { c.AdminEmail = "" }, nil},
		"an address with a name": {func(c *Config) { c.AdminEmail = "Operators <ops@example.com>" }, nil},
		"something else":         {func(c *Config) { c.AdminEmail = "ops" }, []string{"BACKEND_NOTIFICATION_ADMIN_EMAIL"}},
		"an interval of zero":    {func(c *Config) { c.WorkerInterval = 0 }, []string{"BACKEND_NOTIFICATION_WORKER_INTERVAL"}},
		"an interval below zero": {func(c *Config) { c.WorkerInterval = -time.Second }, []string{"BACKEND_NOTIFICATION_WORKER_INTERVAL"}},
		"no attempt":             {func(c *Config) { c.MaxAttempts = 0 }, []string{"BACKEND_NOTIFICATION_MAX_ATTEMPTS"}},
		"everything wrong":       {func(c *Config) { *c = Config{AdminEmail: "@"} }, []string{"ADMIN_EMAIL", "WORKER_INTERVAL", "MAX_ATTEMPTS"}},
	} {
		cfg := good
		c.change(&cfg)
		err := cfg.Validate()
		if len(c.want) == 0 {
			require.NoError(t, err, name)
		}
		for _, variable := range c.want {
			require.ErrorContains(t, err, variable, name)
		}
	}
}
