package games

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// request is an application or an invite that is settled with its game or user.
type request struct {
	ID     uuid.UUID `db:"request_id"`
	UserID uuid.UUID `db:"user_id"`
}

const rejectAll = `UPDATE applications SET state = 'rejected', reason = $2, decided_at = $3 WHERE game_id = $1 AND state = 'pending'
	RETURNING application_id AS request_id, user_id`

func (Store) rejectAll(ctx context.Context, tx *pg.Tx, game uuid.UUID, reason string, at time.Time) ([]request, error) {
	return pg.All[request](ctx, tx, rejectAll, game, reason, at)
}

const withdrawAll = `UPDATE applications SET state = 'withdrawn', reason = $2, decided_at = $3 WHERE user_id = $1 AND state = 'pending'`

func (Store) withdrawAll(tx *pg.Tx, user uuid.UUID, reason string, at time.Time) {
	tx.Queue(withdrawAll, user, reason, at)
}

const revokeAll = `UPDATE invites SET state = 'revoked', reason = $2, decided_at = $3 WHERE game_id = $1 AND state = 'pending'
	RETURNING invite_id AS request_id, user_id`

func (Store) revokeAll(ctx context.Context, tx *pg.Tx, game uuid.UUID, reason string, at time.Time) ([]request, error) {
	return pg.All[request](ctx, tx, revokeAll, game, reason, at)
}

const declineAll = `UPDATE invites SET state = 'declined', reason = $2, decided_at = $3 WHERE user_id = $1 AND state = 'pending'`

func (Store) declineAll(tx *pg.Tx, user uuid.UUID, reason string, at time.Time) {
	tx.Queue(declineAll, user, reason, at)
}
