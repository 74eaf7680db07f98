package games

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// LockGame locks a game: the first lock of every transaction about its turns.
func (s *Service) LockGame(ctx context.Context, tx *pg.Tx, id uuid.UUID) (Game, error) {
	return s.Store.LockGame(ctx, tx, id)
}

// Seat is a user's membership, from memory, also one that has ended. Whoever
// never was a member gets ErrNotMember.
func (s *Service) Seat(ctx context.Context, game, member uuid.UUID) (Seat, error) {
	seats, err := s.Seats(ctx, game)
	if err != nil {
		return Seat{}, err
	}
	for _, seat := range seats {
		if seat.UserID == member {
			return seat, nil
		}
	}
	return Seat{}, ErrNotMember
}

// RecordTurn stores what a turn left behind: the snapshot, the stats of every
// race and, when it was the last one, the end of the game.
func (s *Service) RecordTurn(ctx context.Context, tx *pg.Tx, r TurnRecord) error {
	g, err := s.Store.LockGame(ctx, tx, r.GameID)
	if err != nil {
		return fmt.Errorf("record turn %d of game %s: %w", r.Turn, r.GameID, err)
	}
	if g.State != Running && g.State != Paused {
		return ErrState.With("state", g.State).With("wanted", Running)
	}
	g.CurrentTurn, g.LastTurnAt, g.NextTurnAt = r.Turn, &r.At, r.NextTurnAt
	s.snapshot(tx, &g, r.Races, r.StateHash)
	if r.Finished {
		return s.finish(ctx, tx, &g, r)
	}
	s.Save(tx, &g)
	return nil
}

// finish ends a game that the engine has decided. The engine stays up for a
// while: it is who answers for the last reports. PutAway stops it.
func (s *Service) finish(ctx context.Context, tx *pg.Tx, g *Game, r TurnRecord) error {
	var err error
	if g.State, err = next(g.State, Finish, system); err != nil {
		return err
	}
	now := s.Clock.Now()
	g.FinishedAt, g.Result, g.PauseReason, g.NextTurnAt = &now, r.Result, "", nil
	s.Save(tx, g)
	if err := s.Announce(ctx, tx, *g, EventFinished, nil); err != nil {
		return err
	}
	seats, err := s.Store.Seats(ctx, tx, g.ID)
	if err != nil {
		return err
	}
	founders := 0
	for _, seat := range seats {
		if seat.Founding && !seat.Successor {
			founders++
		}
	}
	return s.promote(ctx, tx, *g, r.Races, founders)
}

// Rewind takes the snapshot back to an earlier turn that a restore brought back.
func (s *Service) Rewind(ctx context.Context, tx *pg.Tx, r TurnRecord) error {
	g, err := s.Store.LockGame(ctx, tx, r.GameID)
	if err != nil {
		return err
	}
	if g.State.Terminal() {
		return ErrState.With("state", g.State).With("wanted", Paused)
	}
	s.Store.deleteStatsAfter(tx, g.ID, r.Turn)
	g.CurrentTurn, g.LastTurnAt, g.NextTurnAt = r.Turn, &r.At, r.NextTurnAt
	s.snapshot(tx, &g, r.Races, r.StateHash)
	s.Save(tx, &g)
	return nil
}

// Pause holds a running game for one of turn's reasons. A game that is paused
// already keeps its reason.
func (s *Service) Pause(ctx context.Context, tx *pg.Tx, game uuid.UUID, reason string) error {
	g, err := s.Store.LockGame(ctx, tx, game)
	if err != nil || g.State == Paused {
		return err
	}
	return s.pause(ctx, tx, &g, reason)
}

// SetVacant marks the seat of a member who stayed away as free, or takes the
// mark back. The caller holds the lock of the game.
func (s *Service) SetVacant(tx *pg.Tx, game uuid.UUID, race string, vacant bool) {
	s.Store.markVacant(tx, game, race, vacant)
	s.seats.Drop(tx, game)
}
