package lobby

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/pg"
)

// eligibility is what decides whether a user may become a member. The account is
// locked, so its counts can only fall.
type eligibility struct {
	Membership string `db:"eligibility_membership"` // a status, or empty
	Invited    bool   `db:"eligibility_invited"`
	Active     int    `db:"eligibility_active"`  // memberships in live games
	Pending    int    `db:"eligibility_pending"` // applications
}

// eligibilityColumns is what an eligibility is read from: of the game g and of the
// user who.user_id.
const eligibilityColumns = `, coalesce((SELECT m.status FROM memberships m WHERE m.game_id = g.game_id AND m.user_id = who.user_id), '') AS eligibility_membership,
	EXISTS (SELECT FROM invites i WHERE i.game_id = g.game_id AND i.user_id = who.user_id AND i.state = 'pending') AS eligibility_invited,
	(SELECT count(*) FROM memberships m JOIN games l USING (game_id)
		WHERE m.user_id = who.user_id AND m.status = 'active' AND l.state NOT IN ('finished', 'cancelled')) AS eligibility_active,
	(SELECT count(*) FROM applications a WHERE a.user_id = who.user_id AND a.state = 'pending') AS eligibility_pending`

// candidate is a locked game and whether a user may become a member of it.
type candidate struct {
	game.Game
	eligibility
}

// Locks the game. Nothing of the eligibility needs to be newer than the lock: what
// others can change about it meanwhile refuses either way.
const selectCandidate = `SELECT` + game.Columns + eligibilityColumns + `
	FROM games g CROSS JOIN (SELECT $2::uuid AS user_id) who WHERE g.game_id = $1 FOR UPDATE OF g`

// candidate locks a game and reads whether a user may become a member of it.
func (store) candidate(ctx context.Context, tx *pg.Tx, game, user uuid.UUID) (candidate, error) {
	c, err := pg.Get[candidate](ctx, tx, selectCandidate, game, user)
	return c, notFound(err)
}

// Locks the game and the invite: what is read of either is not older.
const selectInvited = `SELECT` + game.Columns + eligibilityColumns + `, who.user_id AS who_user_id, who.state AS who_state, who.expires_at AS who_expires_at
	FROM games g JOIN invites who ON who.game_id = g.game_id WHERE who.invite_id = $1 FOR UPDATE OF g, who`

type invitedRow struct {
	candidate
	WhoUserID    uuid.UUID `db:"who_user_id"`
	WhoState     string    `db:"who_state"`
	WhoExpiresAt time.Time `db:"who_expires_at"`
}

// invited is the candidate whom an invite names, and of the invite what decides.
func (store) invited(ctx context.Context, tx *pg.Tx, id uuid.UUID) (candidate, Invite, error) {
	r, err := pg.Get[invitedRow](ctx, tx, selectInvited, id)
	i := Invite{ID: id, GameID: r.ID, UserID: r.WhoUserID, State: r.WhoState, ExpiresAt: r.WhoExpiresAt}
	return r.candidate, i, notFound(err)
}
