package notification

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

type store struct{}

type row struct {
	id        uuid.UUID
	kind      Kind
	key       string
	payload   json.RawMessage
	requestID string
	at        time.Time
}

const insertNotification = `
INSERT INTO notifications (notification_id, kind, idempotency_key, payload, request_id, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT ON CONSTRAINT notifications_key DO NOTHING`

// insert reports whether the key was free. A fresh key is, and costs no round
// trip.
func (store) insert(ctx context.Context, tx *pg.Tx, r row, fresh bool) (bool, error) {
	args := []any{r.id, r.kind, r.key, r.payload, r.requestID, r.at}
	if fresh {
		tx.Queue(insertNotification, args...)
		return true, nil
	}
	n, err := tx.Exec(ctx, insertNotification, args...)
	return n == 1, err
}

const insertRecipients = `
INSERT INTO notification_recipients (user_id, notification_id)
SELECT unnest($2::uuid[]), $1`

const insertRoutes = `
INSERT INTO notification_routes (route_id, notification_id, user_id, channel, status, next_attempt_at, settled_at)
SELECT r.route_id, $1, nullif(r.user_id, '00000000-0000-0000-0000-000000000000'), r.channel, r.status, $6,
       CASE WHEN r.status = 'pending' THEN NULL ELSE $6::timestamptz END
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[]) AS r (route_id, user_id, channel, status)`

func (store) addRoutes(tx *pg.Tx, id uuid.UUID, recipients []uuid.UUID, routes []route, now time.Time) {
	if len(recipients) > 0 {
		tx.Queue(insertRecipients, id, recipients)
	}
	if len(routes) == 0 {
		return
	}
	ids, users := make([]uuid.UUID, len(routes)), make([]uuid.UUID, len(routes))
	channels, states := make([]string, len(routes)), make([]string, len(routes))
	for i, r := range routes {
		ids[i], users[i], channels[i], states[i] = r.id, r.user, string(r.channel), string(r.status)
	}
	tx.Queue(insertRoutes, id, ids, users, channels, states, now)
}

// A malformed intent is kept once per key, so that a producer that repeats it
// fills no table. Without a key repeats cannot be told.
const insertMalformed = `
INSERT INTO notification_malformed (malformed_id, kind, idempotency_key, payload, reason, created_at)
SELECT $1, $2, $3, $4, $5, $6
WHERE $3::text = '' OR NOT EXISTS (SELECT FROM notification_malformed WHERE kind = $2::text AND idempotency_key = $3::text)`

func (store) addMalformed(tx *pg.Tx, id uuid.UUID, r row, reason string) {
	tx.Queue(insertMalformed, id, r.kind, r.key, r.payload, reason, r.at)
}

const listInbox = `
SELECT n.notification_id, n.kind, n.payload, n.created_at, r.read_at
FROM notification_recipients r JOIN notifications n USING (notification_id)
WHERE r.user_id = $1 AND (NOT $2 OR r.read_at IS NULL) AND ($3::uuid IS NULL OR r.notification_id < $3)
ORDER BY r.notification_id DESC
LIMIT $4`

func (store) inbox(ctx context.Context, q pg.Querier, user uuid.UUID, f InboxFilter) ([]InboxItem, error) {
	var cursor any
	if f.Before != uuid.Nil {
		cursor = f.Before
	}
	return pg.All[InboxItem](ctx, q, listInbox, user, f.UnreadOnly, cursor, f.Limit)
}

const countUnread = `SELECT count(*) FROM notification_recipients WHERE user_id = $1 AND read_at IS NULL`

func (store) countUnread(ctx context.Context, q pg.Querier, user uuid.UUID) (int, error) {
	return pg.Get[int](ctx, q, countUnread, user)
}

const markRead = `
UPDATE notification_recipients SET read_at = coalesce(read_at, $3) WHERE user_id = $1 AND notification_id = $2`

// markRead reports whether the user has that notification.
func (store) markRead(ctx context.Context, tx *pg.Tx, user, id uuid.UUID, now time.Time) (bool, error) {
	n, err := tx.Exec(ctx, markRead, user, id, now)
	return n == 1, err
}

const markAllRead = `UPDATE notification_recipients SET read_at = $2 WHERE user_id = $1 AND read_at IS NULL`

func (store) markAllRead(tx *pg.Tx, user uuid.UUID, now time.Time) { tx.Queue(markAllRead, user, now) }

const eraseRoutes = `
DELETE FROM notification_routes t USING notification_recipients r
WHERE r.user_id = $1 AND t.notification_id = r.notification_id AND t.user_id = $1`

const eraseInbox = `DELETE FROM notification_recipients WHERE user_id = $1`

// erase removes a user's inbox and the routes to them. The notifications stay:
// they say what happened, not to whom.
func (store) erase(tx *pg.Tx, user uuid.UUID) {
	tx.Queue(eraseRoutes, user)
	tx.Queue(eraseInbox, user)
}
