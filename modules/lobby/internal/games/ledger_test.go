package games

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
	l := NewLedger(testkit.DB(t), clock.NewFake(time.Unix(0, 0)), Config{}, CacheConfig{GamesMax: 10, RaceNameKeysMax: 10})
	seats, err := l.Seats(t.Context(), uuid.New())
	require.NoError(t, err)
	require.Empty(t, seats)
	_, err = l.Game(t.Context(), uuid.New())
	require.ErrorIs(t, err, ErrNotFound)
	require.Zero(t, l.seats.Len()+l.games.Len())
}
