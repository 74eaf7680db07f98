package turn

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// record is the one transaction of a turn. The claim and the clock guard it: of
// any number of runners that got an answer, one writes.
func (r *Runner) record(ctx context.Context, a attempt, engineTurn int, res enginev1.TurnResponse, took time.Duration,
) error {
	out := runResult{
		EngineBefore: &engineTurn, EngineAfter: res.Status.Turn, Replayed: res.Replayed,
		Duration: took, StateHash: res.Status.StateHash,
	}
	return r.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := r.games.LockGame(ctx, tx, a.run.GameID)
		if err != nil {
			return fmt.Errorf("lock game %s: %w", a.run.GameID, err)
		}
		if g.State != game.Running {
			return r.endUnrecorded(ctx, tx, a, out)
		}
		before, err := r.store.lockClock(ctx, tx, g.ID)
		if err != nil {
			return fmt.Errorf("lock clock of game %s: %w", g.ID, err)
		}
		now := r.clock.Now()
		after := before.Advance(g.Turns, now, a.run.KeepDeadline)
		if res.Status.Finished {
			after.NextTurnAt = nil
		}
		if after.Turn != res.Turn || before.Epoch != a.run.Epoch {
			return errClaimLost
		}
		if ours, err := r.store.finish(ctx, tx, a.claim, RunDone, out, nil, now); err != nil || !ours {
			return orClaimLost(err)
		}
		if advanced, err := r.store.advanceClock(ctx, tx, after); err != nil || !advanced {
			return orClaimLost(err)
		}
		if err := r.apply(ctx, tx, a, g, before, after, res); err != nil {
			return err
		}
		tx.OnCommit(func() { r.reportTurn(ctx, a, after, res, took) })
		return nil
	})
}

// apply writes what follows from a turn that took the clock from before to after.
func (r *Runner) apply(ctx context.Context, tx *pg.Tx, a attempt, g game.Game, before, after pace.Clock,
	res enginev1.TurnResponse,
) error {
	submissions, err := r.store.submissions(ctx, tx, before)
	if err != nil {
		return fmt.Errorf("submissions of game %s: %w", g.ID, err)
	}
	members, err := r.games.MembershipsIn(ctx, tx, g.ID)
	if err != nil {
		return fmt.Errorf("memberships of game %s: %w", g.ID, err)
	}
	outcomes := pace.Outcomes(submissions, res.Status.Races)
	r.store.closeTurn(tx, before, outcomes)
	if !res.Status.Finished {
		r.openTurn(tx, g, after, members, res.Status.Races)
	}
	if err := r.announce(ctx, tx, g, after, members, res); err != nil {
		return fmt.Errorf("announce turn %d of game %s: %w", after.Turn, g.ID, err)
	}
	err = r.recorder.RecordTurn(ctx, tx, game.TurnRecord{
		GameID: g.ID, Turn: after.Turn, At: after.TurnMadeAt, NextTurnAt: after.NextTurnAt, StateHash: res.Status.StateHash,
		Races: raceStats(res.Status.Races), Finished: res.Status.Finished, Result: res.Status.Result,
	})
	if err != nil {
		return fmt.Errorf("record turn %d of game %s: %w", after.Turn, g.ID, err)
	}
	if !res.Status.Finished && a.run.Cause == CauseDue && pace.AllMissed(submissions, outcomes, members) {
		if err := r.recorder.Pause(ctx, tx, g.ID, game.AllMissed); err != nil {
			return fmt.Errorf("pause game %s: %w", g.ID, err)
		}
	}
	return nil
}

// openTurn adds the new turn's submissions, and frees the seats of those who
// stayed away.
func (r *Runner) openTurn(tx *pg.Tx, g game.Game, c pace.Clock, members []game.Membership,
	races []enginev1.RaceStatus,
) {
	r.store.openTurn(tx, c, pace.NewSubmissions(races, members, g.Turns.IdleAfter))
	for _, race := range pace.AbsentRaces(races, members, g.Turns.VacateAfter) {
		r.games.SetVacant(tx, g.ID, race, true)
	}
}

// endUnrecorded ends a run whose game was paused or ended while its engine
// worked. A paused game's turn is due when it resumes, and its engine will repeat
// itself.
func (r *Runner) endUnrecorded(ctx context.Context, tx *pg.Tx, a attempt, out runResult) error {
	out.ErrorCode, out.Error = "game_paused", "the game was paused or ended before the turn could be recorded"
	if ours, err := r.store.finish(ctx, tx, a.claim, RunFailed, out, nil, r.clock.Now()); err != nil || !ours {
		return orClaimLost(err)
	}
	r.store.markDue(tx, a.run.GameID)
	return nil
}

// reportTurn counts and logs a turn that is committed.
func (r *Runner) reportTurn(ctx context.Context, a attempt, c pace.Clock, res enginev1.TurnResponse,
	took time.Duration,
) {
	lag := c.TurnMadeAt.Sub(a.run.DueAt)
	r.metrics.turnMade(ctx, took, lag)
	r.metrics.runEnded(ctx, a.run.Kind, "done")
	a.log.Info("turn was made", zap.Int("turn", c.Turn), zap.Int("epoch", c.Epoch), zap.String("cause", a.run.Cause),
		zap.Bool("replayed", res.Replayed), zap.Bool("finished", res.Status.Finished),
		zap.Duration("took", took), zap.Duration("lag", lag))
}

// raceStats is the engine's account in the types of package game.
func raceStats(races []enginev1.RaceStatus) []game.RaceStats {
	out := make([]game.RaceStats, len(races))
	for i, r := range races {
		out[i] = game.RaceStats{
			RaceName: r.RaceName, State: string(r.State), Planets: r.Planets, Ships: r.Ships,
			Population: r.Population, Industry: r.Industry, Votes: r.Votes, IdleTurns: r.IdleTurns,
		}
	}
	return out
}
