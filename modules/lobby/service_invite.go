package lobby

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/racename"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/idempotency"
	"galaxy/backend/platform/nullable"
	"galaxy/backend/platform/pg"
)

const (
	minInviteTTL = time.Minute
	maxInviteTTL = 90 * 24 * time.Hour
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
	now := s.clock.Now()
	i := Invite{ID: uuid.Must(uuid.NewV7()), GameID: in.Game, InviterID: inviter, Message: in.Message, State: pending,
		Hash: idempotency.Hash(in), CreatedAt: now, ExpiresAt: now.Add(s.cfg.InviteDefaultTTL)}
	if in.ExpiresAt != nil {
		i.ExpiresAt = *pg.Microseconds(in.ExpiresAt)
	}
	if ttl := i.ExpiresAt.Sub(now); ttl < minInviteTTL || ttl > maxInviteTTL {
		return Invite{}, false, ErrInviteExpiry.At(fault.Field{Name: "expires_at", Code: "out_of_range", Message: ErrInviteExpiry.Message})
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		return s.invite(ctx, tx, &i, in, nullable.Text(key))
	})
	if pg.Constraint(err) == inviteCountsBound {
		err = ErrQuota.Because(err)
	}
	if pg.IsUnique(err, invitesLive) || pg.IsUnique(err, invitesReplay) {
		err = ErrAlreadyInvited.Because(err)
	}
	if err == nil || fault.IsInternal(err) || key == "" && !errors.Is(err, ErrAlreadyInvited) {
		return i, err == nil, err
	}
	// What refuses a repeat may be what the first invite has led to.
	earlier, found := s.store.earlierInvite(ctx, s.db, i, nullable.Text(key))
	switch {
	case errors.Is(found, game.ErrNotFound):
		return Invite{}, false, err
	case found != nil:
		return Invite{}, false, found
	case string(earlier.Hash) == string(i.Hash):
		return earlier, false, nil
	case key != "":
		return Invite{}, false, game.ErrReplay
	}
	return Invite{}, false, err
}

func (s *Service) invite(ctx context.Context, tx *pg.Tx, i *Invite, in Invitation, key *string) error {
	if in.UserName != "" {
		account, err := s.accounts.FindByUserName(ctx, tx, in.UserName)
		if err != nil {
			return game.ErrNotFound.Because(err)
		}
		in.UserID = account.ID
	}
	people, err := s.accounts.Snapshots(ctx, []uuid.UUID{in.UserID, i.InviterID})
	if err != nil {
		return err
	}
	i.UserID = in.UserID
	g, err := s.store.lockInviting(ctx, tx, in.Game, i.UserID)
	if err != nil {
		return err
	}
	if err := s.managers.CheckManager(ctx, tx, game.Actor{User: i.InviterID}, g.Game); err != nil {
		return err
	}
	invitee, found := people[i.UserID]
	switch {
	case !found || invitee.Deleted || invitee.Blocked():
		return game.ErrNotFound.Saying("user not found")
	case i.UserID == i.InviterID:
		return ErrOwnGame
	case !g.takesInvites(s.clock.Now()):
		return ErrEnrollmentClosed.With("state", g.State)
	case g.Membership == game.Active:
		return ErrAlreadyMember
	case g.Membership == game.Blocked:
		return ErrMemberBlocked
	case g.Membership == game.Removed:
		return ErrMemberRemoved
	}
	i.GameName = g.Name
	s.store.insertInvite(tx, *i, key)
	return s.notifier.Submit(ctx, tx, notification.Intent{
		Key: i.ID.String(), Fresh: true, Recipients: []uuid.UUID{i.UserID},
		Payload: notification.InviteReceived{
			GameRef: g.Ref(), InviteID: i.ID, InviterID: i.InviterID,
			InviterName: nameOf(people[i.InviterID].DisplayName, people[i.InviterID].UserName), ExpiresAt: i.ExpiresAt,
		},
	})
}

