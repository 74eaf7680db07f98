package geo

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

// userHooks takes part in the departure and the export of users.
type userHooks struct{ service *Service }

// Name implements user.Departure and user.Export.
func (userHooks) Name() string { return "geo" }

// Depart implements user.Departure. Counters are kept as long as the account can
// be restored.
func (h userHooks) Depart(_ context.Context, tx *pg.Tx, id uuid.UUID, why user.Reason) error {
	if why == user.Erased {
		h.service.erasures.add(id, h.service.clock.Now())
		h.service.store.deleteCounters(tx, id)
		tx.OnCommit(func() { h.service.buffer.dropUser(id) })
	}
	return nil
}

// Export implements user.Export.
func (h userHooks) Export(ctx context.Context, q pg.Querier, id uuid.UUID) (any, error) {
	counters, err := h.service.store.counters(ctx, q, id)
	return map[string]any{"country_counters": counters}, err
}
