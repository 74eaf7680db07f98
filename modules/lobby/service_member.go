package lobby

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"galaxy/backend/modules/lobby/internal/games"
	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/pg"
)

// Members are the memberships of a game that the viewer may see, first come
// first. Who left is for those who sat in the game too, unless the seat is on
// offer; why somebody left is between them and the owner.
func (s *Service) Members(ctx context.Context, viewer, game uuid.UUID) ([]Seat, error) {
	g, err := s.View(ctx, viewer, game)
	if err != nil {
		return nil, err
	}
	seats, err := s.Seats(ctx, game)
	if err != nil || g.Owned(viewer) {
		return seats, err
	}
	knows := slices.ContainsFunc(seats, func(x Seat) bool { return x.UserID == viewer })
	shown := make([]Seat, 0, len(seats))
	for _, x := range seats {
		if !knows && x.Status != Active && x.OfferedAt == nil {
			continue
		}
		if x.UserID != viewer {
			x.Reason = ""
		}
		shown = append(shown, x)
	}
	return shown, nil
}

// Leave ends the user's own membership. Ended before, it answers as it did.
func (s *Service) Leave(ctx context.Context, who, game uuid.UUID) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := s.Store.LockGame(ctx, tx, game)
		if err != nil {
			return err
		}
		seat, err := s.Store.Seat(ctx, tx, game, who)
		switch {
		case err != nil || seat.Status == Removed:
			return err
		case seat.Status == Blocked:
			return ErrMembershipEnded.With("status", seat.Status)
		case g.State.Terminal():
			return ErrState.With("state", g.State).With("wanted", Running)
		}
		return s.Dismiss(ctx, tx, &g, seat, Removed, games.ReasonLeft)
	})
}

// Remove ends somebody's membership; the seat is free for somebody else.
func (s *Service) Remove(ctx context.Context, by Actor, game, member uuid.UUID) (Seat, error) {
	return s.end(ctx, by, game, member, Removed, games.ReasonRemoved)
}

// Block bans a member for good, and the race from the game.
func (s *Service) Block(ctx context.Context, by Actor, game, member uuid.UUID) (Seat, error) {
	return s.end(ctx, by, game, member, Blocked, games.ReasonBanned)
}

func (s *Service) end(ctx context.Context, by Actor, game, member uuid.UUID, status, reason string) (Seat, error) {
	var seat Seat
	_, err := s.Change(ctx, by, game, "membership."+status, func(ctx context.Context, tx *pg.Tx, g *Game) error {
		var err error
		if seat, err = s.Store.Seat(ctx, tx, game, member); err != nil || seat.Status == status {
			return err
		}
		switch {
		case g.State.Terminal():
			return ErrState.With("state", g.State).With("wanted", Running)
		case seat.Status == Blocked:
			return ErrMembershipEnded.With("status", seat.Status)
		case seat.Status == Removed && !seat.Free(): // nothing of theirs is left to banish
			return ErrMembershipEnded.With("status", seat.Status)
		}
		if err := s.Dismiss(ctx, tx, g, seat, status, reason); err != nil {
			return err
		}
		kind := notification.KindMembershipRemoved
		if status == Blocked {
			kind = notification.KindMembershipBlocked
		}
		payload := map[string]any{"reason": reason}
		key := fmt.Sprintf("%s:%s:%s:%d", game, member, status, g.Version) // after an unban it may happen again
		if err := s.Tell(ctx, tx, kind, key, *g, []uuid.UUID{member}, payload); err != nil {
			return err
		}
		seat, err = s.Store.Seat(ctx, tx, game, member)
		return err
	})
	return seat, err
}

// Unban lifts a ban. Before the launch the user may apply again; afterwards the
// race is gone, and the membership counts as removed.
func (s *Service) Unban(ctx context.Context, by Actor, game, member uuid.UUID) error {
	_, err := s.Change(ctx, by, game, "membership.unban", func(ctx context.Context, tx *pg.Tx, g *Game) error {
		seat, err := s.Store.Seat(ctx, tx, game, member)
		switch {
		case err != nil:
			return err
		case seat.Status != Blocked:
			return ErrMembershipEnded.With("status", seat.Status)
		case g.Launched():
			s.Store.EndSeat(tx, game, member, Removed, games.ReasonBanned, s.Clock.Now())
		default:
			s.Store.DeleteSeat(tx, game, member)
		}
		s.DropSeats(tx, game)
		return nil
	})
	return err
}

// Offer puts a free seat up for somebody new.
func (s *Service) Offer(ctx context.Context, by Actor, game uuid.UUID, race string) (Seat, error) {
	var seat Seat
	_, err := s.Change(ctx, by, game, "seat.offer", func(ctx context.Context, tx *pg.Tx, g *Game) error {
		var err error
		if seat, err = s.freeSeat(ctx, tx, *g, race); err != nil || seat.OfferedAt != nil {
			return err
		}
		now := s.Clock.Now()
		seat.OfferedAt = &now
		s.Store.MarkOffered(tx, seat, now)
		s.DropSeats(tx, game)
		to, err := s.requests.interested(ctx, tx, game)
		if err != nil {
			return err
		}
		if g.OwnerID != nil && !slices.Contains(to, *g.OwnerID) {
			to = append(to, *g.OwnerID)
		}
		key := "seat:" + game.String() + ":" + race + ":" + now.Format("20060102150405.000000")
		return s.Tell(ctx, tx, notification.KindGameSeatOffered, key, *g, to, map[string]any{"race_name": race})
	})
	return seat, err
}

