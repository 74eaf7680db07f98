package game

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/nullable"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/schedule"
)

// Patch changes a draft: fields that are nil stay, and so do the fields of Turns
// that are not named.
type Patch struct {
	Name             *string                   `json:"name"`
	Description      *string                   `json:"description"`
	MinPlayers       *int                      `json:"min_players"`
	MaxPlayers       *int                      `json:"max_players"`
	JoinPolicy       *string                   `json:"join_policy"`
	EnrollmentEndsAt nullable.Field[time.Time] `json:"enrollment_ends_at"`
	StartWhenFull    *bool                     `json:"start_when_full"`
	EngineVersion    *string                   `json:"engine_version"`
	Turns            json.RawMessage           `json:"turns"`
	Map              *MapOptions               `json:"map"`
}

func (p Patch) apply(g *Game) error {
	set(&g.Name, p.Name)
	set(&g.Description, p.Description)
	set(&g.MinPlayers, p.MinPlayers)
	set(&g.MaxPlayers, p.MaxPlayers)
	set(&g.JoinPolicy, p.JoinPolicy)
	set(&g.StartWhenFull, p.StartWhenFull)
	set(&g.EngineVersion, p.EngineVersion)
	set(&g.Map, p.Map)
	if p.EnrollmentEndsAt.Given {
		g.EnrollmentEndsAt = pg.Microseconds(p.EnrollmentEndsAt.Value)
	}
	if p.Turns == nil {
		return nil
	}
	var shorthand struct {
		Cron string `json:"cron"`
	}
	if err := json.Unmarshal(p.Turns, &shorthand); err != nil {
		return err
	}
	if shorthand.Cron != "" { // stands for a whole grid, not for a part of the one that is there
		g.Turns.Mode, g.Turns.Times, g.Turns.Weekdays = "", nil, nil
	}
	return json.Unmarshal(p.Turns, &g.Turns)
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// Patch changes a draft. A non-empty etag has to be the game's.
func (s *Service) Patch(ctx context.Context, by Actor, id uuid.UUID, etag string, p Patch) (Game, error) {
	return s.Update(ctx, by, id, "game.patch", func(ctx context.Context, tx *pg.Tx, g *Game) error {
		if etag != "" && etag != "*" && etag != g.ETag() {
			return ErrVersion
		}
		if g.State != Draft {
			return ErrState.With("state", g.State).With("wanted", Draft)
		}
		if err := p.apply(g); err != nil {
			return ErrInvalidGame.Because(err)
		}
		if err := s.complete(ctx, g); err != nil {
			return err
		}
		s.games.save(tx, g)
		return nil
	})
}

// SetSchedule changes when turns are due, also while the game runs.
func (s *Service) SetSchedule(ctx context.Context, by Actor, id uuid.UUID, turns schedule.Settings) (Game, error) {
	turns, err := s.completeTurns(turns)
	if err != nil {
		return Game{}, err
	}
	return s.Update(ctx, by, id, "game.schedule", func(ctx context.Context, tx *pg.Tx, g *Game) error {
		if g.State.Terminal() {
			return ErrState.With("state", g.State).With("wanted", Running)
		}
		g.Turns = turns
		s.games.save(tx, g)
		if g.StartedAt == nil {
			return nil
		}
		return s.announce(ctx, tx, Change{Game: *g, Event: EventSettings})
	})
}

// Transfer gives a game to another of its members, whose plan has to have room
// for it.
func (s *Service) Transfer(ctx context.Context, by Actor, id, to uuid.UUID) (Game, error) {
	var g Game
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		newOwner, lockErr := s.accounts.Lock(ctx, tx, to)
		if fault.IsInternal(lockErr) {
			return lockErr
		}
		var err error
		g, err = s.updateIn(ctx, tx, by, id, "game.transfer", func(ctx context.Context, tx *pg.Tx, g *Game) error {
			if g.Visibility != Private || g.State.Terminal() {
				return ErrState.With("state", g.State).With("wanted", g.State)
			}
			if lockErr != nil {
				return ErrNewOwner.Because(lockErr)
			}
			return s.transferTo(ctx, tx, g, to, newOwner)
		})
		return err
	})
	return g, err
}

