package game

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// Filter chooses games of a list. The zero value of a field does not filter.
type Filter struct {
	Status     State
	Visibility string
	Query      string    // part of the name, whatever the case
	Open       bool      // takes members now
	Before     uuid.UUID // below this id; uuid.Max at the start
	Limit      int
}

// What lists of games share: $1 part of the name, $2 the time at which members
// have to be taken or null, $3 the cursor, $4 the limit. The query is text, not a
// pattern.
const (
	ListConditions = ` AND ($1 = '' OR strpos(lower(g.name), lower($1)) > 0)
		AND ($2::timestamptz IS NULL OR g.seats_taken < g.max_players AND coalesce(g.enrollment_ends_at > $2, true))
		AND g.game_id < $3 `
	ListOrder = ` ORDER BY g.game_id DESC LIMIT $4`
)

// ListArgs are $1 to $4, with Status as Open narrows it. ok is false when no
// game can match.
func (f *Filter) ListArgs(now time.Time) (args []any, ok bool) {
	var open *time.Time
	if f.Open {
		if f.Status != "" && f.Status != EnrollmentOpen {
			return nil, false // no other state takes members
		}
		f.Status, open = EnrollmentOpen, &now
	}
	return []any{f.Query, open, f.Before, f.Limit}, true
}

const (
	selectAllGames   = `SELECT` + Columns + `FROM games g WHERE true`
	whereState       = ` AND g.state = $5 `
	whereVisibility  = ` AND g.visibility = $5 `
	whereStateAndVis = ` AND g.state = $5 AND g.visibility = $6 `
)

// all is a page of all games, newest first. Each shape is a statement of its own,
// so that the planner can use the index that fits.
func (store) all(ctx context.Context, q pg.Querier, f Filter, now time.Time) ([]Game, error) {
	args, ok := f.ListArgs(now)
	if !ok {
		return nil, nil
	}
	conditions := ""
	switch {
	case f.Status != "" && f.Visibility != "":
		conditions, args = whereStateAndVis, append(args, f.Status, f.Visibility)
	case f.Status != "":
		conditions, args = whereState, append(args, f.Status)
	case f.Visibility != "":
		conditions, args = whereVisibility, append(args, f.Visibility)
	}
	return pg.All[Game](ctx, q, selectAllGames+ListConditions+conditions+ListOrder, args...)
}

const selectMyGames = `SELECT` + Columns + `FROM games g WHERE g.game_id IN (
		SELECT game_id FROM games WHERE owner_id = $1
		UNION SELECT game_id FROM memberships WHERE user_id = $1 AND status = 'active')
	AND g.game_id < $2 ORDER BY g.game_id DESC LIMIT $3`

// gamesOf are the games that the user owns or plays, newest first.
func (store) gamesOf(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int) ([]Game, error) {
	return pg.All[Game](ctx, q, selectMyGames, user, before, n)
}
