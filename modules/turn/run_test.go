package turn

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/schedule"
	"galaxy/backend/platform/worker"
)

func TestStartSetsTheClockAndTellsEveryMember(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 3)
	c := w.clockOf(g)
	require.Equal(t, 0, c.Turn)
	require.Equal(t, noon.Add(time.Hour), *c.NextTurnAt)
	intents := w.mail.of(notification.KindGameStarted)
	require.Len(t, intents, 3)
	require.Equal(t, "Race1", intents[1].Payload["race_name"])
	require.Equal(t, []uuid.UUID{w.user(g, 1)}, intents[1].Recipients)
	submissions, err := store{}.submissions(t.Context(), w.db, c)
	require.NoError(t, err)
	require.Len(t, submissions, 3)

	w.tell(g, game.EventStarted) // heard twice
	require.Len(t, w.mail.of(notification.KindGameStarted), 3)
	require.Equal(t, c, w.clockOf(g))
}

func TestDueTurnIsMadeRecordedAndAnnouncedOnce(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 2)
	w.settle()
	require.Empty(t, w.runsOf(g), "nothing is due")
	w.moves(g)
	w.clock.Advance(time.Hour)
	w.settle()
	w.settle()

	c := w.clockOf(g)
	require.Equal(t, 1, c.Turn)
	require.Equal(t, noon.Add(2*time.Hour), *c.NextTurnAt)
	require.Equal(t, map[int]int{1: 1}, w.engine.get(g.ID).puts)
	ready := w.mail.of(notification.KindGameTurnReady)
	require.Len(t, ready, 1)
	require.Len(t, ready[0].Recipients, 2)
	require.Equal(t, 1, ready[0].Payload["turn"])
	require.Equal(t, "game:"+g.ID.String()+":epoch:0:turn:1", ready[0].Key)
	require.Len(t, w.lobby.recorded, 1)
	require.Equal(t, "hash-1", w.lobby.recorded[0].StateHash)
	require.Equal(t, c.NextTurnAt, w.lobby.recorded[0].NextTurnAt)

	run := w.runsOf(g)[0]
	require.Equal(t, RunDone, run.Status)
	require.Equal(t, CauseDue, run.Cause)
	require.Equal(t, 0, *run.EngineBefore)
	require.Equal(t, 1, *run.EngineAfter)
	require.Equal(t, "hash-1", run.StateHash)
	require.False(t, run.Replayed)
	require.EqualValues(t, 2, w.number(`SELECT count(*) FROM turn_submissions WHERE game_id = $1 AND turn = 0 AND outcome = 'received'`, g.ID))
	require.EqualValues(t, 2, w.number(`SELECT count(*) FROM turn_submissions WHERE game_id = $1 AND turn = 1 AND outcome IS NULL`, g.ID))
}

// The windows in which a crash can fall: each of these leaves an engine that is ahead.
func TestTurnIsRecordedOnceWhateverIsLost(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(w *table, g game.Game){
		"the request":               func(w *table, g game.Game) { w.engine.get(g.ID).before = engine.ErrUnreachable },
		"the answer":                func(w *table, g game.Game) { w.engine.get(g.ID).after = engine.ErrUnreachable },
		"the transaction":           func(w *table, _ game.Game) { w.lobby.fail = errors.New("the database went away") },
		"the outcome of the commit": func(w *table, _ game.Game) { w.lobby.fail = pg.ErrOutcomeUnknown },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTable(t)
			g := w.game(hourly(), 2)
			w.moves(g)
			breakIt(w, g)
			w.clock.Advance(time.Hour)
			w.settle()
			require.Equal(t, 0, w.clockOf(g).Turn, "not recorded yet")
			require.Empty(t, w.mail.of(notification.KindGameTurnReady))
			require.Equal(t, RunQueued, w.runsOf(g)[0].Status)
			require.NotEmpty(t, w.runsOf(g)[0].ErrorCode)
			w.clock.Advance(time.Minute)
			w.settle()
			require.Equal(t, 1, w.clockOf(g).Turn)
			require.Equal(t, map[int]int{1: 1}, w.engine.get(g.ID).made, "generated once")
			require.Len(t, w.mail.of(notification.KindGameTurnReady), 1)
			require.Len(t, w.lobby.recorded, 1)
			require.Len(t, w.runsOf(g), 1)
		})
	}
}

