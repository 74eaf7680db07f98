package game

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/racename/spelling"
	"galaxy/backend/platform/pg"
)

// Enroll gives a user whose account is locked a seat in a game whose row is. The
// name is claimed first: two who want the same one have to learn that, and not
// that their rows collide.
func (s *Service) Enroll(
	ctx context.Context, tx *pg.Tx, g *Game, user uuid.UUID, name spelling.Name,
) (Membership, error) {
	if err := s.names.Claim(ctx, tx, name, user, g.ID); err != nil {
		return Membership{}, err
	}
	g.SeatsTaken++
	s.games.save(tx, g)
	m := Membership{GameID: g.ID, UserID: user, RaceName: name.Display, Status: Active, JoinedAt: s.clock.Now()}
	s.store.insertMembership(tx, m)
	s.games.memberships.Drop(tx, g.ID)
	if g.StartWhenFull && g.Full() {
		tx.OnCommit(s.sweep.Send)
	}
	return m, nil
}

// ReplaceMember seats a successor in the place of a membership that is vacant or
// has ended. The successor's account and the row of the game are locked.
func (s *Service) ReplaceMember(
	ctx context.Context, tx *pg.Tx, g *Game, old Membership, successor uuid.UUID,
) (Membership, error) {
	now := s.clock.Now()
	s.store.endMembership(tx, g.ID, old.UserID, Removed, ReasonReplaced, now)
	if old.Status != Active {
		g.SeatsTaken++
	}
	s.games.save(tx, g)
	m := Membership{GameID: g.ID, UserID: successor, RaceName: old.RaceName, Status: Active, Founding: old.Founding, Successor: true, JoinedAt: now}
	s.store.insertMembership(tx, m)
	s.games.memberships.Drop(tx, g.ID)
	if err := s.announce(ctx, tx, Change{Game: *g, Event: EventSeatTaken, Taken: &m}); err != nil {
		return Membership{}, err
	}
	return m, s.names.ReleaseReserved(ctx, tx, []uuid.UUID{g.ID}, &old.UserID)
}

// Leave ends the user's own membership. Ended before, it answers as it did.
func (s *Service) Leave(ctx context.Context, who, game uuid.UUID) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := s.store.lockGame(ctx, tx, game)
		if err != nil {
			return err
		}
		m, err := s.store.membership(ctx, tx, game, who)
		switch {
		case err != nil || m.Status == Removed:
			return err
		case m.Status == Blocked:
			return ErrMembershipEnded.With("status", m.Status)
		case g.State.Terminal():
			return ErrState.With("state", g.State).With("wanted", Running)
		}
		return s.endMembership(ctx, tx, &g, m, Removed, ReasonLeft)
	})
}

// Remove ends somebody's membership; the seat is free for somebody else.
func (s *Service) Remove(ctx context.Context, by Actor, game, member uuid.UUID) (Membership, error) {
	return s.endFor(ctx, by, game, member, Removed, ReasonRemoved)
}

// Block bans a member for good, and the race from the game.
func (s *Service) Block(ctx context.Context, by Actor, game, member uuid.UUID) (Membership, error) {
	return s.endFor(ctx, by, game, member, Blocked, ReasonBanned)
}

func (s *Service) endFor(
	ctx context.Context, by Actor, game, member uuid.UUID, status, reason string,
) (Membership, error) {
	var m Membership
	_, err := s.Update(ctx, by, game, "membership."+status, func(ctx context.Context, tx *pg.Tx, g *Game) error {
		var err error
		if m, err = s.store.membership(ctx, tx, game, member); err != nil || m.Status == status {
			return err
		}
		switch {
		case g.State.Terminal():
			return ErrState.With("state", g.State).With("wanted", Running)
		case m.Status == Blocked:
			return ErrMembershipEnded.With("status", m.Status)
		case m.Status == Removed && !m.Free(): // nothing of theirs is left to banish
			return ErrMembershipEnded.With("status", m.Status)
		}
		if err := s.endMembership(ctx, tx, g, m, status, reason); err != nil {
			return err
		}
		var payload notification.Payload = notification.MembershipRemoved{GameRef: g.Ref(), Reason: reason}
		if status == Blocked {
			payload = notification.MembershipBlocked{GameRef: g.Ref(), Reason: reason}
		}
		key := fmt.Sprintf("%s:%s:%s:%d", game, member, status, g.Version) // after an unban it may happen again
		if err := s.notify(ctx, tx, key, []uuid.UUID{member}, payload); err != nil {
			return err
		}
		m, err = s.store.membership(ctx, tx, game, member)
		return err
	})
	return m, err
}

// Unban lifts a ban. Before the launch the user may apply again; afterwards the
// race is gone, and the membership counts as removed.
func (s *Service) Unban(ctx context.Context, by Actor, game, member uuid.UUID) error {
	_, err := s.Update(ctx, by, game, "membership.unban", func(ctx context.Context, tx *pg.Tx, g *Game) error {
		m, err := s.store.membership(ctx, tx, game, member)
		switch {
		case err != nil:
			return err
		case m.Status != Blocked:
			return ErrMembershipEnded.With("status", m.Status)
		case g.Launched():
			s.store.endMembership(tx, game, member, Removed, ReasonBanned, s.clock.Now())
		default:
			s.store.deleteMembership(tx, game, member)
		}
		s.games.memberships.Drop(tx, game)
		return nil
	})
	return err
}

// endMembership ends a membership. Before the launch the seat is free again and the
// name released; from then on the race stays, and is banished with its member
// when that one is blocked or gone.
func (s *Service) endMembership(ctx context.Context, tx *pg.Tx, g *Game, m Membership, status, reason string) error {
	s.store.endMembership(tx, g.ID, m.UserID, status, reason, s.clock.Now())
	s.games.memberships.Drop(tx, g.ID)
	if m.Status == Active {
		g.SeatsTaken--
		s.games.save(tx, g)
	}
	if g.Launched() && !g.State.Terminal() {
		c := Change{Game: *g, Event: EventSeatLeft}
		m.Status, m.Reason = status, reason
		if cause := m.BanishCause(); cause != "" {
			c.Event, c.Blocked = EventRaceBlocked, &BlockedRace{RaceName: m.RaceName, Cause: cause}
		}
		if err := s.announce(ctx, tx, c); err != nil {
			return err
		}
	}
	return s.names.ReleaseReserved(ctx, tx, []uuid.UUID{g.ID}, &m.UserID)
}
