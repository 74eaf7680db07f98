package game

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

// userHooks is the domain's share in the end of an account, in what is held on a user
// and in what counts against limits.
type userHooks struct{ service *Service }

func newUserHooks(s *Service) userHooks { return userHooks{s} }

// Name implements the hooks of user.
func (userHooks) Name() string { return "game" }

// Depart implements user.Departure. The account is locked; games are locked in
// the order of their ids.
func (h userHooks) Depart(ctx context.Context, tx *pg.Tx, who uuid.UUID, why user.Reason) error {
	if why == user.Erased {
		return nil
	}
	reason := ReasonDeleted
	if why == user.Blocked {
		reason = ReasonBlocked
	}
	games, err := h.service.store.lockGamesOf(ctx, tx, who)
	if err != nil {
		return err
	}
	for i := range games {
		if err := h.leaveGame(ctx, tx, &games[i], who, reason); err != nil {
			return err
		}
	}
	return nil
}

// leaveGame takes a user out of one game, as a member and as its owner.
func (h userHooks) leaveGame(ctx context.Context, tx *pg.Tx, g *Game, who uuid.UUID, reason string) error {
	members, err := h.service.store.memberships(ctx, tx, g.ID)
	if err != nil {
		return err
	}
	var successor *uuid.UUID
	for _, m := range members {
		switch {
		case m.Status != Active:
		case m.UserID != who:
			if successor == nil { // first come first: the longest-standing one
				successor = &m.UserID
			}
		default:
			if err := h.service.endMembership(ctx, tx, g, m, Removed, reason); err != nil {
				return err
			}
		}
	}
	if !g.OwnedBy(who) {
		return nil
	}
	if successor != nil {
		g.OwnerID = successor
		h.service.games.save(tx, g)
		return nil
	}
	if g.State, err = next(g.State, Cancel, operator); err != nil {
		return err
	}
	return h.service.cancel(ctx, tx, g, "owner_left", runtime.System)
}

// Export implements user.Export.
func (h userHooks) Export(ctx context.Context, q pg.Querier, who uuid.UUID) (any, error) {
	return h.service.store.export(ctx, q, who)
}

// Usage implements user.Usage.
func (h userHooks) Usage(ctx context.Context, q pg.Querier, who uuid.UUID) (map[string]int, error) {
	n, err := h.service.store.usage(ctx, q, who)
	return map[string]int{string(user.OwnedPrivateGames): n.Owned, string(user.ActiveMemberships): n.Active}, err
}

var (
	_ user.Departure = userHooks{}
	_ user.Export    = userHooks{}
	_ user.Usage     = userHooks{}
)
