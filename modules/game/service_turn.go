package game

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// RecordTurn stores what a turn left behind: the snapshot, the stats of every
// race and, when it was the last one, the end of the game.
func (s *Service) RecordTurn(ctx context.Context, tx *pg.Tx, r TurnRecord) error {
	g, err := s.store.lockGame(ctx, tx, r.GameID)
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
	s.games.save(tx, &g)
	return nil
}

// finish ends a game that the engine has decided. The engine stays up for a
// while, to answer for the last reports; the sweeper stops it.
func (s *Service) finish(ctx context.Context, tx *pg.Tx, g *Game, r TurnRecord) error {
	var err error
	if g.State, err = next(g.State, Finish, system); err != nil {
		return err
	}
	now := s.clock.Now()
	g.FinishedAt, g.Result, g.PauseReason, g.NextTurnAt = &now, r.Result, "", nil
	s.games.save(tx, g)
	if err := s.announce(ctx, tx, Change{Game: *g, Event: EventFinished}); err != nil {
		return err
	}
	members, err := s.store.memberships(ctx, tx, g.ID)
	if err != nil {
		return err
	}
	founders := 0
	for _, m := range members {
		if m.Founding && !m.Successor {
			founders++
		}
	}
	return s.promote(ctx, tx, *g, r.Races, founders)
}

// Pause pauses a running game for one of the reasons of turn. A game that is paused
// already keeps its reason.
func (s *Service) Pause(ctx context.Context, tx *pg.Tx, game uuid.UUID, reason string) error {
	g, err := s.store.lockGame(ctx, tx, game)
	if err != nil || g.State == Paused {
		return err
	}
	return s.pause(ctx, tx, &g, reason)
}
