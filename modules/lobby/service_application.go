package lobby

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/racename"
	"galaxy/backend/modules/racename/spelling"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/idempotency"
	"galaxy/backend/platform/nullable"
	"galaxy/backend/platform/pg"
)

// Apply asks for a seat. A game of policy auto grants it at once. The same
// application again answers with the first one, and false.
func (s *Service) Apply(ctx context.Context, a Application, key string) (Application, bool, error) {
	name, err := racename.Parse(a.RaceName)
	if err != nil {
		return Application{}, false, err
	}
	a.RaceName = name.Display
	a.Hash = idempotency.Hash([]any{a.GameID, a.RaceName, a.Message})
	a.ID, a.State, a.CreatedAt = uuid.Must(uuid.NewV7()), pending, s.clock.Now()
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		return s.apply(ctx, tx, &a, name, nullable.Text(key))
	})
	if pg.IsUnique(err, applicationsLive) || pg.IsUnique(err, applicationsReplay) {
		err = ErrAlreadyApplied.Because(err)
	}
	if err == nil || !repeatable(err, key) {
		return a, err == nil, err
	}
	earlier, found := s.store.earlierApplication(ctx, s.db, a.UserID, nullable.Text(key), a.GameID)
	switch {
	case errors.Is(found, game.ErrNotFound):
		return Application{}, false, err
	case found != nil:
		return Application{}, false, found
	case string(earlier.Hash) == string(a.Hash):
		return earlier, false, nil
	case key != "":
		return Application{}, false, game.ErrReplay
	}
	return Application{}, false, err
}

// repeatable reports whether an earlier, equal request may be why this one was
// refused.
func repeatable(err error, key string) bool {
	return errors.Is(err, ErrAlreadyApplied) || errors.Is(err, ErrAlreadyMember) || errors.Is(err, ErrApplicationLimit) ||
		key != "" && fault.From(err).Code == fault.Conflict
}

func (s *Service) apply(ctx context.Context, tx *pg.Tx, a *Application, name spelling.Name, key *string) error {
	u, err := s.lockEligible(ctx, tx, a.UserID)
	if err != nil {
		return err
	}
	c, err := s.store.candidate(ctx, tx, a.GameID, a.UserID)
	if err != nil {
		return err
	}
	if err := s.managers.CheckVisible(ctx, tx, c.Game, a.UserID); err != nil {
		return err
	}
	if c.OwnedBy(a.UserID) {
		return ErrOwnGame
	}
	if err := s.checkEligible(c, u); err != nil {
		return err
	}
	switch {
	case c.JoinPolicy == game.PolicyInvite:
		return ErrPolicy.With("join_policy", c.JoinPolicy)
	case c.Invited:
		return ErrAlreadyInvited
	}
	a.GameName = c.Name
	if c.JoinPolicy == game.PolicyAuto {
		a.State, a.DecidedAt = approved, &a.CreatedAt
		s.store.insertApplication(tx, *a, key)
		_, err = s.members.Enroll(ctx, tx, &c.Game, a.UserID, name)
		return err
	}
	if c.Pending >= u.Limits.PendingApplications {
		return ErrApplicationLimit.With("limit", u.Limits.PendingApplications)
	}
	s.store.insertApplication(tx, *a, key)
	if c.OwnerID == nil {
		return nil
	}
	return s.notify(ctx, tx, a.ID.String(), []uuid.UUID{*c.OwnerID},
		notification.ApplicationSubmitted{GameRef: c.Ref(), ApplicationID: a.ID, ApplicantID: a.UserID})
}

