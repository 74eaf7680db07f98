package turn

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/lobby"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
)

// Runs lists what was asked of a game's engine, newest first.
func (s *Service) Runs(ctx context.Context, game, before uuid.UUID, limit int) ([]Run, error) {
	if _, err := s.seating.Game(ctx, game); err != nil {
		return nil, err
	}
	return s.store.runs(ctx, s.db, game, before, limit)
}

// RunsOf lists the runs that were to make one turn, newest first. It is
// ErrNotFound when there is none.
func (s *Service) RunsOf(ctx context.Context, game uuid.UUID, turn int) ([]Run, error) {
	runs, err := s.store.turnRuns(ctx, s.db, game, turn)
	if err == nil && len(runs) == 0 {
		err = ErrNotFound
	}
	return runs, err
}

// Advance has a turn made now. keepDeadline leaves the next deadline where it
// is. A run that is under way already is the answer, and is made to hurry.
func (s *Service) Advance(ctx context.Context, game uuid.UUID, keepDeadline bool) (Run, error) {
	return s.order(ctx, game, "game.turn.advance", func(ctx context.Context, tx *pg.Tx, _ lobby.Game, c pace.Clock) (Run, error) {
		r, err := newRun(ctx, c, KindTurn, CauseManual, s.clock.Now())
		r.KeepDeadline = keepDeadline
		return r, err
	})
}

// Retry has a turn tried again that failed: at once and with all its attempts,
// if it waits for the next one. A game that was paused over it is resumed
// first, which makes the turn due by itself.
func (s *Service) Retry(ctx context.Context, game uuid.UUID) (Run, error) {
	return s.order(ctx, game, "game.turn.retry", func(ctx context.Context, tx *pg.Tx, _ lobby.Game, c pace.Clock) (Run, error) {
		last, err := s.store.lastTurnRun(ctx, tx, game)
		if errors.Is(err, ErrNotFound) || err == nil && (last.Status == RunDone || last.Epoch != c.Epoch) {
			return Run{}, ErrNothingFails
		}
		if err != nil {
			return Run{}, err
		}
		return newRun(ctx, c, KindTurn, CauseRetry, s.clock.Now())
	})
}

// order queues an operator's run, or hurries the one that is there.
func (s *Service) order(ctx context.Context, game uuid.UUID, action string,
	ask func(ctx context.Context, tx *pg.Tx, g lobby.Game, c pace.Clock) (Run, error),
) (Run, error) {
	var out Run
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, c, err := s.lockRunning(ctx, tx, game)
		if err != nil {
			return err
		}
		wanted, err := ask(ctx, tx, g, c)
		if err != nil {
			return err
		}
		out = wanted
		added, err := s.store.addRun(ctx, tx, wanted)
		if err != nil {
			return fmt.Errorf("queue a turn of game %s: %w", game, err)
		}
		if !added {
			if out, err = s.store.liveRun(ctx, tx, game); err != nil {
				return fmt.Errorf("the run under way of game %s: %w", game, err)
			}
			out = s.hurry(tx, out, wanted)
		}
		tx.OnCommit(s.signal.Send)
		return s.audit.Record(ctx, tx, admin.Entry{
			Action: action, Target: "game:" + game.String(),
			Before: map[string]any{"turn": c.Turn, "next_turn_at": c.NextTurnAt},
			After:  map[string]any{"run_id": out.ID, "turn": out.Turn, "cause": out.Cause, "keep_deadline": out.KeepDeadline},
		})
	})
	return out, err
}

// hurry has a run that waits tried at once. One that an operator wants no matter
// what is made his: a deadline that moves, or somebody who needs more time, ends
// what the clock or the players asked for.
func (s *Service) hurry(tx *pg.Tx, live, wanted Run) Run {
	if live.Status == RunQueued && wanted.Cause == CauseManual {
		live.Cause, live.KeepDeadline, live.RequestedBy, live.RequestID = wanted.Cause, wanted.KeepDeadline, wanted.RequestedBy, wanted.RequestID
	}
	s.store.expedite(tx, live, s.clock.Now())
	return live
}

// Banish has a race taken out of the game's engine, whoever plays it.
func (s *Service) Banish(ctx context.Context, game uuid.UUID, race string) (Run, error) {
	var out Run
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := s.games.LockGame(ctx, tx, game)
		if err != nil {
			return err
		}
		if g.State != lobby.Running && g.State != lobby.Paused {
			return wrongState(g)
		}
		seats, err := s.games.SeatsIn(ctx, tx, game)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(seats, func(seat lobby.Seat) bool { return seat.RaceName == race }) {
			return ErrNoRace
		}
		c, err := s.store.clock(ctx, tx, game)
		if err != nil {
			return err
		}
		if out, err = newRun(ctx, c, KindBanish, CauseOperator, s.clock.Now()); err != nil {
			return err
		}
		out.Turn, out.RaceName = nil, &race
		if added, err := s.store.addRun(ctx, tx, out); err != nil {
			return fmt.Errorf("queue a banish in game %s: %w", game, err)
		} else if !added {
			if out, err = s.store.liveBanishment(ctx, tx, game, race); err != nil {
				return fmt.Errorf("the banish under way in game %s: %w", game, err)
			}
		}
		tx.OnCommit(s.signal.Send)
		return s.audit.Record(ctx, tx, admin.Entry{Action: "game.race.banish", Target: "game:" + game.String(), After: map[string]any{"run_id": out.ID, "race_name": race}})
	})
	return out, err
}