// A process dies with its claim; its engine has answered or not. Another one
// takes over when the claim runs out.
func TestAnotherProcessTakesOverWhatADeadOneLeft(t *testing.T) {
	t.Parallel()
	for name, reached := range map[string]int{"before the engine was asked": 0, "after the engine had answered": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTable(t)
			g := w.game(hourly(), 2)
			w.moves(g)
			w.clock.Advance(time.Hour)
			_, err := w.runner.queueDue(t.Context(), w.clock.Now())
			require.NoError(t, err)
			claims, err := runQueue.Claim(t.Context(), w.db, w.clock.Now(), 4, time.Minute, nil)
			require.NoError(t, err)
			require.Len(t, claims, 1)
			if reached == 1 {
				_, err := w.engine.Turn(t.Context(), g.ID, 1)
				require.NoError(t, err)
			}
			w.settle()
			require.Equal(t, 0, w.clockOf(g).Turn, "the claim is still good")
			w.exec(`UPDATE turn_runs SET lease_until = clock_timestamp() - interval '1 second' WHERE game_id = $1`, g.ID)

			successor, _ := w.runners()
			w.settleWith(successor)
			require.Equal(t, 1, w.clockOf(g).Turn)
			require.Equal(t, map[int]int{1: 1}, w.engine.get(g.ID).made)
			require.Len(t, w.mail.of(notification.KindGameTurnReady), 1)
			require.Equal(t, reached == 1, w.runsOf(g)[0].Replayed)
		})
	}
}

// Two runners have the same run: the first one overslept its claim. Both have
// the engine's answer; one of them writes.
func TestTwoRunnersRecordOnce(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 2)
	w.moves(g)
	w.clock.Advance(time.Hour)
	_, err := w.runner.queueDue(t.Context(), w.clock.Now())
	require.NoError(t, err)
	attempts := make([]attempt, 2)
	for i := range attempts {
		claims, err := runQueue.Claim(t.Context(), w.db, w.clock.Now(), 1, time.Minute, nil)
		require.NoError(t, err)
		require.Len(t, claims, 1)
		w.exec(`UPDATE turn_runs SET lease_until = clock_timestamp() - interval '1 second' WHERE game_id = $1`, g.ID)
		run, err := store{}.run(t.Context(), w.db, claims[0].Key)
		require.NoError(t, err)
		attempts[i] = attempt{run: run, claim: claims[0], clock: w.clockOf(g), log: w.runner.log}
	}
	res, err := w.engine.Turn(t.Context(), g.ID, 1)
	require.NoError(t, err)
	results := make(chan error, 2)
	for _, a := range attempts {
		go func() { results <- w.runner.record(context.WithoutCancel(t.Context()), a, 0, res, time.Second) }()
	}
	errs := []error{<-results, <-results}
	require.Contains(t, errs, nil)
	require.True(t, errors.Is(errs[0], errClaimLost) || errors.Is(errs[1], errClaimLost), "%v", errs)
	require.Equal(t, 1, w.clockOf(g).Turn)
	require.Len(t, w.mail.of(notification.KindGameTurnReady), 1)
	require.Len(t, w.lobby.recorded, 1)
}

func TestEngineElsewhereStopsTheGame(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]int{"rolled back": 0, "foreign writer": 7} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTable(t)
			g := w.game(hourly(), 1)
			for range 2 {
				w.moves(g)
				w.clock.Advance(time.Hour)
				w.settle()
			}
			w.engine.get(g.ID).turn = at
			puts := len(w.engine.get(g.ID).puts)
			w.clock.Advance(time.Hour)
			w.settle()
			require.Len(t, w.engine.get(g.ID).puts, puts, "nothing was written")
			require.Equal(t, "state_mismatch", w.lobby.peek(g.ID).PauseReason)
			in := w.mail.of(notification.KindStateMismatch)
			require.Len(t, in, 1)
			require.Equal(t, at, in[0].Payload["engine_turn"])
			require.Equal(t, 2, in[0].Payload["turn"])
			require.Equal(t, "state_mismatch", w.runsOf(g)[0].ErrorCode)
			require.Equal(t, 2, w.clockOf(g).Turn)
		})
	}
}

