package lobby

import (
	"context"

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

// notify submits an intent to users. The kind and key make it idempotent.
func (s *Service) notify(
	ctx context.Context, tx *pg.Tx, key string, to []uuid.UUID, payload notification.Payload,
) error {
	if len(to) == 0 {
		return nil
	}
	return s.notifier.Submit(ctx, tx, notification.Intent{Key: key, Recipients: to, Payload: payload})
}
