package user

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

const noteColumns = `SELECT note_id, user_id, actor, text, created_at, idempotency_key, request_hash FROM account_notes`

const insertNote = `
INSERT INTO account_notes (note_id, user_id, actor, text, created_at, idempotency_key, request_hash) VALUES ($1, $2, $3, $4, $5, $6, $7)`

func (store) insertNote(tx *pg.Tx, n Note) {
	tx.Queue(insertNote, n.ID, n.UserID, n.Actor, n.Text, n.CreatedAt, n.Key, n.Hash)
}

const listNotes = noteColumns + `
 WHERE user_id = $1 AND ($2::uuid IS NULL OR note_id < $2) ORDER BY note_id DESC LIMIT $3`

func (store) notes(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int) ([]Note, error) {
	return pg.All[Note](ctx, q, listNotes, user, nullableID(before), n)
}

func (store) noteByKey(ctx context.Context, q pg.Querier, actor, key string) (Note, error) {
	return pg.Get[Note](ctx, q, noteColumns+` WHERE actor = $1 AND idempotency_key = $2`, actor, key)
}
