package game

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/runtime"
	"galaxy/backend/platform/pg"
)

// settleEnrollment closes an enrollment that is over or full, and starts a full
// game that is to start by itself. Close and start are two steps: a start that is refused
// leaves the game ready to be started by hand.
func (s *Service) settleEnrollment(ctx context.Context, id uuid.UUID) error {
	err := s.withLockedGame(ctx, id, func(ctx context.Context, tx *pg.Tx, g *Game) error {
		switch {
		case g.State != EnrollmentOpen || !g.EnrollmentOver(s.clock.Now()) && !(g.StartWhenFull && g.Full()):
			return nil
		case g.SeatsTaken >= g.MinPlayers:
			return s.move(ctx, tx, g, Close, system, runtime.System)
		}
		g.State = Cancelled
		return s.cancel(ctx, tx, g, "not_enough_players", runtime.System)
	})
	if err != nil {
		return err
	}
	return s.withLockedGame(ctx, id, func(ctx context.Context, tx *pg.Tx, g *Game) error {
		if g.State != ReadyToStart || !g.StartWhenFull || !g.Full() {
			return nil
		}
		return s.move(ctx, tx, g, Start, system, runtime.System)
	})
}

// gamesToStop are games that ended before the given time and whose engine still
// runs.
func (s *Service) gamesToStop(ctx context.Context, before time.Time, n int) ([]uuid.UUID, error) {
	return s.store.gamesToStop(ctx, s.db, before, n)
}

// stopEngine stops the engine of a finished game. Its state directory stays.
func (s *Service) stopEngine(ctx context.Context, id uuid.UUID) error {
	return s.withLockedGame(ctx, id, func(ctx context.Context, tx *pg.Tx, g *Game) error {
		if g.State != Finished {
			return nil
		}
		_, err := s.launcher.Stop(ctx, tx, g.ID, runtime.System)
		return err
	})
}

// withLockedGame runs fn in a transaction that holds the lock of the game.
func (s *Service) withLockedGame(
	ctx context.Context, id uuid.UUID, fn func(context.Context, *pg.Tx, *Game) error,
) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := s.store.lockGame(ctx, tx, id)
		if err != nil {
			return err
		}
		return fn(ctx, tx, &g)
	})
}

// gamesToSweep are games whose enrollment is over, or that are full and start by
// themselves.
func (s *Service) gamesToSweep(ctx context.Context, now time.Time, n int) ([]uuid.UUID, error) {
	return s.store.gamesToSweep(ctx, s.db, now, n)
}
