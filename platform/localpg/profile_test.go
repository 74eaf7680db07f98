package localpg

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryServerListensOnTheLoopbackInterfaceAlone(t *testing.T) {
	t.Parallel()
	for _, p := range []Profile{Durable, Fast} {
		settings := strings.Join(p.settings(5433), " ")
		for _, want := range []string{"listen_addresses=127.0.0.1", "port=5433", "unix_socket_directories= ", "timezone=UTC"} {
			require.Contains(t, settings+" ", want)
		}
	}
}

func TestOnlyTestsRiskTheirData(t *testing.T) {
	t.Parallel()
	risky := []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off"}
	for _, setting := range risky {
		require.True(t, slices.Contains(Fast.settings(1), setting), setting)
		require.False(t, slices.Contains(Durable.settings(1), setting), setting)
	}
	require.Equal(t, "scram-sha-256", Durable.auth())
	require.Equal(t, "md5", Fast.auth())
}
