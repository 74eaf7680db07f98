package lobby

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/pg"
)

// The names of the constraints that two requests can run into.
const (
	invitesLive       = "invites_live"
	invitesReplay     = "invites_replay"
	inviteCountsBound = "invite_counts_bound"
)

const inviteColumns = ` i.invite_id, i.game_id, i.user_id, i.inviter_id, i.message, i.state, i.reason, i.request_hash, i.created_at, i.expires_at, i.decided_at,
	(SELECT name FROM games WHERE game_id = i.game_id) AS game_name `

const selectInvite = `SELECT` + inviteColumns + `FROM invites i WHERE i.invite_id = $1`

func (store) invite(ctx context.Context, q pg.Querier, id uuid.UUID) (Invite, error) {
	i, err := pg.Get[Invite](ctx, q, selectInvite, id)
	return i, notFound(err)
}

// As lockApplication; the sweeper skips what is locked.
const lockInvite = selectInvite + ` FOR UPDATE`

func (store) lockInvite(ctx context.Context, tx *pg.Tx, id uuid.UUID) (Invite, error) {
	i, err := pg.Get[Invite](ctx, tx, lockInvite, id)
	return i, notFound(err)
}

const selectEarlierInvite = `SELECT` + inviteColumns + `FROM invites i
	WHERE i.idempotency_key = $1 AND i.inviter_id = $2 OR $1 IS NULL AND i.game_id = $3 AND i.user_id = $4 AND i.state = 'pending'`

// earlierInvite is what an earlier request made: under the same key, or without
// one the live invite of the user to the game.
func (store) earlierInvite(ctx context.Context, q pg.Querier, i Invite, key *string) (Invite, error) {
	i, err := pg.Get[Invite](ctx, q, selectEarlierInvite, key, i.InviterID, i.GameID, i.UserID)
	return i, notFound(err)
}

const insertInvite = `INSERT INTO invites (invite_id, game_id, user_id, inviter_id, message, state, idempotency_key, request_hash, created_at, expires_at)
	VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8, $9)`

// An invite whose time is over makes room for the next one, swept or not.
const expireInvite = `UPDATE invites SET state = 'expired', decided_at = $3 WHERE game_id = $1 AND user_id = $2 AND state = 'pending' AND expires_at <= $3`

// A game sends 500 invites at the most, which the constraint holds.
const countInvite = `INSERT INTO invite_counts (game_id, made) VALUES ($1, 1) ON CONFLICT (game_id) DO UPDATE SET made = invite_counts.made + 1`

func (store) insertInvite(tx *pg.Tx, i Invite, key *string) {
	tx.Queue(expireInvite, i.GameID, i.UserID, i.CreatedAt)
	tx.Queue(insertInvite, i.ID, i.GameID, i.UserID, i.InviterID, i.Message, key, i.Hash, i.CreatedAt, i.ExpiresAt)
	tx.Queue(countInvite, i.GameID)
}

// invitingGame is a locked game with what an invite to it depends on.
type invitingGame struct {
	game.Game
	Membership string `db:"membership"`
	Offered    bool   `db:"offered"` // a seat is
}

const lockInvitingGame = `SELECT` + game.Columns + `,
	coalesce((SELECT m.status FROM memberships m WHERE m.game_id = g.game_id AND m.user_id = $2), '') AS membership,
	EXISTS (SELECT FROM memberships m WHERE m.game_id = g.game_id AND m.offered_at IS NOT NULL) AS offered
	FROM games g WHERE g.game_id = $1 FOR UPDATE OF g`

func (store) lockInvitingGame(ctx context.Context, tx *pg.Tx, game, invitee uuid.UUID) (invitingGame, error) {
	g, err := pg.Get[invitingGame](ctx, tx, lockInvitingGame, game, invitee)
	return g, notFound(err)
}

const decideInvite = `UPDATE invites SET state = $2, reason = $3, decided_at = $4 WHERE invite_id = $1`

func (store) decideInvite(tx *pg.Tx, i Invite) {
	tx.Queue(decideInvite, i.ID, i.State, i.Reason, i.DecidedAt)
}

const redeemInvites = `UPDATE invites SET state = 'redeemed', decided_at = $3 WHERE game_id = $1 AND user_id = $2 AND state = 'pending'`

// redeemInvites notes that a user who was invited has taken a seat another way.
func (store) redeemInvites(tx *pg.Tx, game, user uuid.UUID, now time.Time) {
	tx.Queue(redeemInvites, game, user, now)
}

const selectInvites = `SELECT` + inviteColumns + `FROM invites i WHERE i.game_id = $1 AND i.invite_id < $2 ORDER BY i.invite_id DESC LIMIT $3`

func (store) invites(ctx context.Context, q pg.Querier, game, before uuid.UUID, n int) ([]Invite, error) {
	return pg.All[Invite](ctx, q, selectInvites, game, before, n)
}

const selectMyInvites = `SELECT` + inviteColumns + `FROM invites i WHERE i.user_id = $1 AND i.invite_id < $2 ORDER BY i.invite_id DESC LIMIT $3`

func (store) invitesOf(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int) ([]Invite, error) {
	return pg.All[Invite](ctx, q, selectMyInvites, user, before, n)
}

// Skips what a request is just deciding; its own check of the time decides.
const expireInvites = `UPDATE invites SET state = 'expired', decided_at = $1 WHERE invite_id IN (
	SELECT invite_id FROM invites WHERE state = 'pending' AND expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`

func (store) expireInvites(ctx context.Context, tx *pg.Tx, now time.Time, n int) (int64, error) {
	return tx.Exec(ctx, expireInvites, now, n)
}

const revokeAll = `UPDATE invites SET state = 'revoked', reason = $2, decided_at = $3 WHERE game_id = $1 AND state = 'pending'
	RETURNING invite_id AS request_id, user_id`

func (store) revokeAll(ctx context.Context, tx *pg.Tx, game uuid.UUID, reason string, at time.Time) ([]request, error) {
	return pg.All[request](ctx, tx, revokeAll, game, reason, at)
}

const declineAll = `UPDATE invites SET state = 'declined', reason = $2, decided_at = $3 WHERE user_id = $1 AND state = 'pending'`

func (store) declineAll(tx *pg.Tx, user uuid.UUID, reason string, at time.Time) {
	tx.Queue(declineAll, user, reason, at)
}
