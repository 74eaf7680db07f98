package lobby

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/lobby/directory"
	"galaxy/backend/modules/lobby/internal/games"
	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
)

const (
	minInviteTTL = time.Minute
	// maxInvites bounds how many invites one game ever sends.
	maxInvites = 500
)

// Invitation is what an invite is made from.
type Invitation struct {
	Game      uuid.UUID
	UserID    uuid.UUID // or
	UserName  string
	Message   string
	ExpiresAt *time.Time // nil: the configured time from now
}

// Invite asks a user to join. The same invite again answers with the first one,
// and false.
func (s *Service) Invite(ctx context.Context, inviter uuid.UUID, in Invitation, key string) (Invite, bool, error) {
	now := s.Clock.Now()
	i := Invite{ID: uuid.Must(uuid.NewV7()), GameID: in.Game, InviterID: inviter, Message: in.Message, State: pending,
		Hash: games.HashOf(in), CreatedAt: now, ExpiresAt: now.Add(s.Config.InviteDefaultTTL)}
	if in.ExpiresAt != nil {
		i.ExpiresAt = *games.InMicroseconds(in.ExpiresAt)
	}
	if ttl := i.ExpiresAt.Sub(now); ttl < minInviteTTL || ttl > games.MaxInviteTTL {
		return Invite{}, false, ErrInviteExpiry.At(fault.Field{Name: "expires_at", Code: "out_of_range", Message: ErrInviteExpiry.Message})
	}
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error { return s.invite(ctx, tx, &i, in, games.Optional(key)) })
	if pg.IsUnique(err, invitesLive) || pg.IsUnique(err, invitesReplay) {
		err = ErrAlreadyInvited.Because(err)
	}
	if err == nil || games.Ours(err) || key == "" && !errors.Is(err, ErrAlreadyInvited) {
		return i, err == nil, err
	}
	// What refuses a repeat may be what the first invite has led to.
	earlier, found := s.requests.earlierInvite(ctx, s.DB, i, games.Optional(key))
	switch {
	case games.IsNotFound(found):
		return Invite{}, false, err
	case found != nil:
		return Invite{}, false, found
	case string(earlier.Hash) == string(i.Hash):
		return earlier, false, nil
	case key != "":
		return Invite{}, false, ErrReplay
	}
	return Invite{}, false, err
}

func (s *Service) invite(ctx context.Context, tx *pg.Tx, i *Invite, in Invitation, key *string) error {
	if in.UserName != "" {
		account, err := s.Users.FindByUserName(ctx, tx, in.UserName)
		if err != nil {
			return ErrNotFound.Because(err)
		}
		in.UserID = account.ID
	}
	people, err := s.Users.Snapshots(ctx, []uuid.UUID{in.UserID, i.InviterID})
	if err != nil {
		return err
	}
	i.UserID = in.UserID
	g, err := s.requests.lockInviting(ctx, tx, in.Game, i.UserID)
	if err != nil {
		return err
	}
	if err := s.Manages(ctx, tx, Actor{User: i.InviterID}, g.Game); err != nil {
		return err
	}
	invitee, found := people[i.UserID]
	switch {
	case !found || invitee.Deleted || invitee.Blocked():
		return ErrNotFound.Saying("there is no such user")
	case i.UserID == i.InviterID:
		return ErrOwnGame
	case !g.invites(s.Clock.Now()):
		return ErrEnrollmentClosed.With("state", g.State)
	case g.Membership == Active:
		return ErrAlreadyMember
	case g.Membership == Blocked:
		return ErrMemberBlocked
	case g.Membership == Removed:
		return ErrMemberRemoved
	case g.Made >= maxInvites:
		return ErrQuota
	}
	i.GameName = g.Name
	s.requests.insertInvite(tx, *i, key)
	return s.Notifier.Submit(ctx, tx, notification.Intent{
		Kind: notification.KindInviteReceived, Key: i.ID.String(), Fresh: true, Recipients: []uuid.UUID{i.UserID},
		Payload: map[string]any{
			"game_id": g.ID.String(), "game_name": g.Name, "invite_id": i.ID.String(), "inviter_user_id": i.InviterID.String(),
			"inviter_name": nameOf(people[i.InviterID].DisplayName, people[i.InviterID].UserName), "expires_at": i.ExpiresAt,
		},
	})
}

// invites reports whether people may be asked: to enrol, or later on to take a
// seat that is on offer.
func (g inviting) invites(now time.Time) bool {
	if g.State == EnrollmentOpen {
		return !g.EnrollmentOver(now)
	}
	return g.Offered && g.Launched() && !g.State.Terminal()
}

