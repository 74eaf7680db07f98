package lobby

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/pg"
)

// Members are all memberships of a game that the viewer may see, first come
// first.
func (s *Service) Members(ctx context.Context, viewer, game uuid.UUID) ([]Seat, error) {
	if _, err := s.View(ctx, viewer, game); err != nil {
		return nil, err
	}
	return s.Seats(ctx, game)
}

// Leave ends the user's own membership. Ended before, it answers as it did.
func (s *Service) Leave(ctx context.Context, who, game uuid.UUID) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := s.store.lockGame(ctx, tx, game)
		if err != nil {
			return err
		}
		seat, err := s.store.seat(ctx, tx, game, who)
		switch {
		case err != nil || seat.Status == Removed:
			return err
		case seat.Status == Blocked:
			return ErrMembershipEnded.With("status", seat.Status)
		case g.State.Terminal():
			return ErrState.With("state", g.State).With("wanted", Running)
		}
		return s.dismiss(ctx, tx, &g, seat, Removed, reasonLeft)
	})
}

// Remove ends somebody's membership; the seat is free for somebody else.
func (s *Service) Remove(ctx context.Context, by Actor, game, member uuid.UUID) (Seat, error) {
	return s.end(ctx, by, game, member, Removed, reasonRemoved)
}

// Block bans a member for good, and the race from the game.
func (s *Service) Block(ctx context.Context, by Actor, game, member uuid.UUID) (Seat, error) {
	return s.end(ctx, by, game, member, Blocked, reasonBanned)
}

func (s *Service) end(ctx context.Context, by Actor, game, member uuid.UUID, status, reason string) (Seat, error) {
	var seat Seat
	_, err := s.change(ctx, by, game, "membership."+status, func(ctx context.Context, tx *pg.Tx, g *Game) error {
		var err error
		if seat, err = s.store.seat(ctx, tx, game, member); err != nil || seat.Status == status {
			return err
		}
		switch {
		case g.State.Terminal():
			return ErrState.With("state", g.State).With("wanted", Running)
		case seat.Status == Blocked:
			return ErrMembershipEnded.With("status", seat.Status)
		case seat.Status == Removed && (seat.Reason == reasonReplaced || !g.Launched()): // nothing of theirs is left to banish
			return ErrMembershipEnded.With("status", seat.Status)
		}
		if err := s.dismiss(ctx, tx, g, seat, status, reason); err != nil {
			return err
		}
		kind := notification.MembershipRemoved
		if status == Blocked {
			kind = notification.MembershipBlocked
		}
		payload := map[string]any{"reason": reason}
		key := game.String() + ":" + member.String() + ":" + status
		if err := s.tell(ctx, tx, kind, key, *g, []uuid.UUID{member}, payload); err != nil {
			return err
		}
		seat, err = s.store.seat(ctx, tx, game, member)
		return err
	})
	return seat, err
}

// dismiss ends a membership. Before the launch the seat is free again and the
// name released; from then on the race stays, and is banished with its member
// when that one is blocked or gone.
func (l *Ledger) dismiss(ctx context.Context, tx *pg.Tx, g *Game, seat Seat, status, reason string) error {
	l.store.endSeat(tx, g.ID, seat.UserID, status, reason, l.clock.Now())
	l.seats.Drop(tx, g.ID)
	if seat.Status == Active {
		g.SeatsTaken--
		l.save(tx, g)
	}
	if cause := banishes(status, reason); cause != "" && g.Launched() && !g.State.Terminal() {
		told := *g
		told.Blocked = &BlockedRace{RaceName: seat.RaceName, Cause: cause}
		if err := l.announce(ctx, tx, told, EventRaceBlocked, nil); err != nil {
			return err
		}
	}
	return l.names.ReleaseReserved(ctx, tx, []uuid.UUID{g.ID}, &seat.UserID)
}

// banishes is the cause for which a membership that ends takes its race along,
// or empty.
func banishes(status, reason string) string {
	switch {
	case reason == reasonDeleted:
		return CauseDeleted
	case reason == reasonBlocked, status == Blocked:
		return CauseBlocked
	}
	return ""
}

// Unban lifts a ban. Before the launch the user may apply again; afterwards the
// race is gone, and the membership counts as removed.
func (s *Service) Unban(ctx context.Context, by Actor, game, member uuid.UUID) error {
	_, err := s.change(ctx, by, game, "membership.unban", func(ctx context.Context, tx *pg.Tx, g *Game) error {
		seat, err := s.store.seat(ctx, tx, game, member)
		switch {
		case err != nil:
			return err
		case seat.Status != Blocked:
			return ErrMembershipEnded.With("status", seat.Status)
		case g.Launched():
			s.store.endSeat(tx, game, member, Removed, reasonBlocked, s.clock.Now())
		default:
			s.store.deleteSeat(tx, game, member)
		}
		s.seats.Drop(tx, game)
		return nil
	})
	return err
}

