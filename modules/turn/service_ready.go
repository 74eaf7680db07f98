package turn

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
)

// Readiness is where a turn stands with those it waits for.
type Readiness struct {
	Turn     int
	Ready    bool // the caller's race
	Awaited  int  // races the turn waits for
	NotReady int  // of them, not ready yet
}

// Ready says that the user's race needs no more time for the given turn. The
// last one makes an early turn where the game has them.
func (s *Service) Ready(ctx context.Context, gameID, user uuid.UUID, turn int) (Readiness, error) {
	return s.changeReadiness(ctx, gameID, user, func(ctx context.Context, tx *pg.Tx, c pace.Clock, race string,
	) (bool, error) {
		if turn != c.Turn {
			return false, ErrTurnMismatch.With("current_turn", c.Turn)
		}
		found, err := s.store.setReady(ctx, tx, c, race, user, s.clock.Now())
		if err == nil && !found { // out of play: the turn must not wait for it
			err = ErrRaceInactive
		}
		return true, err
	})
}

// Withdraw takes readiness back for the turn the game is at. A turn that is
// being made already is not held up.
func (s *Service) Withdraw(ctx context.Context, gameID, user uuid.UUID) (Readiness, error) {
	return s.changeReadiness(ctx, gameID, user, func(_ context.Context, tx *pg.Tx, c pace.Clock, race string,
	) (bool, error) {
		s.store.clearReady(tx, c, race)
		return false, nil
	})
}

// changeReadiness works under the game's lock: two players who get ready at once
// see each other. change reports whether the race is ready then.
func (s *Service) changeReadiness(ctx context.Context, gameID, user uuid.UUID,
	change func(ctx context.Context, tx *pg.Tx, c pace.Clock, race string) (ready bool, err error),
) (Readiness, error) {
	member, err := s.findPlayer(ctx, gameID, user)
	if err != nil {
		return Readiness{}, err
	}
	var out Readiness
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, c, err := s.lockRunningGame(ctx, tx, gameID)
		if err != nil {
			return err
		}
		ready, err := change(ctx, tx, c, member.RaceName)
		if err != nil {
			return err
		}
		members, err := s.games.MembershipsIn(ctx, tx, gameID)
		if err != nil {
			return fmt.Errorf("memberships of game %s: %w", gameID, err)
		}
		count, err := s.queue.countReady(ctx, tx, c, members)
		if err != nil {
			return err
		}
		out = Readiness{Turn: c.Turn, Ready: ready, Awaited: count.Awaited, NotReady: count.NotReady}
		if !ready || !makesEarlyTurns(g) || !count.AllReady() {
			return nil
		}
		return s.queue.addReady(ctx, tx, c)
	})
	return out, err
}

// lockRunningGame locks a game that makes turns, and reads its clock.
func (s *Service) lockRunningGame(ctx context.Context, tx *pg.Tx, gameID uuid.UUID) (game.Game, pace.Clock, error) {
	g, err := s.games.LockGame(ctx, tx, gameID)
	if err != nil {
		return g, pace.Clock{}, err
	}
	if g.State != game.Running {
		return g, pace.Clock{}, stateConflict(g)
	}
	c, err := s.store.clock(ctx, tx, gameID)
	if err != nil {
		return g, c, fmt.Errorf("clock of game %s: %w", gameID, err)
	}
	return g, c, nil
}
