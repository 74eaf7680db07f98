package games

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// Filter chooses games of a list. The zero value of a field does not filter.
type Filter struct {
	User       uuid.UUID // whose view; Nil: an operator's, who sees all
	Status     State
	Visibility string
	Query      string // part of the name, whatever the case
	Open       bool   // takes members now
	Before     uuid.UUID
	Limit      int
}

// The conditions every list shares: $1 name, $2 the time at which members have
// to be taken or null, $3 the cursor, $4 the limit. The query is text, not a
// pattern.
const (
	listed = ` AND ($1 = '' OR strpos(lower(g.name), lower($1)) > 0) AND ($2::timestamptz IS NULL OR g.seats_taken < g.max_players AND coalesce(g.enrollment_ends_at > $2, true))
		AND g.game_id < $3 `
	newestFirst = ` ORDER BY g.game_id DESC LIMIT $4`
	mine        = ` g.game_id IN (SELECT game_id FROM games WHERE owner_id = $5
		UNION SELECT game_id FROM memberships WHERE user_id = $5
		UNION SELECT game_id FROM invites WHERE user_id = $5 AND state = 'pending')`
	byState = ` AND g.state = $6 `

	selectPublicGames  = `SELECT` + GameColumns + `FROM games g WHERE g.visibility = 'public' AND g.state <> 'draft' AND $5::uuid IS NOT NULL`
	selectPrivateGames = `SELECT` + GameColumns + `FROM games g WHERE g.visibility = 'private' AND` + mine
	selectAllGames     = `SELECT` + GameColumns + `FROM games g WHERE $5::uuid IS NOT NULL`
	byVisibility       = ` AND g.visibility = $7 `
)

// games is a page of a list, newest first. Each shape is a statement of its own,
// so that the planner can use the index that fits.
func (Store) games(ctx context.Context, q pg.Querier, f Filter, now time.Time) ([]Game, error) {
	var open *time.Time
	conditions := listed
	if f.Open {
		if f.Status != "" && f.Status != EnrollmentOpen {
			return nil, nil // no other state takes members
		}
		f.Status, open = EnrollmentOpen, &now
	}
	args := []any{f.Query, open, UpTo(f.Before), f.Limit, f.User}
	if f.Status != "" {
		conditions += byState
		args = append(args, f.Status)
	}
	if f.User == uuid.Nil {
		if f.Visibility != "" {
			if f.Status == "" {
				args = append(args, nil)
				conditions += ` AND $6::text IS NULL `
			}
			conditions += byVisibility
			args = append(args, f.Visibility)
		}
		return pg.All[Game](ctx, q, selectAllGames+conditions+newestFirst, args...)
	}
	switch f.Visibility {
	case Public:
		return pg.All[Game](ctx, q, selectPublicGames+conditions+newestFirst, args...)
	case Private:
		return pg.All[Game](ctx, q, selectPrivateGames+conditions+newestFirst, args...)
	}
	both := `SELECT g.* FROM ((` + selectPublicGames + conditions + newestFirst + `) UNION ALL (` +
		selectPrivateGames + conditions + newestFirst + `)) g` + newestFirst
	return pg.All[Game](ctx, q, both, args...)
}

const selectMyGames = `SELECT` + GameColumns + `FROM games g WHERE g.game_id IN (
		SELECT game_id FROM games WHERE owner_id = $1
		UNION SELECT game_id FROM memberships WHERE user_id = $1 AND status = 'active')
	AND g.game_id < $2 ORDER BY g.game_id DESC LIMIT $3`

// gamesOf are the games that the user owns or plays, newest first.
func (Store) gamesOf(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int) ([]Game, error) {
	return pg.All[Game](ctx, q, selectMyGames, user, UpTo(before), n)
}

// UpTo is the cursor as a bound: a list without one starts at the newest row.
func UpTo(before uuid.UUID) uuid.UUID {
	if before == uuid.Nil {
		return uuid.Max
	}
	return before
}
