package turn

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/schedule"
	"galaxy/backend/platform/worker"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestLastOneReadyMakesAnEarlyTurn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	turns := hourly()
	turns.EarlyWhenReady = true
	g := f.startGame(turns, 2)
	r, err := f.service.Ready(t.Context(), g.ID, f.user(g, 0), 0)
	require.NoError(t, err)
	require.Equal(t, Readiness{Turn: 0, Ready: true, Awaited: 2, NotReady: 1}, r)
	r, err = f.service.Withdraw(t.Context(), g.ID, f.user(g, 0))
	require.NoError(t, err)
	require.Equal(t, Readiness{Turn: 0, Awaited: 2, NotReady: 2}, r)
	for i := range 2 {
		_, err = f.service.Ready(t.Context(), g.ID, f.user(g, i), 0)
		require.NoError(t, err)
	}
	f.clock.Advance(10 * time.Minute)
	f.run()
	c := f.clockOf(g)
	require.Equal(t, 1, c.Turn)
	require.Equal(t, f.clock.Now().Add(time.Hour), *c.NextTurnAt)
	require.Equal(t, CauseReady, f.runsOf(g)[0].Cause)
	_, err = f.service.Ready(t.Context(), g.ID, f.user(g, 0), 0)
	require.ErrorIs(t, err, ErrTurnMismatch)
	require.Equal(t, 1, fault.From(err).Details["current_turn"])
}

// Each of two transactions would see the other one not ready.
func TestTwoPlayersReadyAtOnceMakeOneTurn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	turns := schedule.Settings{Mode: schedule.Manual, EarlyWhenReady: true}
	for range 5 {
		g := f.startGame(turns, 4)
		errs := make(chan error, 4)
		for i := range 4 {
			go func() {
				_, err := f.service.Ready(context.WithoutCancel(t.Context()), g.ID, f.user(g, i), 0)
				errs <- err
			}()
		}
		for range 4 {
			require.NoError(t, <-errs)
		}
		f.run()
		require.Equal(t, 1, f.clockOf(g).Turn)
		require.Len(t, f.runsOf(g), 1)
	}
}

func TestChangedOrdersWithdrawReadiness(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	_, err := f.service.PutOrders(t.Context(), g.ID, f.user(g, 0), orders(0))
	require.NoError(t, err)
	_, err = f.service.Ready(t.Context(), g.ID, f.user(g, 0), 0)
	require.NoError(t, err)
	_, err = f.service.PutOrders(t.Context(), g.ID, f.user(g, 0), orders(0))
	require.NoError(t, err)
	ready := func() bool {
		p, err := f.service.Progress(t.Context(), g.ID, f.user(g, 0), 100, 10)
		require.NoError(t, err)
		return p.Submissions[0].ReadyAt != nil
	}
	require.True(t, ready(), "the same list again changes nothing")
	_, err = f.service.PutOrders(t.Context(), g.ID, f.user(g, 0), enginev1.OrderRequest{Turn: 0})
	require.NoError(t, err)
	require.False(t, ready())
}

func TestSeatsThatAreNotPlayedAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	turns := hourly()
	turns.EarlyWhenReady = true
	g := f.startGame(turns, 3)
	f.games.changeMember(g.ID, 1, func(s *game.Membership) { s.Status = game.Removed })
	f.games.changeMember(g.ID, 2, func(s *game.Membership) { s.Vacant = true })
	_, err := f.service.Ready(t.Context(), g.ID, f.user(g, 0), 0)
	require.NoError(t, err)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
}

// The member of a race out of play could otherwise join those who are waited for,
// and hold the game up for ever.
func TestRaceOutOfPlayHoldsNoTurnUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	turns := hourly()
	turns.OnlyWhenReady = true
	g := f.startGame(turns, 2)
	f.engine.game(g.ID).races[1].State = enginev1.RaceEliminated
	f.makeTurn(g)
	_, err := f.service.Ready(t.Context(), g.ID, f.user(g, 1), 1)
	require.ErrorIs(t, err, ErrRaceInactive)
	r, err := f.service.Withdraw(t.Context(), g.ID, f.user(g, 1))
	require.NoError(t, err)
	require.Equal(t, Readiness{Turn: 1, Awaited: 1, NotReady: 1}, r)
	f.setReady(g, 0)
	f.clock.Set(*f.clockOf(g).NextTurnAt)
	f.run()
	require.Equal(t, 2, f.clockOf(g).Turn)
}

func TestReadinessIsNotedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	f.setReady(g, 0)
	f.clock.Advance(time.Minute)
	f.setReady(g, 0)
	require.Equal(t, noon, *f.submissionsOf(g)[0].ReadyAt, "a repeat changes nothing")
	_, err := f.service.Withdraw(t.Context(), g.ID, f.user(g, 0))
	require.NoError(t, err)
	f.setReady(g, 0)
	require.Equal(t, f.clock.Now(), *f.submissionsOf(g)[0].ReadyAt)
}

func TestReadinessMakesNoTurnWhereEarlyTurnsAreOff(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	r, err := f.service.Ready(t.Context(), g.ID, f.user(g, 0), 0)
	require.NoError(t, err)
	require.Equal(t, Readiness{Turn: 0, Ready: true, Awaited: 1, NotReady: 0}, r)
	require.Empty(t, f.runsOf(g))
}

func TestReadinessIsRefusedInAGameThatMakesNoTurns(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(earlyWhenReady(), 1)
	f.setState(g, game.Paused, game.EventPaused)
	_, err := f.service.Ready(t.Context(), g.ID, f.user(g, 0), 0)
	require.ErrorIs(t, err, ErrState)
	_, err = f.service.Withdraw(t.Context(), g.ID, f.user(g, 0))
	require.ErrorIs(t, err, ErrState)

	// What the cache says may be old: the locked row decides.
	f.setState(g, game.Running, game.EventResumed)
	f.exec(`UPDATE games SET state = 'paused', pause_reason = 'user' WHERE game_id = $1`, g.ID)
	_, err = f.service.Ready(t.Context(), g.ID, f.user(g, 0), 0)
	require.ErrorIs(t, err, ErrState)
	require.Nil(t, f.submissionsOf(g)[0].ReadyAt)
}

// Idle races are not waited for, until they show up again.
func TestReadinessOfAnIdleRaceIsWaitedForAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	turns := earlyWhenReady()
	turns.IdleAfter = 1
	g := f.startGame(turns, 3)
	f.submit(g, 0)
	f.submit(g, 1)
	f.makeTurn(g)
	r, err := f.service.Ready(t.Context(), g.ID, f.user(g, 2), 1)
	require.NoError(t, err)
	require.Equal(t, Readiness{Turn: 1, Ready: true, Awaited: 3, NotReady: 2}, r)
}

func TestLastOneReadyWakesTheRunner(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	signal := worker.NewSignal()
	_, f.service = f.newRunnerWith(config(), signal)
	g := f.startGame(earlyWhenReady(), 2)
	f.setReady(g, 0)
	require.Empty(t, signal.C())
	f.setReady(g, 1)
	<-signal.C()
}
