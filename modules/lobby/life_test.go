package lobby

import (
	"context"
	"testing"
	"time"

	"galaxy/backend/modules/game"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/schedule"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func startsWith(races []string) func(*runtime.Change) {
	return func(c *runtime.Change) { c.Status = statusOf(0, races...) }
}

func TestAGameIsStartedWithItsMembers(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(4)
	ten := 10
	g := l.opened(by(p[0]), func(n *game.NewGame) {
		n.Map = game.MapOptions{Size: 200, PlanetsPerRace: &ten, MaxTurns: 50, BattleLog: "shots"}
	})
	races := l.seated(g, p...)
	require.NoError(t, l.Leave(t.Context(), p[3], g.ID))
	g = l.step(by(p[0]), g.ID, game.Close, game.Start)
	require.Equal(t, game.Starting, g.State)
	require.Len(t, l.log.starts, 1)
	spec := l.log.starts[0]
	require.Equal(t, []any{g.ID, "0.1.0"}, []any{spec.GameID, spec.Version})
	zero := 0
	require.Equal(t, &enginev1.InitOptions{Ruleset: "plus-1", MaxTurns: 50, IdleTurnLimit: &zero, BattleLog: "shots"}, spec.Init.Options)
	require.Equal(t, &enginev1.MapRequest{Topology: "torus", Size: 200, PlanetsPerRace: &ten}, spec.Init.Map)
	var got []string
	for i, r := range spec.Init.Races {
		got = append(got, r.RaceName)
		require.Equal(t, p[i].String(), r.UserID)
		require.NotEmpty(t, r.UserName)
	}
	require.Equal(t, races[:3], got)

	status := statusOf(0, races[:3]...)
	l.observe(g.ID, runtime.Running, func(c *runtime.Change) { c.Status = status })
	g = l.game(g.ID)
	require.Equal(t, []any{game.Running, 3, "hash-0", "running", "ok"}, []any{g.State, g.ActiveRaces, g.StateHash, g.RuntimeStatus, g.EngineHealth})
	require.Equal(t, []game.Event{game.EventStarted}, l.log.events)
	require.Equal(t, status, l.log.statuses[0])
	require.Equal(t, 3, l.one(`SELECT count(*) FROM player_turn_stats WHERE game_id = $1 AND turn = 0`, g.ID))
	l.observe(g.ID, runtime.Unreachable)
	l.observe(g.ID, runtime.Running)
	require.Len(t, l.log.events, 1) // started is told once
}

func TestTooFewMembersStartNothing(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(2)
	g := l.opened(root)
	_, err := l.Move(t.Context(), root, g.ID, game.ForceStart)
	refused(t, err, game.ErrTooFewPlayers)
	l.seated(g, p[0])
	_, err = l.Move(t.Context(), root, g.ID, game.Close)
	refused(t, err, game.ErrTooFewPlayers)
	require.Equal(t, game.Starting, l.step(root, g.ID, game.ForceStart).State) // one is enough for an operator
}

func TestAFailedStartIsTriedAgainWithTheSameRaces(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(3)
	g := l.opened(by(p[0]))
	l.seated(g, p...)
	l.step(by(p[0]), g.ID, game.Close, game.Start)
	l.observe(g.ID, runtime.StartFailed, func(c *runtime.Change) { c.Error = "no image" })
	g = l.game(g.ID)
	require.Equal(t, []any{game.StartFailed, "no image"}, []any{g.State, g.LastError})
	require.NoError(t, l.Leave(t.Context(), p[2], g.ID)) // the engine may know the race already
	g = l.step(by(p[0]), g.ID, game.Retry)
	require.Equal(t, []any{game.Starting, ""}, []any{g.State, g.LastError})
	require.Equal(t, l.log.starts[0].Init, l.log.starts[1].Init)
	l.observe(g.ID, runtime.Running, startsWith([]string{"A", "B", "C"}))
	require.Equal(t, game.Running, l.game(g.ID).State)
}

