package turn

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
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
	require.ErrorIs(t, err, game.ErrNotMember)
}

func TestProgressOfAFirstTurnHasNoTurnsYet(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	f.submit(g, 1)
	p, err := f.service.Progress(t.Context(), g.ID, f.user(g, 0), 100, 10)
	require.NoError(t, err)
	require.Equal(t, 0, p.Clock.Turn)
	require.Empty(t, p.Completed)
	require.Equal(t, []bool{false, true}, []bool{p.Submissions[0].Submitted(), p.Submissions[1].Submitted()})
}

// A turn that was given up is the operators' business.
func TestProgressShowsNoRunsThatFailed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.engine.game(g.ID).failBefore = engine.ErrTurnFailed
	f.makeTurn(g)
	f.setState(g, game.Running, game.EventResumed)
	f.run()
	p, err := f.service.Progress(t.Context(), g.ID, f.user(g, 0), 100, 10)
	require.NoError(t, err)
	require.Len(t, p.Completed, 1)
	require.Equal(t, RunDone, p.Completed[0].Run.Status)
}
