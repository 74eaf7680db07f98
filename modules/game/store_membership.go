package game

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

const membershipColumns = ` game_id, user_id, race_name, status, reason, founding, successor, vacant, offered_at, joined_at, ended_at `

const selectMemberships = `SELECT` + membershipColumns + `FROM memberships WHERE game_id = $1 ORDER BY joined_at, user_id`

// memberships are all memberships of a game, first come first.
func (store) memberships(ctx context.Context, q pg.Querier, game uuid.UUID) ([]Membership, error) {
	return pg.All[Membership](ctx, q, selectMemberships, game)
}

const selectMembershipsOfGames = `SELECT` + membershipColumns + `FROM memberships WHERE game_id = ANY($1) ORDER BY joined_at, user_id`

func (store) membershipsOfGames(ctx context.Context, q pg.Querier, games []uuid.UUID) ([]Membership, error) {
	return pg.All[Membership](ctx, q, selectMembershipsOfGames, games)
}

const selectMembership = `SELECT` + membershipColumns + `FROM memberships WHERE game_id = $1 AND user_id = $2`

// membership reads one membership.
func (store) membership(ctx context.Context, q pg.Querier, game, user uuid.UUID) (Membership, error) {
	s, err := pg.Get[Membership](ctx, q, selectMembership, game, user)
	return s, notFound(err)
}

const insertMembership = `INSERT INTO memberships (game_id, user_id, race_name, status, founding, successor, joined_at)
	VALUES ($1, $2, $3, 'active', $4, $5, $6)`

// insertMembership makes an active membership.
func (store) insertMembership(tx *pg.Tx, m Membership) {
	tx.Queue(insertMembership, m.GameID, m.UserID, m.RaceName, m.Founding, m.Successor, m.JoinedAt)
}

const endMembership = `UPDATE memberships SET status = $3, reason = $4, ended_at = coalesce(ended_at, $5), vacant = false, offered_at = NULL
	WHERE game_id = $1 AND user_id = $2`

// endMembership ends a membership; one that has ended keeps its time.
func (store) endMembership(tx *pg.Tx, game, user uuid.UUID, status, reason string, at time.Time) {
	tx.Queue(endMembership, game, user, status, reason, at)
}

const deleteMembership = `DELETE FROM memberships WHERE game_id = $1 AND user_id = $2`

// deleteMembership deletes a membership.
func (store) deleteMembership(tx *pg.Tx, game, user uuid.UUID) {
	tx.Queue(deleteMembership, game, user)
}

const markFounding = `UPDATE memberships SET founding = true WHERE game_id = $1 AND status = 'active'`

func (store) markFounding(tx *pg.Tx, game uuid.UUID) { tx.Queue(markFounding, game) }

const markVacant = `UPDATE memberships SET vacant = $3, offered_at = CASE WHEN $3 THEN offered_at END
	WHERE game_id = $1 AND race_name = $2 AND status = 'active'`

func (store) markVacant(tx *pg.Tx, game uuid.UUID, race string, vacant bool) {
	tx.Queue(markVacant, game, race, vacant)
}

const markOffered = `UPDATE memberships SET offered_at = $3 WHERE game_id = $1 AND user_id = $2`

// markOffered marks a seat as offered.
func (store) markOffered(tx *pg.Tx, m Membership, at time.Time) {
	tx.Queue(markOffered, m.GameID, m.UserID, at)
}

const selectWasMember = `SELECT EXISTS (SELECT FROM memberships WHERE game_id = $1 AND user_id = $2)`

// wasMember reports whether a user has, or ever had, a membership.
func (store) wasMember(ctx context.Context, q pg.Querier, game, user uuid.UUID) (bool, error) {
	return pg.Get[bool](ctx, q, selectWasMember, game, user)
}

const selectMembershipsOfUser = `SELECT` + membershipColumns + `FROM memberships WHERE user_id = $1 AND game_id < $2 ORDER BY game_id DESC LIMIT $3`

// membershipsOfUser is a page of all memberships of a user, newest game first.
func (store) membershipsOfUser(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int) ([]Membership, error) {
	return pg.All[Membership](ctx, q, selectMembershipsOfUser, user, before, n)
}
