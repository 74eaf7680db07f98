package notification

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

// hooks is what the domain hangs on users.
type hooks struct{ service *Service }

func newHooks(s *Service) hooks { return hooks{s} }

// Name implements user.Departure and user.Export.
func (hooks) Name() string { return "notification" }

// Depart implements user.Departure: the inbox lasts as long as an account can
// come back.
func (h hooks) Depart(_ context.Context, tx *pg.Tx, id uuid.UUID, why user.Reason) error {
	if why == user.Erased {
		h.service.store.erase(tx, id)
	}
	return nil
}

// exported bounds the inbox in an export; the newest entries come first.
const exported = 1000

// Export implements user.Export.
func (h hooks) Export(ctx context.Context, q pg.Querier, id uuid.UUID) (any, error) {
	items, err := h.service.store.inbox(ctx, q, id, false, uuid.Nil, exported)
	inbox := make([]itemView, len(items))
	for i, item := range items {
		inbox[i] = itemView(item)
	}
	return map[string]any{"inbox": inbox}, err
}
