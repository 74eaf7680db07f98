package turn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/schedule"
)

// Extend moves the deadline of the turn under way to a later time, which makes a
// repeat harmless. The owner may do so by the game's max_extend in all; an
// operator, for whom user is Nil, as far as a deadline may lie ahead. It returns
// the clock as it is then.
func (s *Service) Extend(ctx context.Context, gameID, user uuid.UUID, until time.Time) (pace.Clock, error) {
	var out pace.Clock
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, c, err := s.lockExtendable(ctx, tx, gameID, user)
		if err != nil {
			return err
		}
		if out, err = s.postpone(ctx, tx, g, c, user, until); err != nil || user != uuid.Nil {
			return err
		}
		return s.auditor.Record(ctx, tx, admin.Entry{
			Action: "game.turn.extend", Target: "game:" + gameID.String(),
			Before: map[string]any{"next_turn_at": c.NextTurnAt}, After: map[string]any{"next_turn_at": out.NextTurnAt},
		})
	})
	return out, err
}

// postpone moves c's deadline. A turn that is being made is not held up; one that
// has not been begun is checked again by its new deadline.
func (s *Service) postpone(ctx context.Context, tx *pg.Tx, g game.Game, c pace.Clock, user uuid.UUID, until time.Time,
) (pace.Clock, error) {
	by := until.Sub(*c.NextTurnAt)
	if by == 0 {
		return c, nil
	}
	if most := s.maxExtension(g, c, user); by < 0 || by > most {
		return c, ErrExtensionRefused.With("next_turn_at", *c.NextTurnAt).With("latest", c.NextTurnAt.Add(most))
	}
	run, err := s.store.liveTurnRun(ctx, tx, g.ID) // locked: nobody claims it meanwhile
	switch {
	case err == nil && run.Status == RunRunning:
		return c, ErrExtensionRefused.Saying("the turn is being made")
	case ignoreNotFound(err) != nil:
		return c, fmt.Errorf("the run under way of game %s: %w", g.ID, err)
	}
	c = c.Postpone(by)
	s.store.saveClock(tx, c)
	s.games.SetNextTurn(tx, g.ID, c.NextTurnAt)
	tx.OnCommit(s.queue.signal.Send)
	return c, nil
}

// lockExtendable refuses strangers before it says anything of the game's state.
func (s *Service) lockExtendable(ctx context.Context, tx *pg.Tx, gameID, user uuid.UUID,
) (game.Game, pace.Clock, error) {
	g, err := s.games.LockGame(ctx, tx, gameID)
	if err != nil {
		return g, pace.Clock{}, err
	}
	if user != uuid.Nil && !g.OwnedBy(user) {
		return g, pace.Clock{}, s.notOwner(ctx, gameID, user)
	}
	if g.State != game.Running {
		return g, pace.Clock{}, stateConflict(g)
	}
	c, err := s.store.clock(ctx, tx, gameID)
	if err == nil && c.NextTurnAt == nil {
		err = ErrNoDeadline
	}
	return g, c, err
}

// notOwner is what a user is told of a game that they do not own. To strangers
// it is word for word what a game that does not exist answers.
func (s *Service) notOwner(ctx context.Context, gameID, user uuid.UUID) error {
	_, err := s.reader.Membership(ctx, gameID, user)
	switch {
	case errors.Is(err, game.ErrNotMember):
		return game.ErrNotFound
	case err != nil:
		return err
	}
	return game.ErrNotOwner
}

// maxExtension is by how much a deadline may still be moved.
func (s *Service) maxExtension(g game.Game, c pace.Clock, user uuid.UUID) time.Duration {
	if user == uuid.Nil {
		return max(s.clock.Now().Add(schedule.MaxGap).Sub(*c.NextTurnAt), 0)
	}
	return g.Turns.Extension(c.ExtendedTotal, schedule.MaxGap)
}