// freeSeat finds the last holder of a race whose seat nobody fills.
func (s *Service) freeSeat(ctx context.Context, tx *pg.Tx, g Game, race string) (Seat, error) {
	if !g.Launched() || g.State.Terminal() {
		return Seat{}, ErrState.With("state", g.State).With("wanted", Running)
	}
	seats, err := s.Store.Seats(ctx, tx, g.ID)
	if err != nil {
		return Seat{}, err
	}
	last := slices.IndexFunc(seats, func(x Seat) bool {
		return x.RaceName == race && x.Founding && x.Reason != games.ReasonReplaced
	})
	switch {
	case last < 0:
		return Seat{}, ErrNotFound.Saying("the game has no such race")
	case !seats[last].Free():
		return Seat{}, ErrSeatTaken
	}
	return seats[last], nil
}

// Take gives an offered seat to a new member, under the race's label (R15: the
// name is not claimed). Taken before, it answers with the seat, and false.
func (s *Service) Take(ctx context.Context, who, game uuid.UUID, race string) (Seat, bool, error) {
	seat, err := s.succeed(ctx, Actor{User: who}, game, who, func(ctx context.Context, tx *pg.Tx, g Game) (Seat, error) {
		if err := s.Visible(ctx, tx, g, who); err != nil {
			return Seat{}, err
		}
		seat, err := s.freeSeat(ctx, tx, g, race)
		if err == nil && seat.OfferedAt == nil {
			err = ErrSeatNotOffered
		}
		return seat, err
	})
	if !errors.Is(err, ErrSeatTaken) {
		return seat, err == nil, err
	}
	mine, found := s.Store.Seat(ctx, s.DB, game, who)
	if found == nil && mine.Status == Active && mine.Successor && mine.RaceName == race {
		return mine, false, nil
	}
	return seat, false, err
}

// Replace puts somebody into a free seat without an offer.
func (s *Service) Replace(ctx context.Context, by Actor, game, member, successor uuid.UUID) (Seat, error) {
	return s.succeed(ctx, by, game, successor, func(ctx context.Context, tx *pg.Tx, g Game) (Seat, error) {
		old, err := s.Store.Seat(ctx, tx, game, member)
		if err != nil {
			return Seat{}, err
		}
		free, err := s.freeSeat(ctx, tx, g, old.RaceName)
		if err == nil && free.UserID != member { // who gave the name up before it was a race
			err = ErrMembershipEnded.With("status", old.Status)
		}
		return free, err
	})
}

// succeed seats who in the place that choose finds.
func (s *Service) succeed(ctx context.Context, by Actor, game, who uuid.UUID, choose func(context.Context, *pg.Tx, Game) (Seat, error)) (Seat, error) {
	var seat Seat
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		u, refused := s.admit(ctx, tx, who)
		if games.Ours(refused) || refused != nil && by.User == who {
			return refused
		}
		c, err := s.Store.Candidate(ctx, tx, game, who)
		if err != nil {
			return err
		}
		old, err := choose(ctx, tx, c.Game)
		switch {
		case err != nil:
			return err
		case refused != nil:
			return ErrUserUnavailable.Because(refused)
		case c.Membership == Active:
			return ErrAlreadyMember
		case c.Membership == Blocked:
			return ErrMemberBlocked
		case c.Membership == Removed:
			return ErrMemberRemoved
		case c.Active >= u.Limits.ActiveMemberships:
			return ErrMembershipLimit.With("limit", u.Limits.ActiveMemberships)
		}
		s.Store.EndSeat(tx, game, old.UserID, Removed, games.ReasonReplaced, s.Clock.Now())
		if old.Status != Active {
			c.SeatsTaken++
		}
		s.Save(tx, &c.Game)
		seat = Seat{GameID: game, UserID: who, RaceName: old.RaceName, Status: Active, Founding: old.Founding, Successor: true, JoinedAt: s.Clock.Now()}
		s.Store.InsertSeat(tx, seat)
		s.requests.redeemed(tx, game, who, s.Clock.Now())
		s.DropSeats(tx, game)
		told := c.Game
		told.Taken = &seat
		if err := s.Announce(ctx, tx, told, games.EventSeatTaken, nil); err != nil {
			return err
		}
		if err := s.Audited(ctx, tx, by, "membership.replace", game, map[string]any{"user_id": old.UserID}, map[string]any{"user_id": who}); err != nil {
			return err
		}
		return s.Names.ReleaseReserved(ctx, tx, []uuid.UUID{game}, &old.UserID)
	})
	return seat, err
}

// MembershipsOf is a page of everything a user ever sat in, newest game first.
func (s *Service) MembershipsOf(ctx context.Context, who, before uuid.UUID, n int) ([]Seat, error) {
	return s.Store.SeatsOfUser(ctx, s.DB, who, before, n)
}