func TestACrashPausesAndOnlyAnOperatorResumes(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(2)
	g, _ := l.running(by(p[0]), p...)
	l.observe(g.ID, runtime.Crashed, func(c *runtime.Change) { c.Error = "exit code 2" })
	g = l.game(g.ID)
	require.Equal(t, []any{game.Paused, game.EngineCrashed, "exit code 2"}, []any{g.State, g.PauseReason, g.LastError})
	require.Equal(t, 1, l.log.CountTo(p[1], notification.KindGamePaused))
	_, err := l.Move(t.Context(), by(p[0]), g.ID, game.Resume)
	refused(t, err, game.ErrResume)
	g = l.step(root, g.ID, game.Resume)
	require.Equal(t, []any{game.Running, ""}, []any{g.State, g.PauseReason})
	require.Len(t, l.log.starts, 2) // a new generation is asked for
	require.Equal(t, 1, l.log.CountTo(p[1], notification.KindGameResumed))
	require.Equal(t, []game.Event{game.EventStarted, game.EventPaused, game.EventResumed}, l.log.events)
}

func TestAnOwnerPausesAndResumes(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(2)
	g, _ := l.running(by(p[0]), p...)
	require.Equal(t, game.ByUser, l.step(by(p[0]), g.ID, game.Pause).PauseReason)
	l.step(by(p[0]), g.ID, game.Resume)
	require.Len(t, l.log.starts, 1) // the engine never stopped
	require.Equal(t, game.ByOperator, l.step(root, g.ID, game.Pause).PauseReason)
	_, err := l.Move(t.Context(), by(p[0]), g.ID, game.Resume)
	refused(t, err, game.ErrResume)
	l.step(root, g.ID, game.Resume)
	require.NoError(t, l.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error { return l.Pause(ctx, tx, g.ID, game.AllMissed) }))
	require.NoError(t, l.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error { return l.Pause(ctx, tx, g.ID, game.StateMismatch) }))
	require.Equal(t, game.AllMissed, l.game(g.ID).PauseReason) // the first reason stays
	l.step(by(p[0]), g.ID, game.Resume)
}

func TestAnOperatorsStopPauses(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(2)
	g, _ := l.running(root, p...)
	l.observe(g.ID, runtime.Stopped, func(c *runtime.Change) { c.Desired, c.Source = string(runtime.WantStopped), runtime.Operator })
	require.Equal(t, game.ByOperator, l.game(g.ID).PauseReason)
}

func TestATurnIsTheSnapshotOfTheGame(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(2)
	g, races := l.running(by(p[0]), p...)
	due := noon.Add(time.Hour)
	r := game.TurnRecord{GameID: g.ID, Turn: 1, At: noon, NextTurnAt: &due, StateHash: "one", Races: statsFor(3, races...)}
	r.Races[1].State = string(enginev1.RaceEliminated)
	for range 2 { // a repeat is harmless
		require.NoError(t, l.record(r))
	}
	g = l.game(g.ID)
	require.Equal(t, []any{1, noon, due, "one", 1}, []any{g.CurrentTurn, *g.LastTurnAt, *g.NextTurnAt, g.StateHash, g.ActiveRaces})
	stats, err := l.rows.Stats(t.Context(), l.db, g.ID, 1)
	require.NoError(t, err)
	require.ElementsMatch(t, r.Races, stats)
	later := noon.Add(3 * time.Hour)
	require.NoError(t, l.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if _, err := l.rows.LockGame(ctx, tx, g.ID); err != nil {
			return err
		}
		l.rows.SetNextTurn(tx, g.ID, &later)
		return nil
	}))
	require.Equal(t, later, *l.game(g.ID).NextTurnAt)
}

func TestTheLastTurnEndsTheGame(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(2)
	g, races := l.running(by(p[0]), p...)
	l.step(by(p[0]), g.ID, game.Pause) // a turn that was under way may still end the game
	result := &enginev1.Result{Reason: enginev1.ResultLastRace, Winners: races[:1], Ranking: []enginev1.RankEntry{{Place: 1, Race: races[0], State: enginev1.RaceActive}}}
	require.NoError(t, l.record(game.TurnRecord{GameID: g.ID, Turn: 12, At: noon, Races: statsFor(2, races...), Finished: true, Result: result}))
	g = l.game(g.ID)
	require.Equal(t, []any{game.Finished, "", result}, []any{g.State, g.PauseReason, g.Result})
	require.Nil(t, g.NextTurnAt)
	require.Contains(t, l.log.events, game.EventFinished)
	refused(t, l.record(game.TurnRecord{GameID: g.ID, Turn: 13, At: noon}), game.ErrState)
}

