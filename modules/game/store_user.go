package game

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

const selectExport = `SELECT jsonb_build_object(
	'owned_games', (SELECT coalesce(jsonb_agg(jsonb_build_object('game_id', game_id, 'name', name, 'description', description,
		'state', state, 'created_at', created_at) ORDER BY game_id), '[]') FROM games WHERE owner_id = $1),
	'memberships', (SELECT coalesce(jsonb_agg(jsonb_build_object('game_id', game_id, 'race_name', race_name, 'status', status,
		'reason', reason, 'joined_at', joined_at, 'ended_at', ended_at) ORDER BY game_id), '[]') FROM memberships WHERE user_id = $1))`

func (store) export(ctx context.Context, q pg.Querier, user uuid.UUID) (json.RawMessage, error) {
	return pg.Get[json.RawMessage](ctx, q, selectExport, user)
}

const selectUsage = `SELECT
	(SELECT count(*) FROM games WHERE owner_id = $1 AND state NOT IN ('finished', 'cancelled')) AS owned,
	(SELECT count(*) FROM memberships m JOIN games g USING (game_id)
		WHERE m.user_id = $1 AND m.status = 'active' AND g.state NOT IN ('finished', 'cancelled')) AS active`

type usage struct {
	Owned  int `db:"owned"`
	Active int `db:"active"`
}

func (store) usage(ctx context.Context, q pg.Querier, user uuid.UUID) (usage, error) {
	return pg.Get[usage](ctx, q, selectUsage, user)
}
