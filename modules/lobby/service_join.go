package lobby

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"galaxy/backend/modules/lobby/directory"
	"galaxy/backend/modules/lobby/internal/games"
	"galaxy/backend/modules/lobby/racename"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
)

// admit locks an account that wants to sit down somewhere. It is the first lock
// of every way into a game.
func (s *Service) admit(ctx context.Context, tx *pg.Tx, id uuid.UUID) (user.Snapshot, error) {
	u, err := s.Users.Lock(ctx, tx, id)
	switch {
	case err != nil:
		return u, err
	case u.Deleted || u.Blocked():
		return u, ErrUserUnavailable
	case u.Has(user.GameJoinBlock, s.Clock.Now()):
		return u, ErrJoinBlocked
	}
	return u, nil
}

// welcome says why a candidate may not become a member now, if so.
func (s *Service) welcome(c games.Candidate, u user.Snapshot) error {
	switch {
	case c.Membership == Active:
		return ErrAlreadyMember
	case c.Membership == Blocked:
		return ErrMemberBlocked
	case c.Membership == Removed:
		return ErrMemberRemoved
	case c.Launched():
		return ErrGameStarted
	case c.State != EnrollmentOpen, c.EnrollmentOver(s.Clock.Now()):
		return ErrEnrollmentClosed.With("state", c.State)
	case c.Full():
		return ErrGameFull
	case c.Active >= u.Limits.ActiveMemberships:
		return ErrMembershipLimit.With("limit", u.Limits.ActiveMemberships)
	}
	return nil
}

// enrol gives a welcome candidate a seat. The name is claimed first: two who
// want the same one have to learn that, and not that their rows collide.
func (s *Service) enrol(ctx context.Context, tx *pg.Tx, g *Game, id uuid.UUID, name racename.Name) error {
	if err := s.Names.Claim(ctx, tx, name, id, g.ID); err != nil {
		return err
	}
	g.SeatsTaken++
	s.Save(tx, g)
	s.Store.InsertSeat(tx, Seat{GameID: g.ID, UserID: id, RaceName: name.Display, JoinedAt: s.Clock.Now()})
	s.DropSeats(tx, g.ID)
	if g.StartWhenFull && g.Full() {
		tx.OnCommit(s.Wake)
	}
	return nil
}

// Join seats the owner of a private game.
func (s *Service) Join(ctx context.Context, who, game uuid.UUID, raceName string) (Seat, bool, error) {
	name, err := directory.Parse(raceName)
	if err != nil {
		return Seat{}, false, err
	}
	seat, made := Seat{}, false
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		u, err := s.admit(ctx, tx, who)
		if err != nil {
			return err
		}
		c, err := s.Store.Candidate(ctx, tx, game, who)
		if err != nil {
			return err
		}
		if err := s.Manages(ctx, tx, Actor{User: who}, c.Game); err != nil {
			return err
		}
		if err := s.welcome(c, u); err != nil {
			seat, made, err = s.sameSeat(ctx, tx, game, who, name, err)
			return err
		}
		seat = Seat{GameID: game, UserID: who, RaceName: name.Display, Status: Active, JoinedAt: s.Clock.Now()}
		made = true
		return s.enrol(ctx, tx, &c.Game, who, name)
	})
	return seat, made, err
}

// sameSeat answers a repeated wish for a seat with the seat that is there.
func (s *Service) sameSeat(ctx context.Context, tx *pg.Tx, game, who uuid.UUID, name racename.Name, refused error) (Seat, bool, error) {
	if !errors.Is(refused, ErrAlreadyMember) {
		return Seat{}, false, refused
	}
	seat, err := s.Store.Seat(ctx, tx, game, who)
	if err == nil && seat.RaceName != name.Display {
		err = refused
	}
	return seat, false, err
}

// Apply asks for a seat. A game of policy auto grants it at once. The same
// application again answers with the first one, and false.
func (s *Service) Apply(ctx context.Context, a Application, key string) (Application, bool, error) {
	name, err := directory.Parse(a.RaceName)
	if err != nil {
		return Application{}, false, err
	}
	a.RaceName = name.Display
	a.Hash = games.HashOf([]any{a.GameID, a.RaceName, a.Message})
	a.ID, a.State, a.CreatedAt = uuid.Must(uuid.NewV7()), pending, s.Clock.Now()
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error { return s.apply(ctx, tx, &a, name, games.Optional(key)) })
	if pg.IsUnique(err, applicationsLive) || pg.IsUnique(err, applicationsReplay) {
		err = ErrAlreadyApplied.Because(err)
	}
	if err == nil || !repeatable(err, key) {
		return a, err == nil, err
	}
	earlier, found := s.requests.earlierApplication(ctx, s.DB, a.UserID, games.Optional(key), a.GameID)
	switch {
	case games.IsNotFound(found):
		return Application{}, false, err
	case found != nil:
		return Application{}, false, found
	case string(earlier.Hash) == string(a.Hash):
		return earlier, false, nil
	case key != "":
		return Application{}, false, ErrReplay
	}
	return Application{}, false, err
}

// repeatable reports whether an earlier, equal request may be why this one was
// refused.
func repeatable(err error, key string) bool {
	return errors.Is(err, ErrAlreadyApplied) || errors.Is(err, ErrAlreadyMember) || errors.Is(err, ErrApplicationLimit) ||
		key != "" && fault.From(err).Code == fault.Conflict
}

