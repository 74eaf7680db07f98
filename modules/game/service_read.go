package game

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// Show is a game that the user may know of, else ErrNotFound.
func (s *Service) Show(ctx context.Context, viewer, id uuid.UUID) (Game, error) {
	g, err := s.games.Game(ctx, id)
	if err != nil {
		return g, err
	}
	return g, s.CheckVisible(ctx, s.db, g, viewer)
}

// List is a page of all games, newest first.
func (s *Service) List(ctx context.Context, f Filter) ([]Game, error) {
	return s.store.all(ctx, s.db, f, s.clock.Now())
}

// GamesOf is a page of the games that the user owns or plays, with what is expected.
func (s *Service) GamesOf(ctx context.Context, id, before uuid.UUID, n int) ([]Game, map[uuid.UUID]Expect, error) {
	mine, err := s.store.gamesOf(ctx, s.db, id, before, n)
	if err != nil {
		return nil, nil, err
	}
	var running []uuid.UUID
	for _, g := range mine {
		if g.State == Running || g.State == Paused {
			running = append(running, g.ID)
		}
	}
	expected := map[uuid.UUID]Expect{}
	if len(running) == 0 {
		return mine, expected, nil
	}
	for _, e := range s.hooks.Expectations {
		part, err := e.Expected(ctx, id, running)
		if err != nil {
			return nil, nil, err
		}
		for game, x := range part {
			expected[game] = x
		}
	}
	return mine, expected, nil
}

// CheckManager returns nil when the actor manages the game: its owner, or an
// operator. Others get ErrNotOwner, or ErrNotFound when they may not even know of
// the game.
func (s *Service) CheckManager(ctx context.Context, q pg.Querier, by Actor, g Game) error {
	if by.rank() == operator || g.OwnedBy(by.User) {
		return nil
	}
	if err := s.CheckVisible(ctx, q, g, by.User); err != nil {
		return err
	}
	return ErrNotOwner
}

// CheckVisible is ErrNotFound for a game that the user may not know of.
func (s *Service) CheckVisible(ctx context.Context, q pg.Querier, g Game, user uuid.UUID) error {
	switch {
	case g.OwnedBy(user), g.Visibility == Public && g.State != Draft:
		return nil
	case g.Visibility == Private && g.JoinPolicy == PolicyApplication && g.State == EnrollmentOpen:
		return nil
	case g.Visibility == Public:
		return ErrNotFound
	}
	known, err := s.store.wasMember(ctx, q, g.ID, user)
	for _, h := range s.hooks.Access {
		if err != nil || known {
			break
		}
		known, err = h.MayKnow(ctx, q, g.ID, user)
	}
	if err == nil && !known {
		err = ErrNotFound
	}
	return err
}

// Members are the memberships of a game that the viewer may see, first come
// first. Who left is shown to members, past ones too, unless the seat is on offer;
// why somebody left, to the owner and to themselves.
func (s *Service) Members(ctx context.Context, viewer, game uuid.UUID) ([]Membership, error) {
	g, err := s.Show(ctx, viewer, game)
	if err != nil {
		return nil, err
	}
	members, err := s.games.Memberships(ctx, game)
	if err != nil || g.OwnedBy(viewer) {
		return members, err
	}
	wasMember := slices.ContainsFunc(members, func(m Membership) bool { return m.UserID == viewer })
	shown := make([]Membership, 0, len(members))
	for _, m := range members {
		if !wasMember && m.Status != Active && m.OfferedAt == nil {
			continue
		}
		if m.UserID != viewer {
			m.Reason = ""
		}
		shown = append(shown, m)
	}
	return shown, nil
}

// MembershipsOf is a page of all memberships a user ever had, newest game first,
// below the id before.
func (s *Service) MembershipsOf(ctx context.Context, who, before uuid.UUID, n int) ([]Membership, error) {
	return s.store.membershipsOfUser(ctx, s.db, who, before, n)
}
