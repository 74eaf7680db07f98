package geo

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

// hooks is what the domain hangs on users.
type hooks struct{ service *Service }

// Name implements user.Departure and user.Export.
func (hooks) Name() string { return "geo" }

// Depart implements user.Departure: counters last as long as an account can come
// back.
func (h hooks) Depart(_ context.Context, tx *pg.Tx, id uuid.UUID, why user.Reason) error {
	if why == user.Erased {
		h.service.leaving.add(id, h.service.clock.Now())
		h.service.store.erase(tx, id)
		tx.OnCommit(func() { h.service.buffer.drop(id) })
	}
	return nil
}

// Export implements user.Export.
func (h hooks) Export(ctx context.Context, q pg.Querier, id uuid.UUID) (any, error) {
	counters, err := h.service.store.counters(ctx, q, id)
	return map[string]any{"country_counters": counters}, err
}
