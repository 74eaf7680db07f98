package lobby

import (
	"context"
	"maps"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
)

// Service is the domain. Each method opens its own transaction.
type Service struct {
	db       *pg.DB
	clock    clock.Clock
	cfg      Config
	store    store
	games    Games
	members  Members
	managers Managers
	accounts Accounts
	notifier Notifier
}

// NewService makes the service.
func NewService(
	db *pg.DB, clk clock.Clock, cfg Config, games Games, members Members, managers Managers, accounts Accounts,
	notifier Notifier,
) *Service {
	return &Service{
		db: db, clock: clk, cfg: cfg, games: games, members: members, managers: managers, accounts: accounts, notifier: notifier,
	}
}

// List is a page of the games that a user may know of, newest first.
func (s *Service) List(ctx context.Context, viewer uuid.UUID, f game.Filter) ([]game.Game, error) {
	return s.store.visibleGames(ctx, s.db, viewer, f, s.clock.Now())
}

// lockEligible locks an account that wants to sit down somewhere. It is the first lock
// of every way into a game.
func (s *Service) lockEligible(ctx context.Context, tx *pg.Tx, id uuid.UUID) (user.Snapshot, error) {
	u, err := s.accounts.Lock(ctx, tx, id)
	switch {
	case err != nil:
		return u, err
	case u.Deleted || u.Blocked():
		return u, ErrUserUnavailable
	case u.Has(user.GameJoinBlock, s.clock.Now()):
		return u, ErrJoinBlocked
	}
	return u, nil
}

// checkEligible says why a candidate may not become a member now, if so.
func (s *Service) checkEligible(c candidate, u user.Snapshot) error {
	switch {
	case c.Membership == game.Active:
		return ErrAlreadyMember
	case c.Membership == game.Blocked:
		return ErrMemberBlocked
	case c.Membership == game.Removed:
		return ErrMemberRemoved
	case c.Launched():
		return ErrGameStarted
	case c.State != game.EnrollmentOpen, c.EnrollmentOver(s.clock.Now()):
		return ErrEnrollmentClosed.With("state", c.State)
	case c.Full():
		return ErrGameFull
	case c.Active >= u.Limits.ActiveMemberships:
		return ErrMembershipLimit.With("limit", u.Limits.ActiveMemberships)
	}
	return nil
}

// notifyAbout submits an intent about a game to users. Key makes it idempotent.
func notifyAbout(
	ctx context.Context, tx *pg.Tx, to Notifier, kind notification.Kind, key string, g game.Game, users []uuid.UUID,
	payload map[string]any,
) error {
	if len(users) == 0 {
		return nil
	}
	full := map[string]any{"game_id": g.ID.String(), "game_name": g.Name}
	maps.Copy(full, payload)
	return to.Submit(ctx, tx, notification.Intent{Kind: kind, Key: key, Recipients: users, Payload: full})
}

func (s *Service) notify(
	ctx context.Context, tx *pg.Tx, kind notification.Kind, key string, g game.Game, to []uuid.UUID,
	payload map[string]any,
) error {
	return notifyAbout(ctx, tx, s.notifier, kind, key, g, to, payload)
}