func TestCancellingStopsTheEngineAndTellsTheMembers(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(2)
	g, _ := l.running(by(p[0]), p...)
	_, err := l.Move(t.Context(), by(p[0]), g.ID, game.Cancel)
	refused(t, err, game.ErrState) // the owner may only before the start
	g = l.step(root, g.ID, game.ForceStop)
	require.Equal(t, game.Cancelled, g.State)
	require.Contains(t, l.log.stops, g.ID)
	require.Contains(t, l.log.events, game.EventCancelled)
	for _, u := range p {
		require.Equal(t, 1, l.log.CountTo(u, notification.KindGameCancelled))
		require.Empty(t, l.held(u))
	}
}

func TestTheScheduleOfARunningGameCanChange(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(2)
	g, _ := l.running(by(p[0]), p...)
	grid := schedule.Settings{Mode: schedule.Grid, Times: []string{"19:00"}, Zone: "Europe/Berlin"}
	got, err := l.SetSchedule(t.Context(), root, g.ID, grid)
	require.NoError(t, err)
	require.Equal(t, "Europe/Berlin", got.Turns.Zone)
	require.Contains(t, l.log.events, game.EventSettings)
	_, err = l.SetSchedule(t.Context(), root, g.ID, schedule.Settings{Mode: "never"})
	refused(t, err, game.ErrInvalidGame)
	l.step(root, g.ID, game.Cancel)
	_, err = l.SetSchedule(t.Context(), root, g.ID, grid)
	refused(t, err, game.ErrState)
}

func TestTheSweeperEndsEnrollments(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(4)
	soon := noon.Add(time.Hour)
	deadline := func(n *game.NewGame) { n.EnrollmentEndsAt = &soon }
	enough, few, later := l.opened(root, deadline), l.opened(root, deadline), l.opened(root)
	l.seated(enough, p[0], p[1])
	l.seated(few, p[2])
	l.clock.Set(soon.Add(-time.Microsecond))
	l.sweep()
	require.Equal(t, game.EnrollmentOpen, l.game(enough.ID).State)
	l.clock.Set(soon)
	l.sweep()
	require.Equal(t, game.ReadyToStart, l.game(enough.ID).State)
	require.Equal(t, game.Cancelled, l.game(few.ID).State)
	require.Equal(t, game.EnrollmentOpen, l.game(later.ID).State)
	require.Equal(t, 1, l.log.CountTo(p[2], notification.KindGameCancelled))
}

func TestAFullGameMayStartByItself(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(2)
	g := l.opened(root, func(n *game.NewGame) { n.MaxPlayers, n.StartWhenFull = 2, true })
	l.seated(g, p...)
	l.sweep()
	require.Equal(t, game.Starting, l.game(g.ID).State)
	l.sweep()
	require.Len(t, l.log.starts, 1)
}

func TestWarmedCachesKnowWhatTheTablesSay(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(2)
	g, races := l.running(root, p...)
	fresh := game.NewGames(l.db, l.clock, game.CacheConfig{GamesMax: 10})
	require.NoError(t, fresh.Start(t.Context()))
	require.Zero(t, l.trips(func() {
		kept, err := fresh.Game(t.Context(), g.ID)
		require.NoError(t, err)
		require.Equal(t, g, kept)
		seats, err := fresh.Memberships(t.Context(), g.ID)
		require.NoError(t, err)
		require.Equal(t, races, []string{seats[0].RaceName, seats[1].RaceName})
	}))
}

func TestTheEngineOfAFinishedGameStaysUpForItsLastReports(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(2)
	g, _ := l.running(root, p...)
	require.NoError(t, l.record(game.TurnRecord{GameID: g.ID, Turn: 1, At: noon, Finished: true}))
	require.Equal(t, game.Finished, l.game(g.ID).State)
	l.clock.Set(noon.Add((168 * time.Hour) - time.Minute))
	l.sweep()
	require.NotContains(t, l.log.stops, g.ID)
	l.clock.Set(noon.Add((168 * time.Hour)))
	l.sweep()
	require.Equal(t, []uuid.UUID{g.ID}, l.log.stops)
	l.observe(g.ID, runtime.Stopped)
	l.sweep()
	require.Equal(t, []uuid.UUID{g.ID}, l.log.stops, "an engine that is down is left alone")
	require.Equal(t, game.Finished, l.game(g.ID).State)
}
