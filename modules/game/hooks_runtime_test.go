package game

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// starting is a game whose engine was asked for.
func (f *fixture) starting(who Actor, members ...uuid.UUID) (Game, []string) {
	f.Helper()
	g := f.opened(who, func(n *NewGame) { n.MinPlayers = 1 })
	races := f.enrollAll(g, members...)
	return f.move(who, g.ID, Close, Start), races
}

func TestAnEngineThatRunsStartsTheGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g, races := f.starting(root, f.addUsers(3)...)
	status := statusOf(races...)
	f.observe(g.ID, runtime.Running, func(c *runtime.Change) { c.Status = status })
	g = f.game(g.ID)
	require.Equal(t, []any{Running, 3, "hash-0", "running", "ok", 0},
		[]any{g.State, g.ActiveRaces, g.StateHash, g.RuntimeStatus, g.EngineHealth, g.CurrentTurn})
	require.Equal(t, []any{f.clock.Now(), f.clock.Now()}, []any{*g.StartedAt, *g.LastTurnAt})
	require.Equal(t, []Event{EventStarted}, f.observer.events())
	require.Equal(t, status, f.observer.of(EventStarted)[0].Status)
	stats, err := f.games.Stats(t.Context(), f.db, g.ID, 0)
	require.NoError(t, err)
	require.ElementsMatch(t, activeRaces(1, races...), stats, "the baseline of the promotion")
}

func TestAGameStartsOnceHoweverOftenItsEngineComesBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g, races := f.running(root, f.addUsers(2)...)
	f.observe(g.ID, runtime.Unreachable)
	require.Equal(t, "unreachable", f.game(g.ID).EngineHealth)
	f.observe(g.ID, runtime.Running, withStatus(races...))
	again := f.game(g.ID)
	require.Equal(t, []any{"ok", g.StartedAt}, []any{again.EngineHealth, again.StartedAt})
	require.Equal(t, []Event{EventStarted}, f.observer.events())
}

func TestAnEngineThatSaysNothingOfItselfStartsTheGameAllTheSame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g, _ := f.starting(root, f.addUsers(2)...)
	f.observe(g.ID, runtime.Running)
	require.Equal(t, []any{Running, 0}, []any{f.game(g.ID).State, f.game(g.ID).ActiveRaces})
	require.Nil(t, f.observer.of(EventStarted)[0].Status)
	require.Zero(t, f.count(`SELECT count(*) FROM player_turn_stats`))
}

func TestRacesThatAreOutAreNotCountedAsActive(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g, races := f.starting(root, f.addUsers(2)...)
	status := statusOf(races...)
	status.Races[1].State = enginev1.RaceBanished
	f.observe(g.ID, runtime.Running, func(c *runtime.Change) { c.Status = status })
	require.Equal(t, 1, f.game(g.ID).ActiveRaces)
}

func TestAStartThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	for name, observe := range map[string]func(*fixture, uuid.UUID){
		"start failed": func(f *fixture, id uuid.UUID) { f.observe(id, runtime.StartFailed, withError("no image")) },
		"crashed":      func(f *fixture, id uuid.UUID) { f.observe(id, runtime.Crashed, withError("no image")) },
		"taken away": func(f *fixture, id uuid.UUID) {
			f.observe(id, runtime.Stopped, byOperator, withError("no image"))
		},
	} {
		f := newFixture(t)
		g, _ := f.starting(root, f.addUsers(2)...)
		observe(f, g.ID)
		require.Equal(t, []any{StartFailed, "no image"}, []any{f.game(g.ID).State, f.game(g.ID).LastError}, name)
		require.Empty(t, f.observer.events(), name)
	}
}

func TestACrashPausesAndOnlyAnOperatorResumes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g, _ := f.running(by(p[0]), p...)
	f.observe(g.ID, runtime.Crashed, withError("exit code 2"))
	g = f.game(g.ID)
	require.Equal(t, []any{Paused, EngineCrashed, "exit code 2", "unknown"},
		[]any{g.State, g.PauseReason, g.LastError, g.EngineHealth})
	require.Equal(t, 1, f.intents.CountTo(p[1], notification.KindGamePaused))
	_, err := f.s.Move(t.Context(), by(p[0]), g.ID, Resume)
	require.ErrorIs(t, err, ErrResume)
	g = f.move(root, g.ID, Resume)
	require.Equal(t, []any{Running, "", ""}, []any{g.State, g.PauseReason, g.LastError})
	require.Len(t, f.launcher.Starts(), 2, "a new engine is asked for")
	require.Equal(t, []Event{EventStarted, EventPaused, EventResumed}, f.observer.events())
}

func TestAnEngineThatAnOperatorStopsPausesItsGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g, _ := f.running(root, f.addUsers(2)...)
	f.observe(g.ID, runtime.Stopped, byOperator)
	require.Equal(t, []any{Paused, ByOperator}, []any{f.game(g.ID).State, f.game(g.ID).PauseReason})
}

func TestWhatIsSeenOfAnEngineIsKeptWhateverTheStateOfTheGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, from := range States() {
		g := f.draft(root)
		f.force(g, from)
		f.observe(g.ID, runtime.Unreachable)
		row, err := store{}.game(t.Context(), f.db, g.ID)
		require.NoError(t, err)
		require.Equal(t, []any{from, "engine_unreachable", "unreachable"},
			[]any{row.State, row.RuntimeStatus, row.EngineHealth})
	}
}

func TestAnEngineWithoutAGameIsIgnored(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.observe(unknownGame, runtime.Running)
	require.Empty(t, f.observer.events())
}
