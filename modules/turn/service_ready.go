package turn

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/lobby"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
)

// Readiness is where a turn stands with those it waits for.
type Readiness struct {
	Turn    int
	Ready   bool // the caller's race
	Awaited int  // races the turn waits for
	Open    int  // of them, not ready yet
}

// Ready says that the user's race needs no more time for the given turn. The
// last one makes an early turn where the game has them.
func (s *Service) Ready(ctx context.Context, game, user uuid.UUID, turn int) (Readiness, error) {
	return s.setReady(ctx, game, user, &turn)
}

// Withdraw takes readiness back for the turn the game is at. A turn that is
// being made already is not held up.
func (s *Service) Withdraw(ctx context.Context, game, user uuid.UUID) (Readiness, error) {
	return s.setReady(ctx, game, user, nil)
}

// setReady judges under the game's lock: two players who get ready at once see
// each other. A nil turn withdraws.
func (s *Service) setReady(ctx context.Context, game, user uuid.UUID, turn *int) (Readiness, error) {
	_, seat, err := s.player(ctx, game, user)
	if err != nil {
		return Readiness{}, err
	}
	var out Readiness
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, c, err := s.lockRunning(ctx, tx, game)
		if err != nil {
			return err
		}
		if turn == nil {
			s.store.clearReady(tx, c, seat.RaceName)
		} else if err := s.noteReady(ctx, tx, c, *turn, seat.RaceName, user); err != nil {
			return err
		}
		seats, err := s.games.SeatsIn(ctx, tx, game)
		if err != nil {
			return fmt.Errorf("seats of game %s: %w", game, err)
		}
		b, err := s.store.ballot(ctx, tx, c, seats)
		if err != nil {
			return err
		}
		out = Readiness{Turn: c.Turn, Ready: turn != nil, Awaited: b.Awaited, Open: b.NotReady}
		if turn == nil || !hastens(g) || !b.AllReady() {
			return nil
		}
		tx.OnCommit(s.signal.Send)
		return s.store.queueReady(ctx, tx, c, s.clock.Now())
	})
	return out, err
}

// noteReady writes readiness down. A race without a submission is out of play: the
// turn must not wait for it.
func (s *Service) noteReady(ctx context.Context, tx *pg.Tx, c pace.Clock, turn int, race string, user uuid.UUID) error {
	if turn != c.Turn {
		return ErrTurnMismatch.With("current_turn", c.Turn)
	}
	noted, err := s.store.setReady(ctx, tx, c, race, user, s.clock.Now())
	if err == nil && !noted {
		err = ErrOutOfPlay
	}
	return err
}

// lockRunning locks a game that makes turns, and reads its clock.
func (s *Service) lockRunning(ctx context.Context, tx *pg.Tx, game uuid.UUID) (lobby.Game, pace.Clock, error) {
	g, err := s.games.LockGame(ctx, tx, game)
	if err != nil {
		return g, pace.Clock{}, err
	}
	if g.State != running {
		return g, pace.Clock{}, wrongState(g)
	}
	c, err := s.store.clock(ctx, tx, game)
	if err != nil {
		return g, c, fmt.Errorf("clock of game %s: %w", game, err)
	}
	return g, c, nil
}
