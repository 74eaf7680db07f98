package notification

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
)

// queue is the outbox's view of the routes that become mail.
var queue = outbox.Queue{
	Table:   "notification_routes",
	Key:     "route_id",
	Ready:   "q.status IN ('pending', 'retrying')",
	Busy:    "q.status = 'delivering'",
	Claimed: "status = 'delivering'",
}

// parcel is a claimed route with what it has to say.
type parcel struct {
	outbox.Claim
	RouteID uuid.UUID       `db:"route_id"`
	UserID  *uuid.UUID      `db:"user_id"`
	Channel Channel         `db:"channel"`
	Kind    Kind            `db:"kind"`
	Payload json.RawMessage `db:"payload"`
}

const selectParcels = `
SELECT r.route_id, r.user_id, r.channel, n.kind, n.payload
FROM notification_routes r JOIN notifications n USING (notification_id)
WHERE r.route_id = ANY($1)
ORDER BY r.route_id`

func (store) claim(ctx context.Context, db *pg.DB, now time.Time, n int, lease time.Duration) ([]parcel, error) {
	var parcels []parcel
	claims := map[uuid.UUID]outbox.Claim{}
	_, err := queue.Claim(ctx, db, now, n, lease, func(ctx context.Context, tx *pg.Tx, claimed []outbox.Claim) error {
		ids := make([]uuid.UUID, 0, len(claimed))
		for _, c := range claimed {
			claims[c.Key] = c
			ids = append(ids, c.Key)
		}
		var err error
		parcels, err = pg.All[parcel](ctx, tx, selectParcels, ids)
		return err
	})
	for i := range parcels {
		parcels[i].Claim = claims[parcels[i].RouteID]
	}
	return parcels, err
}

// settleRoute changes nothing when the claim is lost.
const settleRoute = `
UPDATE notification_routes SET status = $3, delivery_id = $4, last_error = $5, next_attempt_at = $6, claim_token = NULL, lease_until = NULL,
       settled_at = CASE WHEN $3 = 'retrying' THEN NULL ELSE $7::timestamptz END
WHERE route_id = $1 AND claim_token = $2 AND status = 'delivering'`

// settlement is what became of a claimed route.
type settlement struct {
	status   RouteStatus
	delivery *uuid.UUID
	reason   *string
	next     time.Time
}

func (store) settle(tx *pg.Tx, p parcel, s settlement, now time.Time) {
	if s.next.IsZero() {
		s.next = now
	}
	tx.Queue(settleRoute, p.RouteID, p.Token, s.status, s.delivery, s.reason, s.next, now)
}
