package game

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestATurnIsTheSnapshotOfTheGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g, races := f.running(by(p[0]), p...)
	due := noon.Add(time.Hour)
	r := TurnRecord{GameID: g.ID, Turn: 1, At: noon, NextTurnAt: &due, StateHash: "one", Races: activeRaces(3, races...)}
	r.Races[1].State = string(enginev1.RaceEliminated)
	for range 2 { // a repeat is harmless
		require.NoError(t, f.record(r))
	}
	g = f.game(g.ID)
	require.Equal(t, []any{1, noon, due, "one", 1},
		[]any{g.CurrentTurn, *g.LastTurnAt, *g.NextTurnAt, g.StateHash, g.ActiveRaces})
	stats, err := f.games.Stats(t.Context(), f.db, g.ID, 1)
	require.NoError(t, err)
	require.ElementsMatch(t, r.Races, stats)
	baseline, err := f.games.Stats(t.Context(), f.db, g.ID, 0)
	require.NoError(t, err)
	require.Equal(t, 1, baseline[0].Planets, "every turn has stats of its own")
}

func TestATurnThatIsRecordedAgainReplacesItsStats(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g, races := f.running(root, f.addUsers(2)...)
	for _, planets := range []int{2, 5} {
		require.NoError(t, f.record(TurnRecord{GameID: g.ID, Turn: 1, At: noon, Races: activeRaces(planets, races...)}))
	}
	stats, err := f.games.Stats(t.Context(), f.db, g.ID, 1)
	require.NoError(t, err)
	require.ElementsMatch(t, activeRaces(5, races...), stats)
}

func TestATurnWithoutADeadlineTakesTheLastOneAway(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g, races := f.running(root, f.addUsers(2)...)
	due := noon.Add(time.Hour)
	require.NoError(t, f.record(TurnRecord{GameID: g.ID, Turn: 1, At: noon, NextTurnAt: &due,
		Races: activeRaces(1, races...)}))
	require.NoError(t, f.record(TurnRecord{GameID: g.ID, Turn: 2, At: noon, Races: activeRaces(1, races...)}))
	require.Nil(t, f.game(g.ID).NextTurnAt)
}

func TestTheNextTurnCanBeMoved(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g, _ := f.running(root, f.addUsers(2)...)
	later := noon.Add(3 * time.Hour)
	for _, at := range []*time.Time{&later, nil} {
		f.inTx(func(ctx context.Context, tx *pg.Tx) error {
			if _, err := f.games.LockGame(ctx, tx, g.ID); err != nil {
				return err
			}
			f.games.SetNextTurn(tx, g.ID, at)
			return nil
		})
		after := f.game(g.ID)
		require.Equal(t, at, after.NextTurnAt)
		require.Greater(t, after.Version, g.Version)
		g = after
	}
}

func TestATurnIsRecordedOfGamesInPlayOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, from := range States() {
		g := f.draft(root)
		f.force(g, from)
		before := f.fingerprint()
		err := f.record(TurnRecord{GameID: g.ID, Turn: 1, At: noon})
		if from == Running || from == Paused { // a turn that was under way may still end
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, ErrState, from)
		require.Equal(t, before, f.fingerprint())
	}
	require.ErrorIs(t, f.record(TurnRecord{GameID: unknownGame, Turn: 1, At: noon}), ErrNotFound)
}

func TestTheLastTurnEndsTheGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g, races := f.running(by(p[0]), p...)
	f.move(by(p[0]), g.ID, Pause) // a turn that was under way may still end the game
	due := noon.Add(time.Hour)
	require.NoError(t, f.record(TurnRecord{GameID: g.ID, Turn: 12, At: noon, NextTurnAt: &due,
		Races: activeRaces(2, races...), Finished: true, Result: resultOf(races...)}))
	g = f.game(g.ID)
	require.Equal(t, []any{Finished, "", resultOf(races...), f.clock.Now()},
		[]any{g.State, g.PauseReason, g.Result, *g.FinishedAt})
	require.Nil(t, g.NextTurnAt)
	require.Equal(t, []Event{EventStarted, EventPaused, EventFinished}, f.observer.events())
	require.Equal(t, g, f.observer.of(EventFinished)[0].Game)
	require.Empty(t, f.launcher.Stops(), "its engine answers for the last reports")
	require.ErrorIs(t, f.record(TurnRecord{GameID: g.ID, Turn: 13, At: noon}), ErrState)
}

func TestAGameThatIsPausedKeepsItsReason(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g, _ := f.running(root, p...)
	require.NoError(t, f.pause(g.ID, AllMissed))
	paused := f.game(g.ID)
	require.NoError(t, f.pause(g.ID, StateMismatch))
	require.Equal(t, paused, f.game(g.ID))
	require.Equal(t, AllMissed, paused.PauseReason)
	require.Equal(t, 1, f.intents.CountTo(p[0], notification.KindGamePaused))
}

func TestOnlyARunningGameIsPaused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.ErrorIs(t, f.pause(f.opened(root).ID, AllMissed), ErrState)
	require.ErrorIs(t, f.pause(unknownGame, AllMissed), ErrNotFound)
	require.Empty(t, f.intents.Intents())
}
