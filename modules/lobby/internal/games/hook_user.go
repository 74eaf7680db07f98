package games

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

// UserHooks is lobby's share in the end of an account, in what is held on a user
// and in what counts against limits.
type UserHooks struct{ *Ledger }

// Name implements the hooks of user.
func (UserHooks) Name() string { return "lobby" }

// Depart implements user.Departure. The account is locked; games are locked by
// id, keys last.
func (h UserHooks) Depart(ctx context.Context, tx *pg.Tx, who uuid.UUID, why user.Reason) error {
	if why == user.Erased {
		return h.Names.Forget(ctx, tx, who, false)
	}
	reason := ReasonDeleted
	if why == user.Blocked {
		reason = ReasonBlocked
	}
	now := h.Clock.Now()
	games, err := h.Store.lockGamesOf(ctx, tx, who)
	if err != nil {
		return err
	}
	h.Store.withdrawAll(tx, who, reason, now)
	h.Store.declineAll(tx, who, reason, now)
	for i := range games {
		if err := h.departFrom(ctx, tx, &games[i], who, reason); err != nil {
			return err
		}
	}
	return h.Names.Forget(ctx, tx, who, why == user.Blocked)
}

// departFrom takes a user out of one game, as a member and as its owner.
func (h UserHooks) departFrom(ctx context.Context, tx *pg.Tx, g *Game, who uuid.UUID, reason string) error {
	seats, err := h.Store.Seats(ctx, tx, g.ID)
	if err != nil {
		return err
	}
	var heir *uuid.UUID
	for _, s := range seats {
		switch {
		case s.Status != Active:
		case s.UserID != who:
			if heir == nil { // first come first: the longest-standing one
				heir = &s.UserID
			}
		default:
			if err := h.Dismiss(ctx, tx, g, s, Removed, reason); err != nil {
				return err
			}
		}
	}
	if !g.Owned(who) {
		return nil
	}
	if heir != nil {
		g.OwnerID = heir
		h.Save(tx, g)
		return nil
	}
	if g.State, err = next(g.State, Cancel, operator); err != nil {
		return err
	}
	return h.cancel(ctx, tx, g, "owner_left", runtime.System)
}

// Export implements user.Export.
func (h UserHooks) Export(ctx context.Context, q pg.Querier, who uuid.UUID) (any, error) {
	return h.Store.export(ctx, q, who)
}

// Usage implements user.Usage.
func (h UserHooks) Usage(ctx context.Context, q pg.Querier, who uuid.UUID) (map[string]int, error) {
	n, err := h.Store.usage(ctx, q, who)
	return map[string]int{
		string(user.OwnedPrivateGames): n.Owned, string(user.ActiveMemberships): n.Active,
		string(user.PendingApplications): n.Pending, string(user.RegisteredRaceNames): n.Registered,
	}, err
}

var (
	_ user.Departure = UserHooks{}
	_ user.Export    = UserHooks{}
	_ user.Usage     = UserHooks{}
)
