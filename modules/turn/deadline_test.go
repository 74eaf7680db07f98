package turn

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/schedule"
)

// stuck lets the deadline come while somebody works on the engine: a run waits.
func (w *table) stuck(turns schedule.Settings) game.Game {
	w.Helper()
	g := w.game(turns, 2)
	w.gate.held[g.ID] = uuid.New()
	w.clock.Advance(time.Hour)
	w.settle()
	require.Equal(w, RunQueued, w.runsOf(g)[0].Status)
	return g
}

func (w *table) unstick(g game.Game) {
	w.Helper()
	delete(w.gate.held, g.ID)
	w.clock.Advance(time.Minute)
	w.settle()
}

func operator(t testing.TB) context.Context {
	return httpx.WithCall(t.Context(), "req-1", uuid.Nil, httpx.Principal{Username: "root", Role: httpx.Operator})
}

func TestDeadlineThatMovedMakesNoTurn(t *testing.T) {
	t.Parallel()
	for name, move := range map[string]func(w *table, g game.Game){
		"extended": func(w *table, g game.Game) {
			_, err := w.service.Extend(w.Context(), g.ID, uuid.Nil, noon.Add(2*time.Hour))
			require.NoError(w, err)
		},
		"another schedule": func(w *table, g game.Game) {
			w.lobby.update(g.ID, func(g *game.Game) { g.Turns.Interval = 2 * time.Hour })
			w.tell(g, game.EventSettings)
		},
		"no schedule": func(w *table, g game.Game) {
			w.lobby.update(g.ID, func(g *game.Game) { g.Turns = schedule.Settings{Mode: schedule.Manual} })
			w.tell(g, game.EventSettings)
		},
	} {
		w := newTable(t)
		g := w.stuck(hourly())
		move(w, g)
		w.unstick(g)
		require.Empty(t, w.engine.get(g.ID).puts, name)
		require.Empty(t, w.runsOf(g), name)
		if at := w.clockOf(g).NextTurnAt; at != nil {
			w.clock.Set(*at)
			w.settle()
			require.Equal(t, 1, w.clockOf(g).Turn, name)
		}
	}
}

func TestTurnThatIsBeingMadeIsNotExtended(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.stuck(hourly())
	w.clock.Advance(time.Minute)
	claims, err := runQueue.Claim(t.Context(), w.db, w.clock.Now(), 1, time.Minute, nil)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	_, err = w.service.Extend(t.Context(), g.ID, uuid.Nil, noon.Add(2*time.Hour))
	require.ErrorIs(t, err, ErrExtensionRefused)
	require.Equal(t, noon.Add(time.Hour), *w.clockOf(g).NextTurnAt)
	w.free(claims)
	_, err = w.service.Extend(t.Context(), g.ID, uuid.Nil, noon.Add(2*time.Hour))
	require.NoError(t, err)
}

// free gives claims back as a runner does that found the engine busy.
func (w *table) free(claims []outbox.Claim) {
	w.Helper()
	for _, c := range claims {
		require.NoError(w, w.runner.releaseClaim(w.Context(), attempt{claim: c}, time.Second))
	}
}

// The clock's own run would be given up for the next slot.
func TestOperatorsTurnIsMadeThoughTheClockWouldHoldItBack(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	turns := hourly()
	turns.OnlyWhenReady = true
	g := w.stuck(turns)
	due := w.runsOf(g)[0]
	run, err := w.service.Advance(operator(t), g.ID, true)
	require.NoError(t, err)
	require.Equal(t, []any{due.ID, CauseManual, true, "root"}, []any{run.ID, run.Cause, run.KeepDeadline, run.RequestedBy})
	w.unstick(g)
	require.Equal(t, 1, w.clockOf(g).Turn)
	require.Equal(t, []any{CauseManual, "root"}, []any{w.runsOf(g)[0].Cause, w.runsOf(g)[0].RequestedBy})
}

func TestOperatorsRepeatedExtensionIsAuditedToo(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	for range 2 {
		c, err := w.service.Extend(operator(t), g.ID, uuid.Nil, noon.Add(2*time.Hour))
		require.NoError(t, err)
		require.Equal(t, time.Hour, c.ExtendedTotal)
	}
	require.Len(t, w.audit.entries, 2)
}

func TestGameThatNobodyPlaysAnyMorePauses(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 2)
	for i := range 2 {
		w.lobby.reseat(g.ID, i, func(s *game.Membership) { s.Status = game.Removed })
	}
	w.clock.Advance(time.Hour)
	w.settle()
	require.Equal(t, "all_missed", w.lobby.peek(g.ID).PauseReason)
}

func TestExcuseAfterDowntimeGivesTimeToUseIt(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	turns := hourly()
	turns.ExcusedMisses = 1
	g := w.game(turns, 1)
	w.clock.Advance(72 * time.Hour)
	w.settle()
	require.Equal(t, 0, w.clockOf(g).Turn)
	require.Equal(t, w.clock.Now().Add(time.Hour), *w.clockOf(g).NextTurnAt)
}