// takesInvites reports whether people may be asked: to enroll, or later on to take a
// seat that is on offer.
func (g inviting) takesInvites(now time.Time) bool {
	if g.State == game.EnrollmentOpen {
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
func (s *Service) Redeem(ctx context.Context, who, id uuid.UUID, raceName string) (game.Membership, bool, error) {
	name, err := racename.Parse(raceName)
	if err != nil {
		return game.Membership{}, false, err
	}
	m, made := game.Membership{}, false
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		u, err := s.lockEligible(ctx, tx, who)
		if err != nil {
			return err
		}
		c, i, err := s.store.invited(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case i.UserID != who:
			return game.ErrNotFound
		}
		if err := s.redeemable(i); err != nil {
			if i.State == redeemed && c.Membership == game.Active {
				m, made, err = s.sameSeat(ctx, tx, i.GameID, who, name, ErrAlreadyMember)
			}
			return err
		}
		if err := s.checkEligible(c, u); err != nil {
			return err
		}
		s.decideInvite(tx, &i, redeemed, "")
		made = true
		m, err = s.members.Enroll(ctx, tx, &c.Game, who, name)
		return err
	})
	return m, made, err
}

func (s *Service) redeemable(i Invite) error {
	switch {
	case i.State == expired, i.State == pending && !i.ExpiresAt.After(s.clock.Now()):
		return ErrInviteExpired
	case i.State != pending:
		return ErrInviteEnded.With("state", i.State)
	}
	return nil
}

func (s *Service) decideInvite(tx *pg.Tx, i *Invite, state, reason string) {
	now := s.clock.Now()
	i.State, i.Reason, i.DecidedAt = state, reason, &now
	s.store.decideInvite(tx, *i)
}

// Decline says no. Declined before, it answers as it did.
func (s *Service) Decline(ctx context.Context, who, id uuid.UUID, reason string) (Invite, error) {
	return s.answerInvite(ctx, id, declined, reason, func(i Invite, _ game.Game) error {
		if i.UserID != who {
			return game.ErrNotFound
		}
		return nil
	})
}

// Revoke takes an invite back. Revoked before, it answers as it did.
func (s *Service) Revoke(ctx context.Context, by game.Actor, id uuid.UUID) (Invite, error) {
	return s.answerInvite(ctx, id, revoked, "", func(_ Invite, g game.Game) error {
		if !g.OwnedBy(by.User) {
			return game.ErrNotFound
		}
		return nil
	})
}

func (s *Service) answerInvite(
	ctx context.Context, id uuid.UUID, state, reason string, allowed func(Invite, game.Game) error,
) (Invite, error) {
	i, err := s.store.invite(ctx, s.db, id)
	if err != nil {
		return i, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := s.games.LockGame(ctx, tx, i.GameID)
		if err != nil {
			return err
		}
		if i, err = s.store.lockInvite(ctx, tx, id); err != nil {
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
		s.decideInvite(tx, &i, state, reason)
		if state != revoked {
			return nil
		}
		return s.notify(ctx, tx, id.String(), []uuid.UUID{i.UserID},
			notification.InviteRevoked{GameRef: g.Ref(), InviteID: id})
	})
	return i, err
}

// Invites is a page of what a game's owner sent.
func (s *Service) Invites(ctx context.Context, by game.Actor, id, before uuid.UUID, n int) ([]Invite, error) {
	if err := s.checkManager(ctx, by, id); err != nil {
		return nil, err
	}
	return s.store.invites(ctx, s.db, id, before, n)
}

func (s *Service) checkManager(ctx context.Context, by game.Actor, id uuid.UUID) error {
	g, err := s.games.Game(ctx, id)
	if err != nil {
		return err
	}
	return s.managers.CheckManager(ctx, s.db, by, g)
}

// MyInvites is a page of the user's invites, newest first.
func (s *Service) MyInvites(ctx context.Context, who, before uuid.UUID, n int) ([]Invite, error) {
	return s.store.invitesOf(ctx, s.db, who, before, n)
}
