package turn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/lobby"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

const running = lobby.Running

// record is the one transaction of a turn. The claim and the clock guard it: of
// any number of runners that got an answer, one writes.
func (a *attempt) record(ctx context.Context, before int, res enginev1.TurnResponse, took time.Duration) error {
	out := runResult{Before: &before, After: res.Status.Turn, Replayed: res.Replayed, Took: took, Hash: res.Status.StateHash}
	return a.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := a.games.LockGame(ctx, tx, a.run.GameID)
		if err != nil {
			return fmt.Errorf("lock game %s: %w", a.run.GameID, err)
		}
		if g.State != running {
			return a.unrecorded(ctx, tx, out)
		}
		c, err := a.store.lockClock(ctx, tx, g.ID)
		if err != nil {
			return fmt.Errorf("lock clock of game %s: %w", g.ID, err)
		}
		now := a.clock.Now()
		after := c.Advance(g.Turns, now, a.run.KeepDeadline)
		if res.Status.Finished {
			after.NextTurnAt = nil
		}
		if after.Turn != res.Turn || c.Epoch != a.run.Epoch {
			return errLost
		}
		if held, err := a.store.finish(ctx, tx, a.claim, RunDone, out, nil, now); err != nil || !held {
			return lost(err)
		}
		if moved, err := a.store.advance(ctx, tx, after); err != nil || !moved {
			return lost(err)
		}
		if err := a.apply(ctx, tx, g, c, after, res); err != nil {
			return err
		}
		tx.OnCommit(func() { a.recorded(ctx, c, after, took, res) })
		return nil
	})
}

// apply writes what follows from the turn: the clock was c and is after.
func (a *attempt) apply(ctx context.Context, tx *pg.Tx, g lobby.Game, c, after pace.Clock, res enginev1.TurnResponse) error {
	submissions, err := a.store.submissions(ctx, tx, c)
	if err != nil {
		return fmt.Errorf("submissions of game %s: %w", g.ID, err)
	}
	seats, err := a.games.SeatsIn(ctx, tx, g.ID)
	if err != nil {
		return fmt.Errorf("seats of game %s: %w", g.ID, err)
	}
	outcome := pace.Outcomes(submissions, res.Status.Races)
	a.store.closeTurn(tx, c, outcome)
	if !res.Status.Finished {
		a.store.openTurn(tx, after, pace.NewSubmissions(res.Status.Races, seats, g.Turns.IdleAfter))
		for _, race := range pace.AbsentRaces(res.Status.Races, seats, g.Turns.VacateAfter) {
			a.games.SetVacant(tx, g.ID, race, true)
		}
	}
	if err := announce(ctx, tx, a.notifier, g, after, res, seats); err != nil {
		return fmt.Errorf("announce turn %d of game %s: %w", after.Turn, g.ID, err)
	}
	err = a.games.RecordTurn(ctx, tx, lobby.TurnRecord{
		GameID: g.ID, Turn: after.Turn, At: after.TurnMadeAt, NextTurnAt: after.NextTurnAt, StateHash: res.Status.StateHash,
		Races: stats(res.Status.Races), Finished: res.Status.Finished, Result: res.Status.Result,
	})
	if err != nil {
		return fmt.Errorf("record turn %d of game %s: %w", after.Turn, g.ID, err)
	}
	if !res.Status.Finished && a.run.Cause == CauseDue && pace.AllMissed(submissions, outcome, seats) {
		if err := a.games.Pause(ctx, tx, g.ID, pauseMissed); err != nil {
			return fmt.Errorf("pause game %s: %w", g.ID, err)
		}
	}
	return nil
}

// unrecorded ends a run whose game was paused or ended while its engine worked.
// A paused game's turn is due when it resumes, and its engine will repeat itself.
func (a *attempt) unrecorded(ctx context.Context, tx *pg.Tx, out runResult) error {
	out.Code, out.Text = "game_paused", "the game was paused or ended before the turn could be recorded"
	if held, err := a.store.finish(ctx, tx, a.claim, RunFailed, out, nil, a.clock.Now()); err != nil || !held {
		return lost(err)
	}
	a.store.owe(tx, a.run.GameID)
	return nil
}

func (a *attempt) recorded(ctx context.Context, c, after pace.Clock, took time.Duration, res enginev1.TurnResponse) {
	lag := after.TurnMadeAt.Sub(a.run.DueAt)
	a.metrics.made(ctx, took, lag)
	a.metrics.ended(ctx, a.run.Kind, "done")
	a.log.Info("turn was made", zap.Int("turn", after.Turn), zap.String("cause", a.run.Cause), zap.Bool("replayed", res.Replayed),
		zap.Bool("finished", res.Status.Finished), zap.Duration("took", took), zap.Duration("lag", lag), zap.Int("epoch", c.Epoch))
}