func (s *Service) apply(ctx context.Context, tx *pg.Tx, a *Application, name racename.Name, key *string) error {
	u, err := s.admit(ctx, tx, a.UserID)
	if err != nil {
		return err
	}
	c, err := s.Store.Candidate(ctx, tx, a.GameID, a.UserID)
	if err != nil {
		return err
	}
	if err := s.Visible(ctx, tx, c.Game, a.UserID); err != nil {
		return err
	}
	if c.Owned(a.UserID) {
		return ErrOwnGame
	}
	if err := s.welcome(c, u); err != nil {
		return err
	}
	switch {
	case c.JoinPolicy == PolicyInvite:
		return ErrPolicy.With("join_policy", c.JoinPolicy)
	case c.Invited:
		return ErrAlreadyInvited
	}
	a.GameName = c.Name
	if c.JoinPolicy == PolicyAuto {
		a.State, a.DecidedAt = approved, &a.CreatedAt
		s.requests.insertApplication(tx, *a, key)
		return s.enrol(ctx, tx, &c.Game, a.UserID, name)
	}
	if c.Pending >= u.Limits.PendingApplications {
		return ErrApplicationLimit.With("limit", u.Limits.PendingApplications)
	}
	s.requests.insertApplication(tx, *a, key)
	if c.OwnerID == nil {
		return nil
	}
	return s.Tell(ctx, tx, notification.KindApplicationSubmitted, a.ID.String(), c.Game, []uuid.UUID{*c.OwnerID},
		map[string]any{"application_id": a.ID.String(), "applicant_user_id": a.UserID.String()})
}

// Approve seats the applicant. An approved application answers as it did.
func (s *Service) Approve(ctx context.Context, by Actor, id uuid.UUID) (Application, error) {
	a, err := s.requests.application(ctx, s.DB, id)
	if err != nil {
		return a, err
	}
	name, err := directory.Parse(a.RaceName)
	if err != nil {
		return a, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		u, refused := s.admit(ctx, tx, a.UserID)
		if games.Ours(refused) {
			return refused
		}
		c, err := s.Store.Candidate(ctx, tx, a.GameID, a.UserID)
		if err != nil {
			return err
		}
		if err := s.decides(ctx, tx, by, c.Game); err != nil {
			return err
		}
		if a, err = s.requests.lockApplication(ctx, tx, id); err != nil {
			return err
		}
		if err := s.Audited(ctx, tx, by, "application.approve", a.GameID, map[string]any{"state": a.State}, map[string]any{"application_id": id}); err != nil {
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
		if err := s.welcome(c, u); err != nil {
			return err
		}
		s.decide(tx, &a, approved, "")
		if err := s.Tell(ctx, tx, notification.KindApplicationApproved, id.String(), c.Game, []uuid.UUID{a.UserID}, map[string]any{"application_id": id.String()}); err != nil {
			return err
		}
		return s.enrol(ctx, tx, &c.Game, a.UserID, name)
	})
	return a, err
}

// decides is manages for what only the parties may know of: an application, an
// invite.
func (s *Service) decides(ctx context.Context, q pg.Querier, by Actor, g Game) error {
	err := s.Manages(ctx, q, by, g)
	if errors.Is(err, ErrNotOwner) {
		return ErrNotFound
	}
	return err
}

func (s *Service) decide(tx *pg.Tx, a *Application, state, reason string) {
	now := s.Clock.Now()
	a.State, a.Reason, a.DecidedAt = state, reason, &now
	s.requests.decideApplication(tx, *a)
}

// Reject refuses an application. A rejected one answers as it did.
func (s *Service) Reject(ctx context.Context, by Actor, id uuid.UUID, reason string) (Application, error) {
	return s.answer(ctx, id, func(ctx context.Context, tx *pg.Tx, g Game, a *Application) error {
		if err := s.decides(ctx, tx, by, g); err != nil {
			return err
		}
		if err := s.Audited(ctx, tx, by, "application.reject", g.ID, map[string]any{"state": a.State}, map[string]any{"application_id": id, "reason": reason}); err != nil {
			return err
		}
		switch {
		case a.State == rejected:
			return nil
		case a.State != pending:
			return ErrApplicationEnded.With("state", a.State)
		}
		s.decide(tx, a, rejected, reason)
		return s.Tell(ctx, tx, notification.KindApplicationRejected, id.String(), g, []uuid.UUID{a.UserID},
			map[string]any{"application_id": id.String(), "reason": reason})
	})
}

// Withdraw takes the user's own application back.
func (s *Service) Withdraw(ctx context.Context, who, id uuid.UUID) (Application, error) {
	return s.answer(ctx, id, func(_ context.Context, tx *pg.Tx, _ Game, a *Application) error {
		switch {
		case a.UserID != who:
			return ErrNotFound
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
func (s *Service) answer(ctx context.Context, id uuid.UUID, fn func(context.Context, *pg.Tx, Game, *Application) error) (Application, error) {
	a, err := s.requests.application(ctx, s.DB, id)
	if err != nil {
		return a, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := s.Store.LockGame(ctx, tx, a.GameID)
		if err != nil {
			return err
		}
		if a, err = s.requests.lockApplication(ctx, tx, id); err != nil {
			return err
		}
		return fn(ctx, tx, g, &a)
	})
	return a, err
}