// Offer puts a free seat up for somebody new.
func (s *Service) Offer(ctx context.Context, by Actor, game uuid.UUID, race string) (Seat, error) {
	var seat Seat
	_, err := s.change(ctx, by, game, "seat.offer", func(ctx context.Context, tx *pg.Tx, g *Game) error {
		var err error
		if seat, err = s.freeSeat(ctx, tx, *g, race); err != nil || seat.OfferedAt != nil {
			return err
		}
		now := s.clock.Now()
		seat.OfferedAt = &now
		s.store.markOffered(tx, seat, now)
		s.seats.Drop(tx, game)
		to, err := s.store.interested(ctx, tx, game)
		if err != nil {
			return err
		}
		if g.OwnerID != nil && !slices.Contains(to, *g.OwnerID) {
			to = append(to, *g.OwnerID)
		}
		key := "seat:" + game.String() + ":" + race + ":" + now.Format("20060102150405.000000")
		return s.tell(ctx, tx, notification.GameSeatOffered, key, *g, to, map[string]any{"race_name": race})
	})
	return seat, err
}

// freeSeat finds the last holder of a race whose seat nobody fills.
func (s *Service) freeSeat(ctx context.Context, tx *pg.Tx, g Game, race string) (Seat, error) {
	if !g.Launched() || g.State.Terminal() {
		return Seat{}, ErrState.With("state", g.State).With("wanted", Running)
	}
	seats, err := s.store.seats(ctx, tx, g.ID)
	if err != nil {
		return Seat{}, err
	}
	last := slices.IndexFunc(seats, func(x Seat) bool { return x.RaceName == race && x.Reason != reasonReplaced })
	switch {
	case last < 0:
		return Seat{}, ErrNotFound.Saying("the game has no such race")
	case !seats[last].Free():
		return Seat{}, ErrSeatTaken
	}
	return seats[last], nil
}

// Take gives an offered seat to a new member, under the race's label (R15: the
// name is not claimed).
func (s *Service) Take(ctx context.Context, who, game uuid.UUID, race string) (Seat, error) {
	return s.succeed(ctx, Actor{User: who}, game, who, func(ctx context.Context, tx *pg.Tx, g Game) (Seat, error) {
		if err := s.visible(ctx, tx, g, who); err != nil {
			return Seat{}, err
		}
		seat, err := s.freeSeat(ctx, tx, g, race)
		if err == nil && seat.OfferedAt == nil {
			err = ErrSeatNotOffered
		}
		return seat, err
	})
}

// Replace puts somebody into a free seat without an offer.
func (s *Service) Replace(ctx context.Context, by Actor, game, member, successor uuid.UUID) (Seat, error) {
	return s.succeed(ctx, by, game, successor, func(ctx context.Context, tx *pg.Tx, g Game) (Seat, error) {
		old, err := s.store.seat(ctx, tx, game, member)
		if err != nil {
			return Seat{}, err
		}
		return s.freeSeat(ctx, tx, g, old.RaceName)
	})
}

// succeed seats who in the place that choose finds.
func (s *Service) succeed(ctx context.Context, by Actor, game, who uuid.UUID, choose func(context.Context, *pg.Tx, Game) (Seat, error)) (Seat, error) {
	var seat Seat
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		u, err := s.admit(ctx, tx, who)
		if err != nil {
			return err
		}
		c, err := s.store.candidate(ctx, tx, game, who)
		if err != nil {
			return err
		}
		old, err := choose(ctx, tx, c.Game)
		switch {
		case err != nil:
			return err
		case c.Membership == Active:
			return ErrAlreadyMember
		case c.Membership == Blocked:
			return ErrMemberBlocked
		case c.Membership == Removed:
			return ErrMemberRemoved
		case c.Active >= u.Limits.ActiveMemberships:
			return ErrMembershipLimit.With("limit", u.Limits.ActiveMemberships)
		}
		s.store.endSeat(tx, game, old.UserID, Removed, reasonReplaced, s.clock.Now())
		if old.Status != Active {
			c.SeatsTaken++
		}
		s.save(tx, &c.Game)
		seat = Seat{GameID: game, UserID: who, RaceName: old.RaceName, Status: Active, Founding: old.Founding, Successor: true, JoinedAt: s.clock.Now()}
		s.store.insertSeat(tx, seat)
		s.seats.Drop(tx, game)
		if err := s.audited(ctx, tx, by, "membership.replace", game, old.UserID, who); err != nil {
			return err
		}
		return s.names.ReleaseReserved(ctx, tx, []uuid.UUID{game}, &old.UserID)
	})
	return seat, err
}

// MembershipsOf is a page of everything a user ever sat in, newest game first.
func (s *Service) MembershipsOf(ctx context.Context, who, before uuid.UUID, n int) ([]Seat, error) {
	return s.store.seatsOfUser(ctx, s.db, who, before, n)
}
