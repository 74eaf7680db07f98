package auth

import (
	"context"
	"time"

	"galaxy/backend/platform/pg"
)

type store struct{}

const insertCodeKey = `INSERT INTO auth_keys (code_key, made_at) VALUES ($1, $2) ON CONFLICT (only_row) DO NOTHING`

// insertCodeKey stores the key of the code MACs unless there is one.
func (store) insertCodeKey(tx *pg.Tx, key []byte, now time.Time) { tx.Queue(insertCodeKey, key, now) }

// codeKey returns the stored key of the code MACs, or nil.
func (store) codeKey(ctx context.Context, q pg.Querier) ([]byte, error) {
	keys, err := pg.All[[]byte](ctx, q, `SELECT code_key FROM auth_keys`)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	return keys[0], nil
}
