package game

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestWhoeverAsksForGamesThatDoNotExistCrowdsNothingOut(t *testing.T) {
	t.Parallel()
	games := NewGames(testkit.DB(t), clock.NewFake(time.Unix(0, 0)), CacheConfig{GamesMax: 10})
	members, err := games.Memberships(t.Context(), uuid.New())
	require.NoError(t, err)
	require.Empty(t, members)
	_, err = games.Game(t.Context(), uuid.New())
	require.ErrorIs(t, err, ErrNotFound)
	require.Zero(t, games.memberships.Len()+games.rows.Len())
}
