package runtime

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

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
