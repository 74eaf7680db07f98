package lobby

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

const selectExport = `SELECT jsonb_build_object(
	'applications', (SELECT coalesce(jsonb_agg(jsonb_build_object('application_id', application_id, 'game_id', game_id, 'race_name', race_name,
		'message', message, 'state', state, 'reason', reason, 'created_at', created_at) ORDER BY application_id), '[]') FROM applications WHERE user_id = $1),
	'invites', (SELECT coalesce(jsonb_agg(jsonb_build_object('invite_id', invite_id, 'game_id', game_id, 'sent', inviter_id = $1,
		'message', message, 'state', state, 'reason', reason, 'created_at', created_at) ORDER BY invite_id), '[]')
		FROM invites WHERE user_id = $1 OR inviter_id = $1))`

func (store) export(ctx context.Context, q pg.Querier, user uuid.UUID) (json.RawMessage, error) {
	return pg.Get[json.RawMessage](ctx, q, selectExport, user)
}

const countPending = `SELECT count(*) FROM applications WHERE user_id = $1 AND state = 'pending'`

func (store) countPending(ctx context.Context, q pg.Querier, user uuid.UUID) (int, error) {
	return pg.Get[int](ctx, q, countPending, user)
}
