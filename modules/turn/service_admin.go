package turn

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
)

// Runs lists what was asked of a game's engine below an id, newest first;
// uuid.Max is the beginning.
func (s *Service) Runs(ctx context.Context, gameID, before uuid.UUID, limit int) ([]Run, error) {
	if _, err := s.reader.Game(ctx, gameID); err != nil {
		return nil, err
	}
	return s.store.runs(ctx, s.db, gameID, before, limit)
}

// RunsOfTurn lists the runs that were to make one turn, newest first. It is
// ErrNotFound when there is none.
func (s *Service) RunsOfTurn(ctx context.Context, gameID uuid.UUID, turn int) ([]Run, error) {
	runs, err := s.store.runsOfTurn(ctx, s.db, gameID, turn)
	if err == nil && len(runs) == 0 {
		err = ErrNotFound
	}
	return runs, err
}

// Advance has a turn made now. keepDeadline leaves the next deadline where it
// is. A run that is under way already is the answer, and is tried at once.
func (s *Service) Advance(ctx context.Context, gameID uuid.UUID, keepDeadline bool) (Run, error) {
	return s.request(ctx, gameID, "game.turn.advance", func(ctx context.Context, _ *pg.Tx, c pace.Clock) (Run, error) {
		r, err := s.queue.newTurn(ctx, c, CauseManual)
		r.KeepDeadline = keepDeadline
		return r, err
	})
}

// Retry has a turn tried again that failed: at once and with all its attempts,
// if it waits for the next one. A game that was paused over it is resumed
// first, which makes the turn due by itself.
func (s *Service) Retry(ctx context.Context, gameID uuid.UUID) (Run, error) {
	return s.request(ctx, gameID, "game.turn.retry", func(ctx context.Context, tx *pg.Tx, c pace.Clock) (Run, error) {
		last, err := s.store.lastTurnRun(ctx, tx, gameID)
		if errors.Is(err, ErrNotFound) || err == nil && (last.Status == RunDone || last.Epoch != c.Epoch) {
			return Run{}, ErrNoFailedRun
		}
		if err != nil {
			return Run{}, err
		}
		return s.queue.newTurn(ctx, c, CauseRetry)
	})
}

// request queues an operator's turn, or expedites the one that is there.
func (s *Service) request(ctx context.Context, gameID uuid.UUID, action string,
	newRun func(ctx context.Context, tx *pg.Tx, c pace.Clock) (Run, error),
) (Run, error) {
	var out Run
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		_, c, err := s.lockRunningGame(ctx, tx, gameID)
		if err != nil {
			return err
		}
		if out, err = newRun(ctx, tx, c); err != nil {
			return err
		}
		added, err := s.queue.add(ctx, tx, out)
		if err == nil && !added {
			out, err = s.expedite(ctx, tx, out)
		}
		if err != nil {
			return err
		}
		return s.auditor.Record(ctx, tx, admin.Entry{
			Action: action, Target: "game:" + gameID.String(),
			Before: map[string]any{"turn": c.Turn, "next_turn_at": c.NextTurnAt},
			After:  map[string]any{"run_id": out.ID, "turn": out.Turn, "cause": out.Cause, "keep_deadline": out.KeepDeadline},
		})
	})
	return out, err
}

// expedite has the live run tried at once, if it waits. A turn that an operator
// wants no matter what becomes theirs: a deadline that moves, or somebody who
// needs more time, ends what the clock or the players asked for.
func (s *Service) expedite(ctx context.Context, tx *pg.Tx, wanted Run) (Run, error) {
	live, err := s.store.liveTurnRun(ctx, tx, wanted.GameID)
	if err != nil {
		return Run{}, fmt.Errorf("the run under way of game %s: %w", wanted.GameID, err)
	}
	if live.Status == RunQueued && wanted.Cause == CauseManual {
		live.Cause, live.KeepDeadline = wanted.Cause, wanted.KeepDeadline
		live.RequestedBy, live.RequestID = wanted.RequestedBy, wanted.RequestID
	}
	s.store.expedite(tx, live, s.clock.Now())
	return live, nil
}

// Banish has a race taken out of the game's engine, whoever plays it. A run that
// does so already is the answer.
func (s *Service) Banish(ctx context.Context, gameID uuid.UUID, race string) (Run, error) {
	var out Run
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		c, err := s.lockGameOfRace(ctx, tx, gameID, race)
		if err != nil {
			return err
		}
		if out, err = s.queue.newBanishment(ctx, c, race, CauseOperator); err != nil {
			return err
		}
		added, err := s.queue.add(ctx, tx, out)
		if err != nil {
			return err
		}
		if !added {
			if out, err = s.store.liveBanishment(ctx, tx, gameID, race); err != nil {
				return fmt.Errorf("the banishment under way in game %s: %w", gameID, err)
			}
		}
		return s.auditor.Record(ctx, tx, admin.Entry{
			Action: "game.race.banish", Target: "game:" + gameID.String(),
			After: map[string]any{"run_id": out.ID, "race_name": race},
		})
	})
	return out, err
}

// lockGameOfRace locks a game that has an engine and in which somebody plays, or
// played, the race. It returns the clock.
func (s *Service) lockGameOfRace(ctx context.Context, tx *pg.Tx, gameID uuid.UUID, race string) (pace.Clock, error) {
	g, err := s.games.LockGame(ctx, tx, gameID)
	if err != nil {
		return pace.Clock{}, err
	}
	if g.State != game.Running && g.State != game.Paused {
		return pace.Clock{}, stateConflict(g)
	}
	members, err := s.games.MembershipsIn(ctx, tx, gameID)
	if err != nil {
		return pace.Clock{}, err
	}
	if !slices.ContainsFunc(members, func(m game.Membership) bool { return m.RaceName == race }) {
		return pace.Clock{}, ErrRaceNotFound
	}
	return s.store.clock(ctx, tx, gameID)
}
