package notification

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

// userHooks is what the domain hangs on users.
type userHooks struct{ service *Service }

func newUserHooks(s *Service) userHooks { return userHooks{s} }

// Name implements user.Departure and user.Export.
func (userHooks) Name() string { return "notification" }

// Depart implements user.Departure: the inbox lasts as long as an account can
// come back.
func (h userHooks) Depart(_ context.Context, tx *pg.Tx, id uuid.UUID, why user.Reason) error {
	if why == user.Erased {
		h.service.store.erase(tx, id)
	}
	return nil
}

// maxExported bounds the inbox in an export; the newest entries come first.
const maxExported = 1000

// Export implements user.Export.
func (h userHooks) Export(ctx context.Context, q pg.Querier, id uuid.UUID) (any, error) {
	items, err := h.service.store.inbox(ctx, q, id, InboxFilter{Limit: maxExported})
	if err != nil {
		return nil, fmt.Errorf("export the inbox: %w", err)
	}
	inbox := make([]itemView, len(items))
	for i, item := range items {
		inbox[i] = itemView(item)
	}
	return map[string]any{"inbox": inbox}, nil
}

// mailHooks reports mail that was given up to operators.
type mailHooks struct{ service *Service }

func newMailHooks(s *Service) mail.Observer { return mailHooks{s} }

// Name implements mail.Observer.
func (mailHooks) Name() string { return "notification" }

// DeadLettered implements mail.Observer. A mail about a dead letter that dies
// itself is not reported: it would never end. A delivery that is sent again and
// dies again is reported again.
func (h mailHooks) DeadLettered(ctx context.Context, tx *pg.Tx, dead mail.DeadLetter) error {
	if dead.Template == string(KindMailDeadLettered) {
		return nil
	}
	return h.service.Submit(ctx, tx, Intent{
		Key:     fmt.Sprintf("%s:%d", dead.DeliveryID, dead.Attempt),
		Payload: MailDeadLettered{DeliveryID: dead.DeliveryID, Template: dead.Template, Reason: dead.Reason},
	})
}