// nameOf is how somebody is called in front of others.
func nameOf(display, userName string) string {
	if display != "" {
		return display
	}
	return userName
}

// Redeem takes an invite's seat. Redeemed before, it answers with the seat, and
// false.
func (s *Service) Redeem(ctx context.Context, who, id uuid.UUID, raceName string) (Seat, bool, error) {
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
		c, i, err := s.requests.invited(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case i.UserID != who:
			return ErrNotFound
		}
		if err := s.redeemable(i); err != nil {
			if i.State == redeemed && c.Membership == Active {
				seat, made, err = s.sameSeat(ctx, tx, i.GameID, who, name, ErrAlreadyMember)
			}
			return err
		}
		if err := s.welcome(c, u); err != nil {
			return err
		}
		s.close(tx, &i, redeemed, "")
		seat, made = Seat{GameID: i.GameID, UserID: who, RaceName: name.Display, Status: Active, JoinedAt: s.Clock.Now()}, true
		return s.enrol(ctx, tx, &c.Game, who, name)
	})
	return seat, made, err
}

func (s *Service) redeemable(i Invite) error {
	switch {
	case i.State == expired, i.State == pending && !i.ExpiresAt.After(s.Clock.Now()):
		return ErrInviteExpired
	case i.State != pending:
		return ErrInviteEnded.With("state", i.State)
	}
	return nil
}

func (s *Service) close(tx *pg.Tx, i *Invite, state, reason string) {
	now := s.Clock.Now()
	i.State, i.Reason, i.DecidedAt = state, reason, &now
	s.requests.decideInvite(tx, *i)
}

// Decline says no. Declined before, it answers as it did.
func (s *Service) Decline(ctx context.Context, who, id uuid.UUID, reason string) (Invite, error) {
	return s.answerInvite(ctx, id, declined, reason, func(i Invite, _ Game) error {
		if i.UserID != who {
			return ErrNotFound
		}
		return nil
	})
}

// Revoke takes an invite back. Revoked before, it answers as it did.
func (s *Service) Revoke(ctx context.Context, by Actor, id uuid.UUID) (Invite, error) {
	return s.answerInvite(ctx, id, revoked, "", func(_ Invite, g Game) error {
		if !g.Owned(by.User) {
			return ErrNotFound
		}
		return nil
	})
}

func (s *Service) answerInvite(ctx context.Context, id uuid.UUID, state, reason string, allowed func(Invite, Game) error) (Invite, error) {
	i, err := s.requests.invite(ctx, s.DB, id)
	if err != nil {
		return i, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := s.Store.LockGame(ctx, tx, i.GameID)
		if err != nil {
			return err
		}
		if i, err = s.requests.lockInvite(ctx, tx, id); err != nil {
			return err
		}
		if err := allowed(i, g); err != nil {
			return err
		}
		if i.State == state {
			return nil
		}
		if err := s.redeemable(i); err != nil {
			return err
		}
		s.close(tx, &i, state, reason)
		if state != revoked {
			return nil
		}
		return s.Tell(ctx, tx, notification.KindInviteRevoked, id.String(), g, []uuid.UUID{i.UserID}, map[string]any{"invite_id": id.String()})
	})
	return i, err
}

// Invites is a page of what a game's owner sent.
func (s *Service) Invites(ctx context.Context, by Actor, game, before uuid.UUID, n int) ([]Invite, error) {
	if err := s.mayManage(ctx, by, game); err != nil {
		return nil, err
	}
	return s.requests.invites(ctx, s.DB, game, before, n)
}

// Applications is a page of what was sent to a game.
func (s *Service) Applications(ctx context.Context, by Actor, game, before uuid.UUID, n int) ([]Application, error) {
	if err := s.mayManage(ctx, by, game); err != nil {
		return nil, err
	}
	return s.requests.applications(ctx, s.DB, game, before, n)
}

func (s *Service) mayManage(ctx context.Context, by Actor, game uuid.UUID) error {
	g, err := s.Game(ctx, game)
	if err != nil {
		return err
	}
	return s.Manages(ctx, s.DB, by, g)
}

// MyInvites is a page of the user's invites, newest first.
func (s *Service) MyInvites(ctx context.Context, who, before uuid.UUID, n int) ([]Invite, error) {
	return s.requests.invitesOf(ctx, s.DB, who, before, n)
}

// MyApplications is a page of the user's applications, newest first.
func (s *Service) MyApplications(ctx context.Context, who, before uuid.UUID, n int) ([]Application, error) {
	return s.requests.applicationsOf(ctx, s.DB, who, before, n)
}
