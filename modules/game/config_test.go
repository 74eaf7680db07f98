package game

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAConfigurationNamesEveryVariableThatIsWrong(t *testing.T) {
	t.Parallel()
	require.NoError(t, Config{SweeperInterval: 1, MinTurnInterval: 1, FinishedEngineTTL: 1}.Validate())
	err := Config{SweeperInterval: 0, MinTurnInterval: -time.Second, FinishedEngineTTL: time.Hour}.Validate()
	require.ErrorContains(t, err, "BACKEND_LOBBY_SWEEPER_INTERVAL has to be positive")
	require.ErrorContains(t, err, "BACKEND_LOBBY_MIN_TURN_INTERVAL has to be positive")
	require.NotContains(t, err.Error(), "FINISHED_ENGINE_TTL")
	require.ErrorContains(t, Config{SweeperInterval: 1, MinTurnInterval: 1}.Validate(),
		"BACKEND_LOBBY_FINISHED_ENGINE_TTL")
}

func TestACacheHoldsSomething(t *testing.T) {
	t.Parallel()
	require.NoError(t, CacheConfig{GamesMax: 1}.Validate())
	require.ErrorContains(t, CacheConfig{}.Validate(), "BACKEND_CACHE_GAMES_MAX")
}
