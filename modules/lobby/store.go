package lobby

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/pg"
)

// store is the SQL of the domain.
type store struct{}

// notFound turns a missing row into the domain's own fault.
func notFound(err error) error {
	if errors.Is(err, pg.ErrNoRows) {
		return game.ErrNotFound
	}
	return err
}

// Who is invited or ever applied may know of a private game.
const selectMayKnow = `SELECT EXISTS (SELECT FROM invites WHERE game_id = $1 AND user_id = $2 AND state = 'pending')
	OR EXISTS (SELECT FROM applications WHERE game_id = $1 AND user_id = $2)`

func (store) mayKnow(ctx context.Context, q pg.Querier, game, user uuid.UUID) (bool, error) {
	return pg.Get[bool](ctx, q, selectMayKnow, game, user)
}

// $5 is the viewer.
const (
	selectPublicGames  = `SELECT` + game.Columns + `FROM games g WHERE g.visibility = 'public' AND g.state <> 'draft' AND $5::uuid IS NOT NULL`
	selectPrivateGames = `SELECT` + game.Columns + `FROM games g WHERE g.visibility = 'private'
		AND g.game_id IN (SELECT game_id FROM games WHERE owner_id = $5
			UNION SELECT game_id FROM memberships WHERE user_id = $5
			UNION SELECT game_id FROM invites WHERE user_id = $5 AND state = 'pending')`
	whereState = ` AND g.state = $6 `
)

// visibleGames is a page of the games that a user may know of, newest first. Each
// shape is a statement of its own, so that the planner can use the index that
// fits.
func (store) visibleGames(
	ctx context.Context, q pg.Querier, viewer uuid.UUID, f game.Filter, now time.Time,
) ([]game.Game, error) {
	args, ok := f.ListArgs(now)
	if !ok {
		return nil, nil
	}
	args = append(args, viewer)
	conditions := game.ListConditions
	if f.Status != "" {
		conditions += whereState
		args = append(args, f.Status)
	}
	switch f.Visibility {
	case game.Public:
		return pg.All[game.Game](ctx, q, selectPublicGames+conditions+game.ListOrder, args...)
	case game.Private:
		return pg.All[game.Game](ctx, q, selectPrivateGames+conditions+game.ListOrder, args...)
	}
	both := `SELECT g.* FROM ((` + selectPublicGames + conditions + game.ListOrder + `) UNION ALL (` +
		selectPrivateGames + conditions + game.ListOrder + `)) g` + game.ListOrder
	return pg.All[game.Game](ctx, q, both, args...)
}
