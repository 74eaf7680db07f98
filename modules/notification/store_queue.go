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

// claimedRoute is a route that the worker holds, with what it has to say.
type claimedRoute struct {
	outbox.Claim
	RouteID uuid.UUID       `db:"route_id"`
	UserID  *uuid.UUID      `db:"user_id"`
	Channel Channel         `db:"channel"`
	Kind    Kind            `db:"kind"`
	Payload json.RawMessage `db:"payload"`
}

const selectClaimed = `
SELECT r.route_id, r.user_id, r.channel, n.kind, n.payload
FROM notification_routes r JOIN notifications n USING (notification_id)
WHERE r.route_id = ANY($1)
ORDER BY r.route_id`

func (store) claim(ctx context.Context, db *pg.DB, now time.Time, n int, lease time.Duration) ([]claimedRoute, error) {
	var routes []claimedRoute
	claims := map[uuid.UUID]outbox.Claim{}
	_, err := queue.Claim(ctx, db, now, n, lease, func(ctx context.Context, tx *pg.Tx, claimed []outbox.Claim) error {
		ids := make([]uuid.UUID, 0, len(claimed))
		for _, c := range claimed {
			claims[c.Key] = c
			ids = append(ids, c.Key)
		}
		var err error
		routes, err = pg.All[claimedRoute](ctx, tx, selectClaimed, ids)
		return err
	})
	for i := range routes {
		routes[i].Claim = claims[routes[i].RouteID]
	}
	return routes, err
}

// finishRoute changes nothing when the claim is lost.
const finishRoute = `
UPDATE notification_routes SET status = $3, delivery_id = $4, last_error = $5, next_attempt_at = $6,
       claim_token = NULL, lease_until = NULL,
       settled_at = CASE WHEN $3 = 'retrying' THEN NULL ELSE $7::timestamptz END
WHERE route_id = $1 AND claim_token = $2 AND status = 'delivering'`

// routeResult is what became of a claimed route.
type routeResult struct {
	status   RouteStatus
	delivery *uuid.UUID
	reason   *string
	next     time.Time
}

func (store) finish(tx *pg.Tx, r claimedRoute, res routeResult, now time.Time) {
	if res.next.IsZero() {
		res.next = now
	}
	tx.Queue(finishRoute, r.RouteID, r.Token, res.status, res.delivery, res.reason, res.next, now)
}