func TestFailuresAreRetriedThenTheGameIsPaused(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	w.clock.Advance(time.Hour)
	for range config().MaxAttempts {
		w.engine.get(g.ID).before = engine.ErrUnreachable
		w.settle()
		w.clock.Advance(5 * time.Minute)
	}
	run := w.runsOf(g)[0]
	require.Equal(t, RunFailed, run.Status)
	require.Equal(t, 3, run.Attempts)
	require.Equal(t, "engine_unreachable", run.ErrorCode)
	require.Equal(t, "generation_failed", w.lobby.peek(g.ID).PauseReason)
	require.Len(t, w.mail.of(notification.KindGenerationFailed), 1)
	require.Empty(t, w.mail.of(notification.KindGameTurnReady), "players get no report of a failed run")

	w.move(g, game.Running, game.EventResumed)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn, "the turn is due when the game resumes")
}

func TestDeterministicFailureIsNotRepeated(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	w.engine.get(g.ID).before = engine.ErrTurnFailed
	w.clock.Advance(time.Hour)
	w.settle()
	require.Equal(t, map[int]int{1: 1}, w.engine.get(g.ID).puts)
	require.Equal(t, "turn_failed", w.runsOf(g)[0].ErrorCode)
	require.Equal(t, game.Paused, w.lobby.peek(g.ID).State)
}

func TestLastTurnEndsTheGame(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 2)
	w.engine.get(g.ID).ends = 1
	w.moves(g)
	w.clock.Advance(time.Hour)
	w.settle()
	c := w.clockOf(g)
	require.Equal(t, pace.Stopped, c.Status)
	require.Nil(t, c.NextTurnAt)
	require.True(t, w.lobby.recorded[0].Finished)
	require.Nil(t, w.lobby.recorded[0].NextTurnAt)
	over := w.mail.of(notification.KindGameFinished)
	require.Len(t, over, 1)
	require.Equal(t, []string{"Race0"}, over[0].Payload["winners"])
	require.Zero(t, w.number(`SELECT count(*) FROM turn_submissions WHERE game_id = $1 AND turn = 1`, g.ID))
	w.clock.Advance(24 * time.Hour)
	w.settle()
	require.Equal(t, map[int]int{1: 1}, w.engine.get(g.ID).puts)
}

func TestAfterDowntimeOneTurnCatchesUp(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	w.moves(g)
	w.clock.Advance(40 * 24 * time.Hour)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn)
	require.Equal(t, w.clock.Now().Add(time.Hour), *w.clockOf(g).NextTurnAt)
	w.clock.Advance(-time.Hour)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn, "a clock that goes back makes nothing due")
}

func TestPausedGameMakesNoTurnAndKeepsItsTime(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	w.clock.Advance(20 * time.Minute)
	w.move(g, game.Paused, game.EventPaused)
	require.Nil(t, w.clockOf(g).NextTurnAt)
	w.clock.Advance(72 * time.Hour)
	w.settle()
	require.Empty(t, w.engine.get(g.ID).puts)
	w.move(g, game.Running, game.EventResumed)
	require.Equal(t, w.clock.Now().Add(40*time.Minute), *w.clockOf(g).NextTurnAt)
}

// A run was queued, or even claimed, when the game paused.
func TestPauseOvertakesARun(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	w.clock.Advance(time.Hour)
	_, err := w.runner.queueDue(t.Context(), w.clock.Now())
	require.NoError(t, err)
	claims, err := runQueue.Claim(t.Context(), w.db, w.clock.Now(), 1, time.Minute, nil)
	require.NoError(t, err)
	w.move(g, game.Paused, game.EventPaused)
	w.runner.execute(t.Context(), claims[0])
	require.Empty(t, w.engine.get(g.ID).puts)
	require.Empty(t, w.runsOf(g), "it never reached the engine")
}

func TestPauseWhileTheEngineWorksLeavesTheTurnForLater(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	w.moves(g)
	w.engine.get(g.ID).during = func() { w.move(g, game.Paused, game.EventPaused) }
	w.clock.Advance(time.Hour)
	w.settle()
	require.Equal(t, 0, w.clockOf(g).Turn)
	require.Equal(t, "game_paused", w.runsOf(g)[0].ErrorCode)
	w.clock.Advance(72 * time.Hour)
	w.move(g, game.Running, game.EventResumed)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn)
	require.Equal(t, map[int]int{1: 1}, w.engine.get(g.ID).made)
	require.Len(t, w.mail.of(notification.KindGameTurnReady), 1)
}

