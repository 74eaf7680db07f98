package turn

import (
	"context"
	"fmt"
	"time"

	"galaxy/backend/modules/lobby"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
)

// hastens reports whether the game makes a turn as soon as everybody is ready.
func hastens(g lobby.Game) bool { return g.State == running && g.Turns.EarlyWhenReady }

// hasten queues c's next turn when everybody it waits for is ready, and reports
// whether it did. The caller holds the game's lock, and has asked hastens.
func (s store) hasten(ctx context.Context, tx *pg.Tx, g lobby.Game, c pace.Clock, seats []lobby.Seat, now time.Time) (bool, error) {
	b, err := s.ballot(ctx, tx, c, seats)
	if err != nil || !b.AllReady() {
		return false, err
	}
	return true, s.queueReady(ctx, tx, c, now)
}

// ballot counts whom the turn c is at waits for.
func (s store) ballot(ctx context.Context, tx *pg.Tx, c pace.Clock, seats []lobby.Seat) (pace.ReadyCount, error) {
	submissions, err := s.submissions(ctx, tx, c)
	if err != nil {
		return pace.ReadyCount{}, fmt.Errorf("submissions of game %s: %w", c.GameID, err)
	}
	return pace.CountReady(submissions, seats), nil
}

// queueReady adds a run of c's next turn; one that is there already will do.
func (s store) queueReady(ctx context.Context, tx *pg.Tx, c pace.Clock, now time.Time) error {
	r, err := newRun(ctx, c, KindTurn, CauseReady, now)
	if err != nil {
		return err
	}
	if _, err := s.addRun(ctx, tx, r); err != nil {
		return fmt.Errorf("queue a turn of game %s: %w", c.GameID, err)
	}
	return nil
}
