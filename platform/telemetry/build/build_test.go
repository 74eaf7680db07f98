package build

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestABuildAlwaysHasAName(t *testing.T) {
	t.Parallel()
	require.NotEmpty(t, Read().Version)
	require.Equal(t, runtime.Version(), Read().Go)
	require.Equal(t, "dev", Info{}.withVersion().Version)
	require.Equal(t, "dev-0123456789ab", Info{Commit: "0123456789abcdef"}.withVersion().Version)
	require.Equal(t, "v1.0.0", Info{Version: "v1.0.0", Commit: "0123456789abcdef"}.withVersion().Version)
}
