package runtime

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func validConfig() Config {
	cfg := testConfig()
	cfg.Driver = "docker"
	return cfg
}

func TestEveryBadSettingIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	err := Config{ReconcileInterval: time.Millisecond, ImagePullPolicy: "sometimes", StopGracePeriod: -1}.Validate()
	for _, name := range []string{
		"RUNTIME_WORKER_POOL_SIZE", "RUNTIME_JOB_QUEUE_SIZE", "RUNTIME_RECONCILE_INTERVAL", "RUNTIME_IMAGE_PULL_POLICY",
		"RUNTIME_STOP_GRACE_PERIOD", "RUNTIME_DRIVER",
	} {
		require.ErrorContains(t, err, "BACKEND_"+name)
	}
	require.ErrorContains(t, CacheConfig{}.Validate(), "BACKEND_CACHE_RUNTIMES_MAX")
}

func TestSettingsAreValidUpToTheirBounds(t *testing.T) {
	t.Parallel()
	require.NoError(t, validConfig().Validate())
	require.NoError(t, CacheConfig{RuntimesMax: 1}.Validate())
	for name, row := range map[string]struct {
		change func(*Config)
		valid  bool
	}{
		"most workers":         {func(c *Config) { c.WorkerPoolSize = 256 }, true},
		"too many workers":     {func(c *Config) { c.WorkerPoolSize = 257 }, false},
		"one game a pass":      {func(c *Config) { c.JobQueueSize = 1 }, true},
		"shortest interval":    {func(c *Config) { c.ReconcileInterval = time.Second }, true},
		"too short interval":   {func(c *Config) { c.ReconcileInterval = time.Second - 1 }, false},
		"always pull":          {func(c *Config) { c.ImagePullPolicy = "always" }, true},
		"no pull policy":       {func(c *Config) { c.ImagePullPolicy = "" }, false},
		"longest grace period": {func(c *Config) { c.StopGracePeriod = 10 * time.Minute }, true},
		"too long a grace":     {func(c *Config) { c.StopGracePeriod = 10*time.Minute + 1 }, false},
		"no grace period":      {func(c *Config) { c.StopGracePeriod = 0 }, false},
	} {
		cfg := validConfig()
		row.change(&cfg)
		require.Equal(t, row.valid, cfg.Validate() == nil, name)
	}
}
