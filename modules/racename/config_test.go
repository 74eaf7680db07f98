package racename

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAConfigurationNamesTheVariableThatIsWrong(t *testing.T) {
	t.Parallel()
	require.NoError(t, Config{PendingRegistrationTTL: 1}.Validate())
	for _, d := range []Config{{}, {PendingRegistrationTTL: -1}} {
		require.ErrorContains(t, d.Validate(), "BACKEND_LOBBY_PENDING_REGISTRATION_TTL")
	}
	require.NoError(t, CacheConfig{RaceNameKeysMax: 1}.Validate())
	require.ErrorContains(t, CacheConfig{}.Validate(), "BACKEND_CACHE_RACE_NAME_KEYS_MAX")
}
