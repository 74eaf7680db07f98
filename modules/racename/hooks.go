package racename

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

// userHooks is the domain's share in the end of an account, in what is held on a
// user and in what counts against limits.
type userHooks struct{ service *Service }

func newUserHooks(s *Service) userHooks { return userHooks{s} }

// Name implements the hooks of user. Keys are locked after everything that the
// hooks of game and lobby lock, which come before it by name.
func (userHooks) Name() string { return "racename" }

// Depart implements user.Departure.
func (h userHooks) Depart(ctx context.Context, tx *pg.Tx, who uuid.UUID, why user.Reason) error {
	if why == user.Blocked { // registered names stay theirs, and nobody can use them
		return h.service.releaseNamesOf(ctx, tx, who, Reserved, Pending)
	}
	return h.service.releaseNamesOf(ctx, tx, who, Reserved, Pending, Registered)
}

// Export implements user.Export.
func (h userHooks) Export(ctx context.Context, q pg.Querier, who uuid.UUID) (any, error) {
	names, err := h.service.store.export(ctx, q, who)
	return map[string]any{"race_names": names}, err
}

// Usage implements user.Usage.
func (h userHooks) Usage(ctx context.Context, q pg.Querier, who uuid.UUID) (map[string]int, error) {
	n, err := h.service.store.countRegistered(ctx, q, who)
	return map[string]int{string(user.RegisteredRaceNames): n}, err
}

var (
	_ user.Departure = userHooks{}
	_ user.Export    = userHooks{}
	_ user.Usage     = userHooks{}
)
