package lobby

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/racename"
	"galaxy/backend/modules/racename/spelling"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
)

// Join members the owner of a private game.
func (s *Service) Join(ctx context.Context, who, id uuid.UUID, raceName string) (game.Membership, bool, error) {
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
		c, err := s.store.candidate(ctx, tx, id, who)
		if err != nil {
			return err
		}
		if err := s.managers.CheckManager(ctx, tx, game.Actor{User: who}, c.Game); err != nil {
			return err
		}
		if err := s.checkEligible(c, u); err != nil {
			m, made, err = s.sameSeat(ctx, tx, id, who, name, err)
			return err
		}
		made = true
		m, err = s.members.Enroll(ctx, tx, &c.Game, who, name)
		return err
	})
	return m, made, err
}

// sameSeat answers a repeated wish for a seat with the seat that is there.
func (s *Service) sameSeat(
	ctx context.Context, tx *pg.Tx, id, who uuid.UUID, name spelling.Name, refused error,
) (game.Membership, bool, error) {
	if !errors.Is(refused, ErrAlreadyMember) {
		return game.Membership{}, false, refused
	}
	m, err := s.games.MembershipIn(ctx, tx, id, who)
	if err == nil && m.RaceName != name.Display {
		err = refused
	}
	return m, false, err
}

// Offer puts a free seat up for somebody new.
func (s *Service) Offer(ctx context.Context, by game.Actor, id uuid.UUID, race string) (game.Membership, error) {
	var m game.Membership
	_, err := s.managers.Update(ctx, by, id, "seat.offer", func(ctx context.Context, tx *pg.Tx, g *game.Game) error {
		var err error
		if m, err = s.freeSeat(ctx, tx, *g, race); err != nil || m.OfferedAt != nil {
			return err
		}
		now := s.clock.Now()
		m.OfferedAt = &now
		s.games.SetOffered(tx, m, now)
		to, err := s.store.formerApplicants(ctx, tx, id)
		if err != nil {
			return err
		}
		if g.OwnerID != nil && !slices.Contains(to, *g.OwnerID) {
			to = append(to, *g.OwnerID)
		}
		key := "seat:" + id.String() + ":" + race + ":" + now.Format("20060102150405.000000")
		return s.notify(ctx, tx, key, to, notification.GameSeatOffered{GameRef: g.Ref(), RaceName: race})
	})
	return m, err
}

// freeSeat finds the last holder of a race whose seat nobody fills.
func (s *Service) freeSeat(ctx context.Context, tx *pg.Tx, g game.Game, race string) (game.Membership, error) {
	if !g.Launched() || g.State.Terminal() {
		return game.Membership{}, game.ErrState.With("state", g.State).With("wanted", game.Running)
	}
	members, err := s.games.MembershipsIn(ctx, tx, g.ID)
	if err != nil {
		return game.Membership{}, err
	}
	last := slices.IndexFunc(members, func(m game.Membership) bool {
		return m.RaceName == race && m.Founding && m.Reason != game.ReasonReplaced
	})
	switch {
	case last < 0:
		return game.Membership{}, game.ErrNotFound.Saying("the game has no such race")
	case !members[last].Free():
		return game.Membership{}, ErrSeatTaken
	}
	return members[last], nil
}

// Take gives an offered seat to a new member, under the race's label; the
// race name is not claimed. Taken before, it answers with the seat, and false.
func (s *Service) Take(ctx context.Context, who, id uuid.UUID, race string) (game.Membership, bool, error) {
	m, err := s.replaceMember(ctx, game.Actor{User: who}, id, who, func(ctx context.Context, tx *pg.Tx, g game.Game) (game.Membership, error) {
		if err := s.managers.CheckVisible(ctx, tx, g, who); err != nil {
			return game.Membership{}, err
		}
		m, err := s.freeSeat(ctx, tx, g, race)
		if err == nil && m.OfferedAt == nil {
			err = ErrSeatNotOffered
		}
		return m, err
	})
	if !errors.Is(err, ErrSeatTaken) {
		return m, err == nil, err
	}
	mine, found := s.games.MembershipIn(ctx, s.db, id, who)
	if found == nil && mine.Status == game.Active && mine.Successor && mine.RaceName == race {
		return mine, false, nil
	}
	return m, false, err
}

// Replace puts somebody into a free seat without an offer.
func (s *Service) Replace(
	ctx context.Context, by game.Actor, id, member, successor uuid.UUID,
) (game.Membership, error) {
	return s.replaceMember(ctx, by, id, successor, func(ctx context.Context, tx *pg.Tx, g game.Game) (game.Membership,
		error) {
		old, err := s.games.MembershipIn(ctx, tx, id, member)
		if err != nil {
			return game.Membership{}, err
		}
		free, err := s.freeSeat(ctx, tx, g, old.RaceName)
		if err == nil && free.UserID != member { // who gave the name up before it was a race
			err = game.ErrMembershipEnded.With("status", old.Status)
		}
		return free, err
	})
}

// replaceMember members who in the place that choose finds.
func (s *Service) replaceMember(
	ctx context.Context, by game.Actor, id, who uuid.UUID,
	choose func(context.Context, *pg.Tx, game.Game) (game.Membership, error),
) (game.Membership, error) {
	var m game.Membership
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		u, refused := s.lockEligible(ctx, tx, who)
		if fault.IsInternal(refused) || refused != nil && by.User == who {
			return refused
		}
		c, err := s.store.candidate(ctx, tx, id, who)
		if err != nil {
			return err
		}
		old, err := choose(ctx, tx, c.Game)
		switch {
		case err != nil:
			return err
		case refused != nil:
			return ErrUserUnavailable.Because(refused)
		case c.Membership == game.Active:
			return ErrAlreadyMember
		case c.Membership == game.Blocked:
			return ErrMemberBlocked
		case c.Membership == game.Removed:
			return ErrMemberRemoved
		case c.Active >= u.Limits.ActiveMemberships:
			return ErrMembershipLimit.With("limit", u.Limits.ActiveMemberships)
		}
		s.store.redeemInvites(tx, id, who, s.clock.Now())
		if m, err = s.members.ReplaceMember(ctx, tx, &c.Game, old, who); err != nil {
			return err
		}
		return s.managers.Audit(ctx, tx, by, "membership.replace", id, map[string]any{"user_id": old.UserID}, map[string]any{"user_id": who})
	})
	return m, err
}
