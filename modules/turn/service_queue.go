package turn

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

// enqueuer queues runs, and wakes the runner once they are committed. Whoever
// calls it holds the game's lock.
type enqueuer struct {
	clock  clock.Clock
	store  store
	signal *worker.Signal // the runner's
}

// newTurn makes a run of c's next turn.
func (e enqueuer) newTurn(ctx context.Context, c pace.Clock, cause string) (Run, error) {
	r, err := e.newRun(ctx, c, KindTurn, cause)
	next := c.Turn + 1
	r.Turn = &next
	return r, err
}

// newBanishment makes a run that takes a race out of the game's engine.
func (e enqueuer) newBanishment(ctx context.Context, c pace.Clock, race, cause string) (Run, error) {
	r, err := e.newRun(ctx, c, KindBanish, cause)
	r.RaceName = &race
	return r, err
}

func (e enqueuer) newRun(ctx context.Context, c pace.Clock, kind, cause string) (Run, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Run{}, fmt.Errorf("make a run id: %w", err)
	}
	now := e.clock.Now()
	return Run{
		ID: id, GameID: c.GameID, Epoch: c.Epoch, Kind: kind, Cause: cause, Status: RunQueued,
		RequestedBy: requester(ctx), RequestID: httpx.RequestID(ctx), NextAttemptAt: now, DueAt: now, CreatedAt: now,
	}, nil
}

// requester names who is behind ctx.
func requester(ctx context.Context) string {
	if name := httpx.PrincipalOf(ctx).Username; name != "" {
		return name
	}
	if id := httpx.UserID(ctx); id != uuid.Nil {
		return "user:" + id.String()
	}
	return "system"
}

// add reports false when the game has a live turn, or a live banishment of the
// race, that will do.
func (e enqueuer) add(ctx context.Context, tx *pg.Tx, r Run) (bool, error) {
	added, err := e.store.addRun(ctx, tx, r)
	if err != nil {
		return false, fmt.Errorf("queue a run (%s) of game %s: %w", r.Kind, r.GameID, err)
	}
	tx.OnCommit(e.signal.Send)
	return added, nil
}

// addBanishment queues a run that takes a race out, unless there is one.
func (e enqueuer) addBanishment(ctx context.Context, tx *pg.Tx, c pace.Clock, race, cause string) error {
	r, err := e.newBanishment(ctx, c, race, cause)
	if err != nil {
		return err
	}
	_, err = e.add(ctx, tx, r)
	return err
}

// makesEarlyTurns reports whether the game makes a turn as soon as everybody is
// ready.
func makesEarlyTurns(g game.Game) bool { return g.State == game.Running && g.Turns.EarlyWhenReady }

// addEarly queues c's next turn when the game makes early turns and everybody
// whom it waits for is ready.
func (e enqueuer) addEarly(ctx context.Context, tx *pg.Tx, g game.Game, c pace.Clock, members []game.Membership) error {
	if !makesEarlyTurns(g) {
		return nil
	}
	count, err := e.countReady(ctx, tx, c, members)
	if err != nil || !count.AllReady() {
		return err
	}
	return e.addReady(ctx, tx, c)
}

// addReady queues the turn of a game in which everybody is ready.
func (e enqueuer) addReady(ctx context.Context, tx *pg.Tx, c pace.Clock) error {
	r, err := e.newTurn(ctx, c, CauseReady)
	if err != nil {
		return err
	}
	_, err = e.add(ctx, tx, r)
	return err
}

// countReady counts whom the turn that c is at waits for.
func (e enqueuer) countReady(ctx context.Context, tx *pg.Tx, c pace.Clock, members []game.Membership,
) (pace.ReadyCount, error) {
	submissions, err := e.store.submissions(ctx, tx, c)
	if err != nil {
		return pace.ReadyCount{}, fmt.Errorf("submissions of game %s: %w", c.GameID, err)
	}
	return pace.CountReady(submissions, members), nil
}