// Approve seats the applicant. An approved application answers as it did.
func (s *Service) Approve(ctx context.Context, by game.Actor, id uuid.UUID) (Application, error) {
	a, err := s.store.application(ctx, s.db, id)
	if err != nil {
		return a, err
	}
	name, err := racename.Parse(a.RaceName)
	if err != nil {
		return a, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		u, refused := s.lockEligible(ctx, tx, a.UserID)
		if fault.IsInternal(refused) {
			return refused
		}
		c, err := s.store.candidate(ctx, tx, a.GameID, a.UserID)
		if err != nil {
			return err
		}
		if err := s.checkDecider(ctx, tx, by, c.Game); err != nil {
			return err
		}
		if a, err = s.store.lockApplication(ctx, tx, id); err != nil {
			return err
		}
		if err := s.managers.Audit(ctx, tx, by, "application.approve", a.GameID, map[string]any{"state": a.State}, map[string]any{"application_id": id}); err != nil {
			return err
		}
		switch {
		case a.State == approved:
			return nil
		case a.State != pending:
			return ErrApplicationEnded.With("state", a.State)
		case refused != nil:
			return ErrUserUnavailable.Because(refused)
		}
		if err := s.checkEligible(c, u); err != nil {
			return err
		}
		s.decide(tx, &a, approved, "")
		payload := notification.ApplicationApproved{GameRef: c.Ref(), ApplicationID: id}
		if err := s.notify(ctx, tx, id.String(), []uuid.UUID{a.UserID}, payload); err != nil {
			return err
		}
		_, err = s.members.Enroll(ctx, tx, &c.Game, a.UserID, name)
		return err
	})
	return a, err
}

// checkDecider is CheckManager for what only the parties may know of: an application, an
// invite.
func (s *Service) checkDecider(ctx context.Context, q pg.Querier, by game.Actor, g game.Game) error {
	err := s.managers.CheckManager(ctx, q, by, g)
	if errors.Is(err, game.ErrNotOwner) {
		return game.ErrNotFound
	}
	return err
}

func (s *Service) decide(tx *pg.Tx, a *Application, state, reason string) {
	now := s.clock.Now()
	a.State, a.Reason, a.DecidedAt = state, reason, &now
	s.store.decideApplication(tx, *a)
}

// Reject refuses an application. A rejected one answers as it did.
func (s *Service) Reject(ctx context.Context, by game.Actor, id uuid.UUID, reason string) (Application, error) {
	return s.answer(ctx, id, func(ctx context.Context, tx *pg.Tx, g game.Game, a *Application) error {
		if err := s.checkDecider(ctx, tx, by, g); err != nil {
			return err
		}
		if err := s.managers.Audit(ctx, tx, by, "application.reject", g.ID, map[string]any{"state": a.State}, map[string]any{"application_id": id, "reason": reason}); err != nil {
			return err
		}
		switch {
		case a.State == rejected:
			return nil
		case a.State != pending:
			return ErrApplicationEnded.With("state", a.State)
		}
		s.decide(tx, a, rejected, reason)
		return s.notify(ctx, tx, id.String(), []uuid.UUID{a.UserID},
			notification.ApplicationRejected{GameRef: g.Ref(), ApplicationID: id, Reason: reason})
	})
}

// Withdraw takes the user's own application back.
func (s *Service) Withdraw(ctx context.Context, who, id uuid.UUID) (Application, error) {
	return s.answer(ctx, id, func(_ context.Context, tx *pg.Tx, _ game.Game, a *Application) error {
		switch {
		case a.UserID != who:
			return game.ErrNotFound
		case a.State == withdrawn:
			return nil
		case a.State != pending:
			return ErrApplicationEnded.With("state", a.State)
		}
		s.decide(tx, a, withdrawn, "")
		return nil
	})
}

// answer runs fn on an application whose game is locked.
func (s *Service) answer(
	ctx context.Context, id uuid.UUID, fn func(context.Context, *pg.Tx, game.Game, *Application) error,
) (Application, error) {
	a, err := s.store.application(ctx, s.db, id)
	if err != nil {
		return a, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := s.games.LockGame(ctx, tx, a.GameID)
		if err != nil {
			return err
		}
		if a, err = s.store.lockApplication(ctx, tx, id); err != nil {
			return err
		}
		return fn(ctx, tx, g, &a)
	})
	return a, err
}

// Applications is a page of what was sent to a game.
func (s *Service) Applications(ctx context.Context, by game.Actor, id, before uuid.UUID, n int) ([]Application, error) {
	if err := s.checkManager(ctx, by, id); err != nil {
		return nil, err
	}
	return s.store.applications(ctx, s.db, id, before, n)
}

// MyApplications is a page of the user's applications, newest first.
func (s *Service) MyApplications(ctx context.Context, who, before uuid.UUID, n int) ([]Application, error) {
	return s.store.applicationsOf(ctx, s.db, who, before, n)
}