// transferTo makes a member whose account is locked the owner.
func (s *Service) transferTo(ctx context.Context, tx *pg.Tx, g *Game, to uuid.UUID, newOwner user.Snapshot) error {
	m, err := s.store.membership(ctx, tx, g.ID, to)
	if err != nil && !isNotFound(err) {
		return err
	}
	if m.Status != Active || newOwner.Deleted || newOwner.Blocked() {
		return ErrNewOwner
	}
	if g.OwnedBy(to) {
		return nil
	}
	n, err := s.store.countOwned(ctx, tx, to)
	if err != nil {
		return err
	}
	if n >= newOwner.Limits.OwnedPrivateGames {
		return ErrOwnedLimit.Saying("the new owner's plan allows no further private game")
	}
	g.OwnerID = &to
	s.games.save(tx, g)
	return nil
}

// Update runs fn on a locked game that the actor manages.
func (s *Service) Update(
	ctx context.Context, by Actor, id uuid.UUID, action string, fn func(context.Context, *pg.Tx, *Game) error,
) (Game, error) {
	var g Game
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		var err error
		g, err = s.updateIn(ctx, tx, by, id, action, fn)
		return err
	})
	return g, err
}

// updateIn is Update within a transaction that has locked what comes before a
// game.
func (s *Service) updateIn(
	ctx context.Context, tx *pg.Tx, by Actor, id uuid.UUID, action string,
	fn func(context.Context, *pg.Tx, *Game) error,
) (Game, error) {
	g, err := s.lockManaged(ctx, tx, by, id)
	if err != nil {
		return g, err
	}
	before := auditView(g)
	if err := fn(ctx, tx, &g); err != nil {
		return g, err
	}
	return g, s.Audit(ctx, tx, by, action, id, before, auditView(g))
}

// auditView is what an audit row says about a game.
func auditView(g Game) map[string]any {
	return map[string]any{"name": g.Name, "state": g.State, "pause_reason": g.PauseReason, "version": g.Version, "turns": g.Turns}
}

// Move takes a game along the table of states.
func (s *Service) Move(ctx context.Context, by Actor, id uuid.UUID, verb Verb) (Game, error) {
	return s.Update(ctx, by, id, "game."+string(verb), func(ctx context.Context, tx *pg.Tx, g *Game) error {
		return s.move(ctx, tx, g, verb, by.rank(), by.source())
	})
}

func (s *Service) move(ctx context.Context, tx *pg.Tx, g *Game, verb Verb, by rank, source runtime.Source) error {
	to, err := next(g.State, verb, by)
	if err != nil {
		return err
	}
	if verb == Pause {
		return s.pause(ctx, tx, g, pauseReason(by))
	}
	g.State = to
	switch verb {
	case Open:
		return s.openEnrollment(ctx, tx, g)
	case Close:
		return s.closeEnrollment(ctx, tx, g)
	case Start, Retry:
		return s.launch(ctx, tx, g, g.MinPlayers, source)
	case ForceStart:
		return s.launch(ctx, tx, g, 1, source)
	case Resume:
		return s.resume(ctx, tx, g, by, source)
	default: // Cancel, ForceStop: the verbs of the system never come here
		return s.cancel(ctx, tx, g, "cancelled_by_"+pauseReason(by), source)
	}
}

// pauseReason names who did it.
func pauseReason(by rank) string {
	if by == owner {
		return ByUser
	}
	return ByOperator
}

// resume lets turns be generated again, and asks for an engine when none is running.
func (s *Service) resume(ctx context.Context, tx *pg.Tx, g *Game, by rank, source runtime.Source) error {
	if by == owner && g.PauseReason != ByUser && g.PauseReason != AllMissed {
		return ErrResume.With("pause_reason", g.PauseReason)
	}
	g.PauseReason, g.LastError = "", ""
	s.games.save(tx, g)
	if g.RuntimeStatus != string(runtime.Running) && g.RuntimeStatus != string(runtime.Unreachable) {
		if _, err := s.launcher.Start(ctx, tx, runtime.Spec{GameID: g.ID, Version: g.EngineVersion}, source); err != nil {
			return err
		}
	}
	if err := s.announce(ctx, tx, Change{Game: *g, Event: EventResumed}); err != nil {
		return err
	}
	return s.notifyMembers(ctx, tx, *g, notification.GameResumed{GameRef: g.Ref(), Turn: g.CurrentTurn})
}
