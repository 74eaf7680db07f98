package turn

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestTurnThatIsBeingMadeIsNotExtended(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGameWithWaitingRun(hourly())
	f.clock.Advance(time.Minute)
	claims := f.claim()
	_, err := f.service.Extend(t.Context(), g.ID, uuid.Nil, noon.Add(2*time.Hour))
	require.ErrorIs(t, err, ErrExtensionRefused)
	require.Equal(t, noon.Add(time.Hour), *f.clockOf(g).NextTurnAt)
	require.NoError(t, f.runner.releaseClaim(t.Context(), attempt{claim: claims[0]}, time.Second))
	_, err = f.service.Extend(t.Context(), g.ID, uuid.Nil, noon.Add(2*time.Hour))
	require.NoError(t, err)
}

func TestOperatorsRepeatedExtensionIsAuditedToo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	for range 2 {
		c, err := f.service.Extend(operator(t), g.ID, uuid.Nil, noon.Add(2*time.Hour))
		require.NoError(t, err)
		require.Equal(t, time.Hour, c.ExtendedTotal)
	}
	require.Len(t, f.auditor.Entries(), 2)
}