func TestBusyOrAbsentEngineCostsNoAttempt(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	w.moves(g)
	lease, err := w.gate.Lease(t.Context(), g.ID, time.Minute)
	require.NoError(t, err)
	w.clock.Advance(time.Hour)
	for range 10 {
		w.settle()
		w.clock.Advance(10 * time.Second)
	}
	require.Equal(t, 0, w.runsOf(g)[0].Attempts)
	require.NoError(t, w.gate.Release(t.Context(), lease))
	w.gate.down = true
	w.settle()
	require.Equal(t, 0, w.runsOf(g)[0].Attempts)
	require.Equal(t, game.Running, w.lobby.peek(g.ID).State)
	w.gate.down = false
	w.clock.Advance(10 * time.Second)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn)
}

// F60: the pool is honoured, and each slot is made once.
func TestHerdOfGamesDueAtOnce(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	games := make([]game.Game, 30)
	for i := range games {
		games[i] = w.game(hourly(), 1)
		w.moves(games[i])
	}
	w.clock.Advance(time.Hour)
	w.settle()
	for _, g := range games {
		require.Equal(t, map[int]int{1: 1}, w.engine.get(g.ID).puts)
		require.Equal(t, 1, w.clockOf(g).Turn)
	}
}

func TestPoisonedGameDelaysNoOther(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	bad, good := w.game(hourly(), 1), w.game(hourly(), 1)
	w.engine.get(bad.ID).during = func() { panic("the engine's client is broken") }
	w.moves(good)
	w.clock.Advance(time.Hour)
	w.settle()
	require.Equal(t, 1, w.clockOf(good).Turn)
	require.Equal(t, 0, w.clockOf(bad).Turn)
	require.NotContains(t, w.gate.held, bad.ID, "its lease was given back")
}

func TestOnlyWhenReadyWaitsForTheNextSlot(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	turns := hourly()
	turns.OnlyWhenReady = true
	g := w.game(turns, 2)
	w.clock.Advance(time.Hour)
	w.settle()
	require.Empty(t, w.engine.get(g.ID).puts)
	require.Equal(t, noon.Add(2*time.Hour), *w.clockOf(g).NextTurnAt)
	require.Empty(t, w.runsOf(g))
	for i := range 2 {
		_, err := w.service.Ready(t.Context(), g.ID, w.user(g, i), 0)
		require.NoError(t, err)
	}
	w.settle()
	require.Empty(t, w.engine.get(g.ID).puts, "early turns were not asked for")
	w.clock.Advance(time.Hour)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn)
}

func TestExcusedMissExtendsATurnOnce(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	turns := hourly()
	turns.ExcusedMisses = 1
	g := w.game(turns, 2)
	order := func(i int) {
		_, err := w.service.PutOrders(t.Context(), g.ID, w.user(g, i), orderFor(w.clockOf(g).Turn))
		require.NoError(t, err)
	}
	order(0)
	w.clock.Advance(time.Hour)
	w.settle()
	require.Equal(t, 0, w.clockOf(g).Turn)
	require.Equal(t, noon.Add(2*time.Hour), *w.clockOf(g).NextTurnAt)
	w.clock.Advance(time.Hour)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn, "extended once")
	require.EqualValues(t, 1, w.number(`SELECT count(*) FROM turn_submissions WHERE game_id = $1 AND turn = 0 AND race_name = 'Race1' AND outcome = 'excused'`, g.ID))

	order(0)
	w.clock.Set(*w.clockOf(g).NextTurnAt)
	w.settle()
	require.Equal(t, 2, w.clockOf(g).Turn, "the excuse was used up")
	require.EqualValues(t, 1, w.number(`SELECT count(*) FROM turn_submissions WHERE game_id = $1 AND turn = 1 AND race_name = 'Race1' AND outcome = 'missed'`, g.ID))
}

func TestGameThatEverybodyMissedPauses(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 2)
	w.clock.Advance(time.Hour)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn)
	require.Equal(t, "all_missed", w.lobby.peek(g.ID).PauseReason)
	require.Equal(t, time.Hour, *w.clockOf(g).PauseRemaining)

	other := w.game(hourly(), 2)
	_, err := w.service.Advance(t.Context(), other.ID, false)
	require.NoError(t, err)
	w.settle()
	require.Equal(t, 1, w.clockOf(other).Turn)
	require.Equal(t, game.Running, w.lobby.peek(other.ID).State, "an operator's turn pauses nothing")
}

