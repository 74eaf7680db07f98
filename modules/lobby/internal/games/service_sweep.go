package games

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/runtime"
	"galaxy/backend/platform/pg"
)

// Sweep closes an enrolment that is over or full, and starts a full game that
// is to start by itself. Close and start are two steps: a start that is refused
// leaves the game ready to be started by hand.
func (s *Service) Sweep(ctx context.Context, id uuid.UUID) error {
	err := s.inGame(ctx, id, func(ctx context.Context, tx *pg.Tx, g *Game) error {
		switch {
		case g.State != EnrollmentOpen || !g.EnrollmentOver(s.Clock.Now()) && !(g.StartWhenFull && g.Full()):
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
	return s.inGame(ctx, id, func(ctx context.Context, tx *pg.Tx, g *Game) error {
		if g.State != ReadyToStart || !g.StartWhenFull || !g.Full() {
			return nil
		}
		return s.move(ctx, tx, g, Start, system, runtime.System)
	})
}

// Finished are games that ended before the given time and whose engine still
// runs.
func (s *Service) Finished(ctx context.Context, before time.Time, n int) ([]uuid.UUID, error) {
	return s.Store.finishedGames(ctx, s.DB, before, n)
}

// PutAway stops the engine of a finished game. Its state directory stays.
func (s *Service) PutAway(ctx context.Context, id uuid.UUID) error {
	return s.inGame(ctx, id, func(ctx context.Context, tx *pg.Tx, g *Game) error {
		if g.State != Finished {
			return nil
		}
		_, err := s.launcher.Stop(ctx, tx, g.ID, runtime.System)
		return err
	})
}

func (s *Service) inGame(ctx context.Context, id uuid.UUID, fn func(context.Context, *pg.Tx, *Game) error) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := s.Store.LockGame(ctx, tx, id)
		if err != nil {
			return err
		}
		return fn(ctx, tx, &g)
	})
}

// Sweepable are games whose enrolment is over, or that are full and start by
// themselves.
func (s *Service) Sweepable(ctx context.Context, now time.Time, n int) ([]uuid.UUID, error) {
	return s.Store.sweepableGames(ctx, s.DB, now, n)
}
