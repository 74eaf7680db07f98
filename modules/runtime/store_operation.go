package runtime

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
)

const operationColumns = `
SELECT operation_id, game_id, kind, source, actor, request_id, generation, status, error_code, error_message, created_at, started_at, finished_at
FROM runtime_operations`

const supersedeOperation = `
UPDATE runtime_operations SET status = 'superseded', finished_at = $2 WHERE game_id = $1 AND status IN ('queued', 'running')`

const insertOperation = `
INSERT INTO runtime_operations (operation_id, game_id, kind, source, actor, request_id, generation, status, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'queued', $8)`

// insertOperation makes o the operation of its game that is under way.
func (store) insertOperation(tx *pg.Tx, o Operation) {
	tx.Queue(supersedeOperation, o.GameID, o.CreatedAt)
	tx.Queue(insertOperation, o.ID, o.GameID, o.Kind, o.Source, o.Actor, o.RequestID, o.Generation, o.CreatedAt)
}

const beginOperations = `
UPDATE runtime_operations SET status = 'running', started_at = $2 WHERE game_id = ANY($1) AND status = 'queued'`

func (store) beginOperations(tx *pg.Tx, games []uuid.UUID, now time.Time) {
	tx.Queue(beginOperations, games, now)
}

const requeueOperation = `
UPDATE runtime_operations SET status = 'queued', started_at = NULL WHERE game_id = $1 AND status = 'running'
  AND EXISTS (SELECT FROM runtime_records WHERE game_id = $1 AND claim_token = $2)`

// requeueOperation says that nothing can be done about the game's request for
// now. Only who holds the claim can know.
func (store) requeueOperation(tx *pg.Tx, c outbox.Claim) { tx.Queue(requeueOperation, c.Key, c.Token) }

const endOperation = `
UPDATE runtime_operations SET status = $2, error_code = $3, error_message = $4, started_at = coalesce(started_at, $5), finished_at = $5
WHERE operation_id = $1 AND status IN ('queued', 'running')`

func (store) endOperation(tx *pg.Tx, id uuid.UUID, status OperationStatus, code, message string, now time.Time) {
	tx.Queue(endOperation, id, status, code, message, now)
}

func (store) operation(ctx context.Context, q pg.Querier, id uuid.UUID) (Operation, error) {
	o, err := pg.Get[Operation](ctx, q, operationColumns+` WHERE operation_id = $1`, id)
	if errors.Is(err, pg.ErrNoRows) {
		return Operation{}, ErrOperationNotFound
	}
	return o, err
}

const listOperations = operationColumns + `
WHERE game_id = $1 AND ($2::uuid IS NULL OR operation_id < $2)
ORDER BY operation_id DESC
LIMIT $3`

func (store) operations(ctx context.Context, q pg.Querier, game, before uuid.UUID, limit int) ([]Operation, error) {
	return pg.All[Operation](ctx, q, listOperations, game, orNull(before), limit)
}
