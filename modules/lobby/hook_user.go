package lobby

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

// userHooks is lobby's share in the end of an account, in what is held on a user
// and in what counts against limits.
type userHooks struct{ *Ledger }

// Name implements the hooks of user.
func (userHooks) Name() string { return "lobby" }

// Depart implements user.Departure. The account is locked; games are locked by
// id, keys last.
func (h userHooks) Depart(ctx context.Context, tx *pg.Tx, who uuid.UUID, why user.Reason) error {
	if why == user.Erased {
		return h.names.Forget(ctx, tx, who, false)
	}
	reason := reasonDeleted
	if why == user.Blocked {
		reason = reasonBlocked
	}
	now := h.clock.Now()
	games, err := h.store.lockGamesOf(ctx, tx, who)
	if err != nil {
		return err
	}
	h.store.withdrawAll(tx, who, reason, now)
	h.store.declineAll(tx, who, reason, now)
	for i := range games {
		if err := h.departFrom(ctx, tx, &games[i], who, reason); err != nil {
			return err
		}
	}
	return h.names.Forget(ctx, tx, who, why == user.Blocked)
}

// departFrom takes a user out of one game, as a member and as its owner.
func (h userHooks) departFrom(ctx context.Context, tx *pg.Tx, g *Game, who uuid.UUID, reason string) error {
	seats, err := h.store.seats(ctx, tx, g.ID)
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
			if err := h.dismiss(ctx, tx, g, s, Removed, reason); err != nil {
				return err
			}
		}
	}
	if !g.Owned(who) {
		return nil
	}
	if heir != nil {
		g.OwnerID = heir
		h.save(tx, g)
		return nil
	}
	if g.State, err = next(g.State, Cancel, operator); err != nil {
		return err
	}
	return h.cancel(ctx, tx, g, "owner_left", runtime.System)
}

// Export implements user.Export.
func (h userHooks) Export(ctx context.Context, q pg.Querier, who uuid.UUID) (any, error) {
	return h.store.export(ctx, q, who)
}

// Usage implements user.Usage.
func (h userHooks) Usage(ctx context.Context, q pg.Querier, who uuid.UUID) (map[string]int, error) {
	n, err := h.store.usage(ctx, q, who)
	return map[string]int{
		string(user.OwnedPrivateGames): n.Owned, string(user.ActiveMemberships): n.Active,
		string(user.PendingApplications): n.Pending, string(user.RegisteredRaceNames): n.Registered,
	}, err
}

var (
	_ user.Departure = userHooks{}
	_ user.Export    = userHooks{}
	_ user.Usage     = userHooks{}
)
