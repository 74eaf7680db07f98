package turn

import (
	"errors"
	"testing"
	"time"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/schedule"
	"galaxy/backend/platform/worker"

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

func TestOwnersExtensionsAddUpToTheGamesLimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	turns := hourly()
	turns.MaxExtend = 90 * time.Minute
	g := f.startGame(turns, 1)
	owner := f.user(g, 0)
	f.games.changeGame(g.ID, func(g *game.Game) { g.OwnerID = &owner })
	extend := func(until time.Time) error {
		_, err := f.service.Extend(t.Context(), g.ID, owner, until)
		return err
	}
	require.NoError(t, extend(noon.Add(2*time.Hour)))
	err := extend(noon.Add(3 * time.Hour))
	require.ErrorIs(t, err, ErrExtensionRefused)
	require.Equal(t, noon.Add(150*time.Minute), fault.From(err).Details["latest"])
	require.NoError(t, extend(noon.Add(150*time.Minute)))
	require.ErrorIs(t, extend(noon.Add(151*time.Minute)), ErrExtensionRefused)
	require.Equal(t, 90*time.Minute, f.clockOf(g).ExtendedTotal)
	require.Empty(t, f.auditor.Entries(), "an owner is no operator")

	f.clock.Set(noon.Add(150 * time.Minute))
	f.submitAll(g)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
	require.NoError(t, extend(f.clockOf(g).NextTurnAt.Add(time.Hour)), "each turn has the whole limit")
}

func TestOperatorExtendsAsFarAsADeadlineMayLie(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	farthest := noon.Add(schedule.MaxGap)
	_, err := f.service.Extend(operator(t), g.ID, uuid.Nil, farthest.Add(time.Second))
	require.ErrorIs(t, err, ErrExtensionRefused)
	require.Equal(t, farthest, fault.From(err).Details["latest"])
	c, err := f.service.Extend(operator(t), g.ID, uuid.Nil, farthest)
	require.NoError(t, err)
	require.Equal(t, farthest, *c.NextTurnAt)
	entries := f.auditor.Entries()
	require.Len(t, entries, 1, "what was refused is no entry")
	require.Equal(t, "game.turn.extend", entries[0].Action)
	require.Equal(t, "game:"+g.ID.String(), entries[0].Target)
}

func TestExtensionNeedsARunningGameWithADeadline(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	extend := func(g game.Game) error {
		_, err := f.service.Extend(t.Context(), g.ID, uuid.Nil, noon.Add(2*time.Hour))
		return err
	}
	require.ErrorIs(t, extend(game.Game{ID: uuid.New()}), game.ErrNotFound)
	require.ErrorIs(t, extend(f.startGame(earlyWhenReady(), 1)), ErrNoDeadline)
	paused := f.startGame(hourly(), 1)
	f.setState(paused, game.Paused, game.EventPaused)
	require.ErrorIs(t, extend(paused), ErrState)
}

func TestExtensionSaysWhenMembershipCannotBeRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	down := errors.New("connection lost")
	f.games.failReads(down)
	_, err := f.service.Extend(t.Context(), g.ID, f.user(g, 0), noon.Add(2*time.Hour))
	require.ErrorIs(t, err, down)
}

func TestExtensionShowsAndWakesTheRunner(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	signal := worker.NewSignal()
	_, service := f.newRunnerWith(config(), signal)
	g := f.startGame(hourly(), 1)
	_, err := service.Extend(t.Context(), g.ID, uuid.Nil, noon.Add(3*time.Hour))
	require.NoError(t, err)
	<-signal.C()
	require.EqualValues(t, 1, f.count(`SELECT count(*) FROM games WHERE game_id = $1 AND next_turn_at = $2`,
		g.ID, noon.Add(3*time.Hour)))
}
