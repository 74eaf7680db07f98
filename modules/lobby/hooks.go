package lobby

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
)

// hooks is what the domain hangs on users and games. It needs no service: those
// of user and game need the hooks to exist first.
type hooks struct {
	clock    clock.Clock
	store    store
	notifier Notifier
}

func newHooks(clk clock.Clock, n Notifier) hooks { return hooks{clock: clk, notifier: n} }

// Name implements the hooks of user and game. It comes after game's by name,
// which locks the games, and before racename's, which locks name keys.
func (hooks) Name() string { return "lobby" }

// Depart implements user.Departure: requests to join end with the account.
func (h hooks) Depart(_ context.Context, tx *pg.Tx, who uuid.UUID, why user.Reason) error {
	reason := game.ReasonDeleted
	switch why {
	case user.Erased:
		return nil
	case user.Blocked:
		reason = game.ReasonBlocked
	}
	h.store.withdrawAll(tx, who, reason, h.clock.Now())
	h.store.declineAll(tx, who, reason, h.clock.Now())
	return nil
}

// Export implements user.Export.
func (h hooks) Export(ctx context.Context, q pg.Querier, who uuid.UUID) (any, error) {
	return h.store.export(ctx, q, who)
}

// Usage implements user.Usage.
func (h hooks) Usage(ctx context.Context, q pg.Querier, who uuid.UUID) (map[string]int, error) {
	n, err := h.store.countPending(ctx, q, who)
	return map[string]int{string(user.PendingApplications): n}, err
}

// MayKnow implements game.Access.
func (h hooks) MayKnow(ctx context.Context, q pg.Querier, id, user uuid.UUID) (bool, error) {
	return h.store.mayKnow(ctx, q, id, user)
}

// GameChanged implements game.Observer: when a game takes nobody any more, the
// applications and invites that are still open are answered.
func (h hooks) GameChanged(ctx context.Context, tx *pg.Tx, c game.Change) error {
	if c.Event != game.EventEnrollmentEnded {
		return nil
	}
	g, now := c.Game, h.clock.Now()
	applications, err := h.store.rejectAll(ctx, tx, g.ID, c.Reason, now)
	if err != nil {
		return err
	}
	for _, a := range applications {
		err := h.notifier.Submit(ctx, tx, notification.Intent{
			Key: a.ID.String(), Recipients: []uuid.UUID{a.UserID},
			Payload: notification.ApplicationRejected{GameRef: g.Ref(), ApplicationID: a.ID, Reason: c.Reason},
		})
		if err != nil {
			return err
		}
	}
	invites, err := h.store.revokeAll(ctx, tx, g.ID, c.Reason, now)
	if err != nil {
		return err
	}
	for _, i := range invites {
		err := h.notifier.Submit(ctx, tx, notification.Intent{
			Key: i.ID.String(), Recipients: []uuid.UUID{i.UserID},
			Payload: notification.InviteRevoked{GameRef: g.Ref(), InviteID: i.ID},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

var (
	_ user.Departure = hooks{}
	_ user.Export    = hooks{}
	_ user.Usage     = hooks{}
	_ game.Access    = hooks{}
	_ game.Observer  = hooks{}
)