// hold judges once more whether the turn is wanted, since the run may have waited
// for its engine: a deadline may have moved, somebody may need more time after
// all. It moves a deadline that came and shall not make a turn: not everybody is
// ready and the game waits for that, or somebody has an excuse left. The run
// goes; the clock queues another one.
func (a *attempt) hold(ctx context.Context, status enginev1.Status) (held bool, err error) {
	due := a.run.Cause == CauseDue
	if due && (a.base.NextTurnAt == nil || a.base.NextTurnAt.After(a.clock.Now())) {
		return true, a.drop(ctx, "deadline_moved")
	}
	g, err := a.seating.Game(ctx, a.run.GameID)
	if err != nil || a.run.Cause != CauseReady && !(due && (g.Turns.OnlyWhenReady || g.Turns.ExcusedMisses > 0)) {
		return false, err
	}
	err = a.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		if g, err = a.games.LockGame(ctx, tx, a.run.GameID); err != nil {
			return err
		}
		c, err := a.store.lockClock(ctx, tx, g.ID)
		if err != nil {
			return err
		}
		now := a.clock.Now()
		v, err := a.judge(ctx, tx, g, c, status, now)
		if held = v.held; err != nil || !held {
			return err
		}
		if v.after != nil {
			a.store.save(tx, *v.after)
			a.store.excuse(tx, c, v.excused, now)
			a.games.SetNextTurn(tx, g.ID, v.after.NextTurnAt)
		}
		return a.store.discard(ctx, tx, a.claim, v.why, now)
	})
	return held, err
}

// verdict is whether a turn is held back, why, and until when.
type verdict struct {
	held    bool
	why     string
	after   *pace.Clock // the clock with its later deadline, if that is another one
	excused []string
}

func (a *attempt) judge(ctx context.Context, tx *pg.Tx, g lobby.Game, c pace.Clock, status enginev1.Status, now time.Time) (verdict, error) {
	if g.State != running || c.Turn+1 != a.run.Target() {
		return verdict{}, nil // the record will find out
	}
	submissions, err := a.store.submissions(ctx, tx, c)
	if err != nil {
		return verdict{}, err
	}
	seats, err := a.games.SeatsIn(ctx, tx, g.ID)
	if err != nil {
		return verdict{}, err
	}
	everybody := pace.CountReady(submissions, seats).AllReady()
	switch {
	case a.run.Cause == CauseReady:
		return verdict{held: !everybody, why: "not_ready"}, nil
	case g.Turns.OnlyWhenReady && !everybody:
		after := c.Skip(g.Turns, now)
		return verdict{held: true, why: "deadline_moved", after: &after}, nil
	}
	used, err := a.store.excusesUsed(ctx, tx, c)
	if err != nil {
		return verdict{}, err
	}
	races := pace.ExcusableRaces(submissions, status.Races, seats, used, g.Turns.ExcusedMisses)
	after, moved := c.Excuse(g.Turns, now)
	if len(races) == 0 || !moved {
		return verdict{}, nil
	}
	return verdict{held: true, why: "deadline_moved", after: &after, excused: races}, nil
}

// banish takes a race out of its engine. It never gives up: a member who was
// banned must not come back because an engine was down for a while.
func (a *attempt) banish(ctx context.Context) error {
	begin := time.Now() //nolint:forbidigo // measured, decides nothing
	res, err := a.engine.Banish(ctx, a.run.GameID, *a.run.RaceName, a.run.Cause)
	switch {
	case errors.Is(err, engine.ErrRaceNotFound), errors.Is(err, engine.ErrGameFinished):
		return a.banished(ctx, RunFailed, runResult{Code: fault.From(err).Reason, Text: short(err)}, nil)
	case err != nil:
		a.log.Warn("attempt to banish a race failed", zap.Error(err))
		a.metrics.ended(ctx, a.run.Kind, "retried")
		return a.later(ctx, runResult{Code: fault.From(err).Reason, Text: short(err)})
	}
	return a.banished(ctx, RunDone, runResult{After: &res.Turn, Replayed: res.Replayed, Took: time.Since(begin)}, &res.Turn)
}

func (a *attempt) banished(ctx context.Context, status string, res runResult, at *int) error {
	return a.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := a.games.LockGame(ctx, tx, a.run.GameID)
		if err != nil {
			return fmt.Errorf("lock game %s: %w", a.run.GameID, err)
		}
		if held, err := a.store.finish(ctx, tx, a.claim, status, res, at, a.clock.Now()); err != nil || !held {
			return lost(err)
		}
		if err := a.without(ctx, tx, g, *a.run.RaceName); err != nil {
			return err
		}
		tx.OnCommit(func() {
			a.metrics.ended(ctx, a.run.Kind, status)
			a.log.Info("race was banished", zap.String("race_name", *a.run.RaceName), zap.String("cause", a.run.Cause), zap.String("outcome", status))
		})
		return nil
	})
}

// without has the turn under way wait for a race no longer, which may make it an
// early one.
func (a *attempt) without(ctx context.Context, tx *pg.Tx, g lobby.Game, race string) error {
	c, err := a.store.clock(ctx, tx, g.ID)
	if err != nil {
		return fmt.Errorf("clock of game %s: %w", g.ID, err)
	}
	a.store.removeSubmission(tx, c, race)
	if !hastens(g) {
		return nil
	}
	seats, err := a.games.SeatsIn(ctx, tx, g.ID)
	if err != nil {
		return fmt.Errorf("seats of game %s: %w", g.ID, err)
	}
	_, err = a.store.hasten(ctx, tx, g, c, seats, a.clock.Now()) // the pass after this run finds it
	return err
}