func TestIdleRacesAreNotWaitedForAndTheirSeatsBecomeFree(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	turns := hourly()
	turns.IdleAfter, turns.VacateAfter, turns.EarlyWhenReady = 1, 2, true
	g := w.game(turns, 2)
	turn := func() {
		_, err := w.service.PutOrders(t.Context(), g.ID, w.user(g, 0), orderFor(w.clockOf(g).Turn))
		require.NoError(t, err)
		w.clock.Set(*w.clockOf(g).NextTurnAt)
		w.settle()
	}
	turn()
	r, err := w.service.Ready(t.Context(), g.ID, w.user(g, 0), 1)
	require.NoError(t, err)
	require.Equal(t, Readiness{Turn: 1, Ready: true, Awaited: 1, NotReady: 0}, r)
	w.settle()
	require.Equal(t, 2, w.clockOf(g).Turn, "nobody waits for the idle race")
	require.True(t, w.lobby.seatsOf(g.ID)[1].Vacant)

	_, err = w.service.PutOrders(t.Context(), g.ID, w.user(g, 1), orderFor(2))
	require.NoError(t, err)
	require.False(t, w.lobby.seatsOf(g.ID)[1].Vacant, "coming back takes the seat back")
	r, err = w.service.Ready(t.Context(), g.ID, w.user(g, 0), 2)
	require.NoError(t, err)
	require.Equal(t, Readiness{Turn: 2, Ready: true, Awaited: 2, NotReady: 1}, r)
}

func TestBlockedMembersRaceIsBanished(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 2)
	w.engine.get(g.ID).before = engine.ErrUnreachable
	blocked := func(c *game.Change) { c.Blocked = &game.BlockedRace{RaceName: "Race1", Cause: game.CauseBlocked} }
	w.tell(g, game.EventRaceBlocked, blocked)
	w.tell(g, game.EventRaceBlocked, blocked)
	w.settle()
	require.Empty(t, w.engine.get(g.ID).banished)
	for range 3 {
		w.clock.Advance(5 * time.Minute)
		w.settle()
	}
	require.Equal(t, []string{"Race1"}, w.engine.get(g.ID).banished)
	runs := w.runsOf(g)
	require.Len(t, runs, 1)
	require.Equal(t, KindBanish, runs[0].Kind)
	require.Equal(t, RunDone, runs[0].Status)
	require.Equal(t, CauseBlocked, runs[0].Cause)
	require.Equal(t, 0, *runs[0].Turn)
}

func TestNewScheduleStartsANewDeadline(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	w.clock.Advance(30 * time.Minute)
	w.lobby.update(g.ID, func(g *game.Game) { g.Turns.EarlyWhenReady = true })
	w.tell(g, game.EventSettings)
	require.Equal(t, noon.Add(time.Hour), *w.clockOf(g).NextTurnAt, "the deadline is none of its business")
	w.lobby.update(g.ID, func(g *game.Game) { g.Turns.Interval = 2 * time.Hour })
	w.tell(g, game.EventSettings)
	require.Equal(t, w.clock.Now().Add(2*time.Hour), *w.clockOf(g).NextTurnAt)
	w.lobby.update(g.ID, func(g *game.Game) { g.Turns = schedule.Settings{Mode: schedule.Manual} })
	w.tell(g, game.EventSettings)
	require.Nil(t, w.clockOf(g).NextTurnAt)
}

// The loop on its own: an alarm, not the sweep, makes a turn punctual.
func TestLoopWakesAtTheDeadline(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	cfg := config()
	cfg.SweepInterval = 24 * time.Hour
	signal := worker.NewSignal()
	r, err := NewRunner(w.db, w.clock, w.runner.log, cfg, w.lobby, w.lobby, w.lobby, w.gate, w.engine, w.mail, signal)
	require.NoError(t, err)
	g := w.game(hourly(), 1)
	w.moves(g)
	made := make(chan struct{})
	w.engine.get(g.ID).during = func() { close(made) }
	require.NoError(t, r.Start(t.Context()))
	require.NoError(t, r.Start(t.Context()))
	w.clock.BlockUntil(2) // the loop and the alarm wait
	w.clock.Advance(time.Hour)
	<-made
	require.NoError(t, r.Stop(t.Context()))
	require.NoError(t, r.Stop(t.Context()))
	require.Equal(t, 1, w.clockOf(g).Turn, "what was under way was recorded before the stop")
}
