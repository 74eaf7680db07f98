package games

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
		'reason', reason, 'joined_at', joined_at, 'ended_at', ended_at) ORDER BY game_id), '[]') FROM memberships WHERE user_id = $1),
	'applications', (SELECT coalesce(jsonb_agg(jsonb_build_object('application_id', application_id, 'game_id', game_id, 'race_name', race_name,
		'message', message, 'state', state, 'reason', reason, 'created_at', created_at) ORDER BY application_id), '[]') FROM applications WHERE user_id = $1),
	'invites', (SELECT coalesce(jsonb_agg(jsonb_build_object('invite_id', invite_id, 'game_id', game_id, 'sent', inviter_id = $1,
		'message', message, 'state', state, 'reason', reason, 'created_at', created_at) ORDER BY invite_id), '[]')
		FROM invites WHERE user_id = $1 OR inviter_id = $1),
	'race_names', (SELECT coalesce(jsonb_agg(jsonb_build_object('race_name', display, 'state', state, 'game_id', game_id,
		'expires_at', expires_at, 'registered_at', registered_at) ORDER BY race_name_id), '[]') FROM race_names WHERE user_id = $1))`

func (Store) export(ctx context.Context, q pg.Querier, user uuid.UUID) (json.RawMessage, error) {
	return pg.Get[json.RawMessage](ctx, q, selectExport, user)
}

const selectUsage = `SELECT
	(SELECT count(*) FROM games WHERE owner_id = $1 AND state NOT IN ('finished', 'cancelled')) AS owned,
	(SELECT count(*) FROM memberships m JOIN games g USING (game_id)
		WHERE m.user_id = $1 AND m.status = 'active' AND g.state NOT IN ('finished', 'cancelled')) AS active,
	(SELECT count(*) FROM applications WHERE user_id = $1 AND state = 'pending') AS pending,
	(SELECT count(*) FROM race_names WHERE user_id = $1 AND state = 'registered') AS registered`

type usage struct {
	Owned      int `db:"owned"`
	Active     int `db:"active"`
	Pending    int `db:"pending"`
	Registered int `db:"registered"`
}

func (Store) usage(ctx context.Context, q pg.Querier, user uuid.UUID) (usage, error) {
	return pg.Get[usage](ctx, q, selectUsage, user)
}

const selectSeatsOfUser = `SELECT` + seatColumns + `FROM memberships WHERE user_id = $1 AND game_id < $2 ORDER BY game_id DESC LIMIT $3`

// SeatsOfUser is a page of all memberships of a user, newest game first.
func (Store) SeatsOfUser(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int) ([]Seat, error) {
	return pg.All[Seat](ctx, q, selectSeatsOfUser, user, UpTo(before), n)
}
