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
			s.store.withdrawReady(tx, c, seat.RaceName)
		} else if *turn != c.Turn {
			return ErrTurnMismatch.With("current_turn", c.Turn)
		} else {
			s.store.noteReady(tx, c, seat.RaceName, user, s.clock.Now())
		}
		b, err := s.ballot(ctx, tx, c)
		if err != nil {
			return err
		}
		out = Readiness{Turn: c.Turn, Ready: turn != nil, Awaited: b.Awaited, Open: b.Open}
		if turn == nil || !g.Turns.EarlyWhenReady || !b.Everybody() {
			return nil
		}
		return s.queue(ctx, tx, c, CauseReady)
	})
	return out, err
}

// lockRunning locks a game that makes turns, and reads its clock.
func (s *Service) lockRunning(ctx context.Context, tx *pg.Tx, game uuid.UUID) (lobby.Game, Clock, error) {
	g, err := s.games.LockGame(ctx, tx, game)
	if err != nil {
		return g, Clock{}, err
	}
	if g.State != running {
		return g, Clock{}, wrongState(g)
	}
	c, err := s.store.clock(ctx, tx, game)
	if err != nil {
		return g, c, fmt.Errorf("clock of game %s: %w", game, err)
	}
	return g, c, nil
}

func (s *Service) ballot(ctx context.Context, tx *pg.Tx, c Clock) (pace.Ballot, error) {
	receipts, err := s.store.receipts(ctx, tx, c)
	if err != nil {
		return pace.Ballot{}, fmt.Errorf("receipts of game %s: %w", c.GameID, err)
	}
	seats, err := s.seating.Seats(ctx, c.GameID)
	if err != nil {
		return pace.Ballot{}, fmt.Errorf("seats of game %s: %w", c.GameID, err)
	}
	return pace.Count(receipts, seats), nil
}

// queue adds a run of c's next turn; one that is there already will do.
func (s *Service) queue(ctx context.Context, tx *pg.Tx, c Clock, cause string) error {
	r, err := newRun(ctx, c, KindTurn, cause, s.clock.Now())
	if err != nil {
		return err
	}
	if _, err := s.store.add(ctx, tx, r); err != nil {
		return fmt.Errorf("queue a turn of game %s: %w", c.GameID, err)
	}
	tx.OnCommit(s.wake)
	return nil
}
