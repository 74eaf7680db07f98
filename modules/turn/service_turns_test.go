package turn

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/lobby"
	"galaxy/backend/modules/turn/pace"
)

func TestProgressShowsTurnsOutcomesAndTheDeadline(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	for turn := range 3 {
		_, err := f.service.PutOrders(t.Context(), g.ID, f.user(g, 0), orders(turn))
		require.NoError(t, err)
		f.clock.Advance(time.Hour)
		f.run()
	}
	p, err := f.service.Progress(t.Context(), g.ID, f.user(g, 1), 100, 2)
	require.NoError(t, err)
	require.Equal(t, 3, p.Clock.Turn)
	require.Len(t, p.Completed, 2)
	require.Equal(t, 3, p.Completed[0].Run.Target())
	require.Equal(t, pace.Received, *p.Completed[0].Submissions[0].Outcome)
	require.Equal(t, pace.Missed, *p.Completed[0].Submissions[1].Outcome)
	p, err = f.service.Progress(t.Context(), g.ID, f.user(g, 1), 2, 2)
	require.NoError(t, err)
	require.Len(t, p.Completed, 1)
	_, err = f.service.Progress(t.Context(), g.ID, uuid.New(), 100, 2)
	require.ErrorIs(t, err, lobby.ErrNotMember)
}
