package turn

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestConfigReportsEveryProblem(t *testing.T) {
	t.Parallel()
	require.NoError(t, config().Validate())
	err := Config{}.Validate()
	require.ErrorContains(t, err, "BACKEND_TURN_SWEEP_INTERVAL must be positive")
	require.ErrorContains(t, err, "BACKEND_TURN_MAX_ATTEMPTS must be at least 1")
	require.ErrorContains(t, err, "BACKEND_TURN_RETRY_BASE must be positive")

	once := config()
	once.MaxAttempts = 1
	require.NoError(t, once.Validate())
}

// A claim that ran out while the engine still works would give the turn to
// another runner.
func TestALeaseOutlastsACallOfTheEngine(t *testing.T) {
	t.Parallel()
	for _, timeout := range []time.Duration{time.Second, time.Minute, time.Hour} {
		require.Greater(t, Config{CallTimeout: timeout}.lease(), timeout)
	}
}
