package turn

import (
	"context"
	"fmt"
	"time"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// verdict is what a recheck came to.
type verdict struct {
	skip    bool        // make no turn now
	code    string      // why
	clock   *pace.Clock // the clock with its later deadline, if that is another one
	excused []string    // races for which the deadline is later
}

// recheck decides once more whether the turn is wanted, since the run may have
// waited for its engine: the deadline may have moved, readiness may have been
// withdrawn. It also moves a deadline that came and shall make no turn, because
// not everybody is ready and the game waits for that, or because somebody has an
// excuse left. The run goes then; the clock queues another one.
func (r *Runner) recheck(ctx context.Context, a attempt, status enginev1.Status) (skipped bool, err error) {
	if a.run.Cause == CauseDue && !a.deadlineCame(r.clock.Now()) {
		return true, r.discard(ctx, a, "deadline_moved")
	}
	g, err := r.reader.Game(ctx, a.run.GameID)
	if err != nil || !a.conditional(g) {
		return false, err
	}
	err = r.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		if g, err = r.games.LockGame(ctx, tx, a.run.GameID); err != nil {
			return err
		}
		c, err := r.store.lockClock(ctx, tx, g.ID)
		if err != nil {
			return err
		}
		now := r.clock.Now()
		v, err := r.decide(ctx, tx, a, g, c, status, now)
		if skipped = v.skip; err != nil || !skipped {
			return err
		}
		if v.clock != nil {
			r.store.saveClock(tx, *v.clock)
			r.store.excuse(tx, c, v.excused, now)
			r.games.SetNextTurn(tx, g.ID, v.clock.NextTurnAt)
		}
		return r.store.discard(ctx, tx, a.claim, v.code, now)
	})
	return skipped, err
}

func (a attempt) deadlineCame(now time.Time) bool {
	return a.clock.NextTurnAt != nil && !a.clock.NextTurnAt.After(now)
}

// conditional reports whether it depends on the players that the turn is made.
func (a attempt) conditional(g game.Game) bool {
	switch a.run.Cause {
	case CauseReady:
		return true
	case CauseDue:
		return g.Turns.OnlyWhenReady || g.Turns.ExcusedMisses > 0
	}
	return false
}

func (r *Runner) decide(ctx context.Context, tx *pg.Tx, a attempt, g game.Game, c pace.Clock, status enginev1.Status,
	now time.Time,
) (verdict, error) {
	if g.State != game.Running || c.Turn+1 != a.run.Target() {
		return verdict{}, nil // the record will find out
	}
	submissions, err := r.store.submissions(ctx, tx, c)
	if err != nil {
		return verdict{}, fmt.Errorf("submissions of game %s: %w", g.ID, err)
	}
	members, err := r.games.MembershipsIn(ctx, tx, g.ID)
	if err != nil {
		return verdict{}, fmt.Errorf("memberships of game %s: %w", g.ID, err)
	}
	ready := pace.CountReady(submissions, members).AllReady()
	switch {
	case a.run.Cause == CauseReady:
		return verdict{skip: !ready, code: "not_ready"}, nil
	case g.Turns.OnlyWhenReady && !ready:
		later := c.Skip(g.Turns, now)
		return verdict{skip: true, code: "deadline_moved", clock: &later}, nil
	}
	used, err := r.store.excusesUsed(ctx, tx, c)
	if err != nil {
		return verdict{}, fmt.Errorf("excuses of game %s: %w", g.ID, err)
	}
	races := pace.ExcusableRaces(submissions, status.Races, members, used, g.Turns.ExcusedMisses)
	later, moved := c.Excuse(g.Turns, now)
	if len(races) == 0 || !moved {
		return verdict{}, nil
	}
	return verdict{skip: true, code: "deadline_moved", clock: &later, excused: races}, nil
}
